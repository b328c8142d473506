"""Finds a device again whose track went wrong: led astray, or locked in a wrong place.

Scans near in time repeat each other's errors, so each counts for a part of itself (`Belief.trust`). That holds for
who stayed. Somebody who is elsewhere after all is heard at a place of which no error was seen before, so there a scan
counts in full, as a first one does. With `s` the chance that a track is wrong, per second, for all that was believed:

    P(elsewhere | scan) = s mean_c p(z | c) / (s mean_c p(z | c) + (1 - s) sum_c prior(c) p(z | c))

and so much of the posterior is what the scan alone says. Where a track is right that is less than s, as the scan is
foreseen better there than anywhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.positioning.bayes import weigh_readings
from engine.positioning.belief import Belief, Estimate, Quantity
from engine.positioning.measurement.likelihood import cell_likelihood
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.records import F32, F64, Scans

SUSPECT = 1.0  # times better foreseen anywhere than by the track: only such scans are looked at once more
MOST_LOST = 0.2  # however long a device was silent


def find_again(
    site: Site, scans: Scans, belief: Belief, estimate: Estimate, dt: F64, n_cells: int, settings: LocatorSettings
) -> Estimate:
    """The estimate after a belief and scans (n,), `dt` (n,) after those before, 0 of a first one; a part of it anywhere
    in the store, of `n_cells`, as far as the scans say that the tracks are wrong."""
    rows = np.flatnonzero((estimate.even > SUSPECT) & (dt > 0))
    if not len(rows):
        return estimate
    alone = _alone(site, scans.take(rows), belief.take(rows), settings)
    stray = lost_share(dt[rows], settings)
    there = stray * alone.sum(axis=1) / n_cells
    here = (1.0 - stray) * (alone * belief.cells[rows]).sum(axis=1)
    share = (there / np.maximum(there + here, 1e-30)).astype(np.float32)[:, None]
    posterior = estimate.posterior.copy()
    posterior[rows] = (1.0 - share) * posterior[rows] + share * (alone / alone.sum(axis=1, keepdims=True))
    return replace(estimate, posterior=posterior)


def lost_share(dt: F64, settings: LocatorSettings) -> F64:
    """Chance (n,) that a track went wrong within `dt` (n,) seconds."""
    return np.clip(settings.lost_per_s * dt, 0.0, MOST_LOST)


def _alone(site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> F32:
    """Likelihood (n, C) of each scan by itself, in full, at most 1 in a row; silence says nothing here."""
    log = np.zeros((len(scans), len(site.xy)), np.float32)
    for k in weigh_readings(site, scans, belief, settings)[0]:
        expected = site.range if k.quantity == Quantity.RANGE else site.rssi
        log += cell_likelihood(expected, k.z, k.v / belief.trust[:, k.quantity, None], k.offset_var).log
    log -= log.max(axis=1, keepdims=True)
    return np.asarray(np.exp(np.maximum(log, np.float32(-80.0))), dtype=np.float32)
