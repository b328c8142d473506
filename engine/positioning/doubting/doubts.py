"""Which access points a device hears wrong, as its scans go on: what the others say of each, and values that never
vary."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.columns import Columns
from engine.plan.model import Plan
from engine.positioning.bayes import exactness, measurements
from engine.positioning.belief import Known, Quantity
from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import floats
from engine.positioning.measurement.contradiction import (
    RANGE_SPAN_M,
    RSSI_SPAN_DB,
    Voices,
    after_evidence,
    after_time,
    contradictions,
    repeats,
)
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.records import F32, F64, Scans

LEAST_AP = 3  # in a scan: of two that contradict each other nobody knows which is right
BAD_SHARE = 0.003  # of access points: blocked, moved, set wrong. Ten times as many changes no site by 2 %
BAD_LASTS_S = 60.0  # until the others' word is forgotten: who hears one badly walks on
STUCK_SHARE = 0.001  # of access points: their value never varies
FAR_NATS = np.float32(np.log(0.5 / 0.01))  # of a range too long for the store: half of a bad one's are, of others 1 %
HERE_M = np.float32(1e-2)  # stands for ranges of 0 m, as 0 is nothing said
BEYOND_M = np.float32(1e6)  # and this for any too long
STUCK_LOG = np.float32(np.log(STUCK_SHARE))
SPAN = {Quantity.RSSI: RSSI_SPAN_DB, Quantity.RANGE: RANGE_SPAN_M}


@dataclass(frozen=True, slots=True)
class Doubts(Columns):
    """Of n devices and A access points: `bad` (n, 2 A) probability that RSSI, then that ranges of each are wrong;
    `run` (n, A) evidence in nats that what it says is stuck, at `last` (n, A): dBm, or metres (above 0) of one that
    tells no level, 0 when never heard."""

    bad: F32
    run: F32
    last: F32

    @staticmethod
    def none(n: int, n_ap: int) -> Doubts:
        """Of devices never seen."""
        bad = np.full((n, 2 * n_ap), BAD_SHARE, np.float32)
        return Doubts(bad, np.zeros((n, n_ap), np.float32), np.zeros((n, n_ap), np.float32))

    @property
    def stuck(self) -> F32:
        """P(stuck) (n, A)."""
        odds = self.run + np.log(STUCK_SHARE)
        return np.asarray(1.0 / (1.0 + np.exp(-odds)), dtype=np.float32)

    @property
    def believed(self) -> F32:
        """How far each access point's RSSI, then each one's range, is believed (n, 2 A)."""
        out, free, ranged = 1.0 - self.bad, 1.0 - self.stuck, self.last > 0
        n_ap = self.run.shape[1]
        if ranged.any():
            out[:, n_ap:] *= np.where(ranged, free, np.float32(1.0))
            free = np.where(ranged, np.float32(1.0), free)
        out[:, :n_ap] *= free
        return out

    def of_access_points(self, witnesses: int) -> F64:
        """P(wrong) of each access point (A,), RSSI or ranges, the mean over the devices that heard it; NaN where that
        were fewer than `witnesses`."""
        rssi, ranges = np.split(1.0 - self.believed, len(Quantity), axis=1)
        heard = self.last != 0
        total = np.where(heard, np.maximum(rssi, ranges), 0.0).sum(axis=0, dtype=np.float64)
        mean: F64 = np.where(heard.sum(axis=0) >= witnesses, total / np.maximum(heard.sum(axis=0), 1), np.nan)
        return mean


def cross_examine(site: Site, scans: Scans, known: Known, before: Doubts, dt: F64, settings: LocatorSettings) -> Doubts:
    """Doubts after these scans (n,), `dt` (n,) after those before."""
    now, believed = _remember(scans, before, dt)
    _note_far(now, scans)
    many = (np.isfinite(scans.rssi_dbm) | np.isfinite(scans.range_m)).sum(axis=1)
    if len(many) and many.min() >= LEAST_AP:  # as nearly always: nothing is picked
        return replace(now, bad=after_evidence(now.bad, _evidence(site, scans, known, believed, settings)))
    rows = np.flatnonzero(many >= LEAST_AP)
    if len(rows):
        nats = _evidence(site, scans.take(rows), known.take(rows), believed[rows], settings)
        now.bad[rows] = after_evidence(now.bad[rows], nats)
    return now


def _note_far(now: Doubts, scans: Scans) -> None:
    """Doubts who gives ranges that cannot be true in the store, which are infinite: no place need be known for that."""
    far, n_ap = np.isposinf(scans.range_m), scans.range_m.shape[1]
    if far.any():
        now.last[far & (now.last == 0)] = BEYOND_M  # it was heard
        now.bad[:, n_ap:] = after_evidence(now.bad[:, n_ap:], FAR_NATS * far)


def _read_value(scans: Scans, last: F32) -> F32:
    """What each access point says (n, A): a level (dBm) or, where it never told one, a range (m, above 0); NaN where
    neither."""
    ranged = np.isfinite(scans.range_m) & (last >= 0)
    if not ranged.any():
        return scans.rssi_dbm
    ranges = np.where(ranged, np.maximum(scans.range_m, HERE_M), np.float32(np.nan))
    return np.where(np.isfinite(scans.rssi_dbm), scans.rssi_dbm, ranges)


def _remember(scans: Scans, before: Doubts, dt: F64) -> tuple[Doubts, F32]:
    """What is left of doubts when the scans' values came, and how far access points are believed then (n, 2 A)."""
    fast, (n, n_ap), said = kernels(), scans.rssi_dbm.shape, _read_value(scans, before.last)
    if fast is None:
        run = repeats(before.run, said, before.last)
        last = np.where(np.isfinite(said), said, before.last)
        now = Doubts(after_time(before.bad, dt, BAD_SHARE, BAD_LASTS_S), run, last)
        return now, now.believed
    faded, run, last, believed = (np.empty((n, n_ap * times), np.float32) for times in (2, 1, 1, 2))
    keeps = np.exp(-dt / BAD_LASTS_S).astype(np.float32)
    given = floats(before.bad), floats(before.run), floats(before.last), floats(said), keeps
    fast.remember(*given, np.float32(BAD_SHARE), STUCK_LOG, faded, run, last, believed)
    return Doubts(faded, run, last), believed


def _evidence(site: Site, scans: Scans, known: Known, believed: F32, settings: LocatorSettings) -> F32:
    """(n, 2 A) nats, of which scans near in time repeat a part."""
    n_ap = scans.rssi_dbm.shape[1]
    ranged = np.isfinite(scans.range_m).any(axis=1, keepdims=True)
    # beside ranges the weight of RSSI has its map's error already
    exact = (
        np.where(ranged, np.float32(1.0), np.float32(exactness(settings.map_error))),
        np.float32(exactness(settings.range_map_error)),
    )
    everyone = known.belief(np.empty((len(scans), 0), np.float32), np.ones_like(believed))
    everyone = replace(everyone, trust=np.ones_like(known.trust))
    kinds = measurements(site, scans, everyone, settings)
    voices = []
    for k in kinds:
        own = believed[:, k.quantity * n_ap : (k.quantity + 1) * n_ap]
        thin = site.range_thin if k.quantity == Quantity.RANGE else site.rssi_thin
        voices.append(Voices.of(thin, k.z, k.v * exact[k.quantity], own, k.offset_var, SPAN[k.quantity]))
    out, new = np.zeros((len(scans), 2 * n_ap), np.float32), np.minimum(known.trust, np.float32(1.0))
    for k, nats in zip(kinds, contradictions(voices), strict=True):
        out[:, k.quantity * n_ap : (k.quantity + 1) * n_ap] = nats * new[:, k.quantity, None]
    return out


CONTRADICTS = 0.5  # of those who hear an access point: from there on it is named


def contradicting(plan: Plan, distrust: F64) -> dict[str, float]:
    """The access points that are named, by their id: how far those that hear them find that they contradict the others,
    to hundredths. `distrust` (A,) as of `Doubts.of_access_points`."""
    named = np.flatnonzero(np.nan_to_num(distrust) > CONTRADICTS).tolist()
    return {plan.access_points[a].id: round(float(distrust[a]), 2) for a in named}
