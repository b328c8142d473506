"""How much wider than its posterior a fix is: by how ill the scan fits where it was found, and by how many agree.

A posterior takes the map's spreads and the independence of access points at their word. Both can be asked of the scan
itself. With r_a the residuals at the most likely cell, in sigmas, and w_a how far each reading is believed, the
variance of unit weight, as geodesists have it, shrunk to 1 by as much as PRIOR_FREEDOM readings would weigh:

    f = (PRIOR_FREEDOM + sum w r²) / (PRIOR_FREEDOM + (1 - 2 / n) sum w)

And one body, one heading, one law for all make the errors of access points alike: n of them say no more than
INDEPENDENT do. So the covariance is f max(1, n / INDEPENDENT) times the posterior's.
"""

from __future__ import annotations

import numpy as np

from engine.positioning.bayes import measurements
from engine.positioning.belief import Belief, Estimate, Quantity
from engine.positioning.measurement.likelihood import tail_weights
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.records import F64, Scans

INDEPENDENT = 6.0  # comes out whichever of nine measured sites and two kinds of stores is left out
PRIOR_FREEDOM = 10.0  # 5 to 20 do alike
UNIT = 0.9  # of the posterior's covariance, where a scan fits as the map says: spreads are on the safe side


def widening(site: Site, scans: Scans, belief: Belief, estimate: Estimate, settings: LocatorSettings) -> F64:
    """Times (n,) the covariance of these scans' posteriors that is true."""
    likeliest = estimate.posterior.argmax(axis=1)
    squares, freedom = np.zeros(len(scans)), np.zeros(len(scans))
    for k in measurements(site, scans, belief, settings):
        expected = (site.range if k.quantity == Quantity.RANGE else site.rssi).at(likeliest).thin_out(slice(None))
        shift = (estimate.offset_mean - belief.offset_mean)[:, k.quantity].astype(np.float32)
        residual = (k.z - shift[:, None] - expected.mean.T) * np.sqrt(expected.weight.T)
        weight = tail_weights(residual, residual**2, k.heard, k.dof, k.excess) * k.v / belief.trust[:, k.quantity, None]
        squares += (weight * residual**2).sum(axis=1)
        freedom += np.maximum(1.0 - 2.0 / np.maximum(k.heard.sum(axis=1), 1), 0.0) * weight.sum(axis=1)
    heard = (np.isfinite(scans.rssi_dbm) | np.isfinite(scans.range_m)).sum(axis=1)
    fit = (PRIOR_FREEDOM + squares) / (PRIOR_FREEDOM + freedom)
    return np.asarray(UNIT * fit * np.maximum(heard / INDEPENDENT, 1.0), dtype=np.float64)
