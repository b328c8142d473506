"""What walls and shelves really cost, as a few phones tell it where access points do not hear each other.

A plan's losses are guesses by material. Where they are wrong all alike (shelves of crisps taken for shelves of tins)
one number mends most of it, and each phone that many access points hear tells it: wherever the phone is, and however
strong, only the right losses leave small residuals. So the scale s is weighed over some candidates by

    log p(s | scans) = sum over phones [mean over scans of log sum over cells p(scan | cell, s)] - (s - 1)² / 2 spread²

with each phone's own power marginalised (`engine.positioning.measurement.likelihood`), one vote a phone however long
it was heard: its scans at one place repeat each other. Exponents are left alone: with few phones they run away.
"""

from __future__ import annotations

import numpy as np

from engine.positioning.learning.tracklets import ScanMemory
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, mean_dbm
from engine.radio.ridge import DEFAULT_RIDGE
from engine.records import F32, F64

LEAST_PHONES = 3  # fewer tell of their owners' bodies
SCANS_OF_A_PHONE = 16
MOST_CELLS = 1000  # cells looked at, evenly out of all
SCALES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)


def likely_loss_scale(geometry: Geometry, p0_dbm: F64, exponent: F64, memory: ScanMemory) -> float | None:
    """The mean of p(s | scans), with power and exponent per access point (A,) and the geometry at the cells (A, C).

    None of fewer than LEAST_PHONES, and where nothing lies between access points and floor.
    """
    thin = _thin_out(geometry)
    phone, rssi_dbm = memory.spread(SCANS_OF_A_PHONE)
    phones, n_scans = np.unique(phone, return_counts=True)
    if len(phones) < LEAST_PHONES or not thin.crossings_db(DEFAULT_PRIOR.tall).any():
        return None
    share = (1.0 / n_scans)[np.searchsorted(phones, phone)]
    spread = DEFAULT_RIDGE.loss_scale
    votes = np.array([float(share @ _foresee(rssi_dbm, mean_dbm(thin, p0_dbm, exponent, s))) for s in SCALES])
    scales = np.array(SCALES)
    score = votes - 0.5 * ((scales - 1.0) / spread) ** 2
    weight = np.exp(score - score.max())
    return float(weight @ scales / weight.sum())


def _thin_out(geometry: Geometry) -> Geometry:
    step = -(-geometry.distance_m.shape[1] // MOST_CELLS)
    g = geometry
    return Geometry(*(a[:, ::step] for a in (g.distance_m, g.walls_db, g.tall_db, g.low_db, g.floors)))


def _foresee(rssi_dbm: F32, mean: F64) -> F64:
    """Log likelihood (n,) of scans (n, A) under a map (A, C), up to what is the same for all maps: the phone anywhere,
    its power N(0, p0_spread_db²)."""
    heard = np.isfinite(rssi_dbm)
    w = heard / DEFAULT_PRIOR.sigma_db**2
    z = np.where(heard, rssi_dbm, 0.0).astype(np.float64)
    first = (w * z).sum(axis=1)[:, None] - w @ mean
    square = (w * z**2).sum(axis=1)[:, None] - 2.0 * (w * z) @ mean + w @ mean**2
    log = -0.5 * (square - first**2 / (w.sum(axis=1) + DEFAULT_PRIOR.p0_spread_db**-2)[:, None])
    top = log.max(axis=1)
    return np.asarray(top + np.log(np.exp(log - top[:, None]).mean(axis=1)), np.float64)
