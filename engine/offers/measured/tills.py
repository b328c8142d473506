"""Who stood at a till, as their whole track tells once they have left: of them no label speaks.

Labels are of people at products. Whoever pays stands for longer than at most shelves, often a step outside of a
campaign's place, and sets it off with a P(place) that labels trust, as at products it is right. The fixes of the whole
stand say where it was better than those of the first seconds, which set off the trigger.
"""

from __future__ import annotations

import numpy as np

from engine.devices import CLOCK_SLACK_S
from engine.records import F32, F64, Bools

WALKS_M_S = 1.0  # past shelves
STANDS_M_S = WALKS_M_S / 4  # slower than that in its calmest dwell, a device stood: fixes of who stands wander, too
LONG_ENOUGH = 0.6  # of a dwell, between the first fix that tells of it and the last
STAND_S = 10.0  # a stand lasts so long at least
LIKELIER = 0.5  # mean P(at a till) over a stand: it was likelier there than anywhere else
COMING_S = 5.0  # before the stand was long enough to be seen as one: whoever sets something off then is coming to pay


def find_stand_at_till(t: F64, xy: F32, tills: F64) -> slice | None:
    """The rows of the last stand of a track that was at a till; None without one. The track's times are `t` (n,), its
    fixes' places `xy` (n, 2) in m, and `tills` (n, J) is P(at each till); a cell near two tills counts for both."""
    if not tills.shape[1] or not len(t):
        return None
    begins = np.searchsorted(t, t - STAND_S - CLOCK_SLACK_S)
    still = _still(t, xy, begins)
    at_any = np.minimum(tills.sum(axis=1), 1.0)
    edges = np.flatnonzero(np.diff(still.astype(np.int8), prepend=0, append=0))
    for first, end in reversed(list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))):
        begin = int(begins[first])
        if float(at_any[begin:end].mean()) >= LIKELIER:
            return slice(begin, end)
    return None


def at_place(tills: F64, within: F64) -> F64:
    """(K,) which share of a stand at tills was at each place: P (n, J) of its fixes at each till, and `within` (J, K)
    the share of the till's surroundings that is of the place. Where in a queue somebody stands no fix tells."""
    mass = tills.sum(axis=0)
    return np.asarray(mass @ within / mass.sum(), np.float64)


def _still(t: F64, xy: F32, begins: np.ndarray) -> Bools:
    """(n,) whether the device stood in the STAND_S up to each row, the way being that of
    `engine.offers.measured.fires.least_way_m`; not where too few fixes tell."""
    rows = np.arange(len(t))
    middle = np.searchsorted(t, (t[begins] + t) / 2, side="right")
    told = (t - t[begins] >= LONG_ENOUGH * STAND_S) & (middle > begins) & (middle <= rows)
    total = np.vstack([np.zeros(2), np.cumsum(xy.astype(np.float64), axis=0)])
    before = (total[middle] - total[begins]) / np.maximum(middle - begins, 1)[:, None]
    after = (total[rows + 1] - total[middle]) / np.maximum(rows + 1 - middle, 1)[:, None]
    return np.asarray(told & (2 * np.hypot(*(after - before).T) <= STANDS_M_S * STAND_S), np.bool_)
