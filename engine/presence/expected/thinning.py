"""Histories of long stays in a coarser grain: whoever is there for hours does not fill memory and checkpoints.

The first MOST_ROWS fixes of a stay are kept as they are: 40 minutes of a phone that is heard every other second. Once
there are so many, each two neighbours become one that stands for the time of both; and so again, as often as there are
so many. So a stay of three hours is known to nine seconds, less than what P(zone) is smoothed over
(`engine.presence.expected.levels`), and takes no more room than one of an hour. What becomes of a stay depends on its
own fixes in their order, and not on when somebody looks.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.records import F64, I64, U64, Bools

MOST_ROWS = 1024
TICKS, SECONDTHS = 100, 16
"""Of a second: times, and the time that fixes stand for, as histories keep them."""
_SLACK_S = 0.1

Held = tuple[U64, I64, I64, sparse.csr_array]
"""Devices, times, the time each fix stands for, and P of zones, tills and the floor between, one row a fix."""


def thin(held: Held) -> Held:
    """The same, sorted by device and time as before, each device's rows fewer than MOST_ROWS where neighbours can be
    joined."""
    stuck: U64 = np.empty(0, np.uint64)
    while True:
        device, start, count = np.unique(held[0], return_index=True, return_counts=True)
        full = (count >= MOST_ROWS) & ~np.isin(device, stuck)
        if not full.any():
            return held
        first = (start[full][:, None] + np.arange(0, MOST_ROWS, 2)).ravel()
        joins = first[_touch(held[1], held[2], first)]
        stuck = np.union1d(stuck, np.setdiff1d(device[full], held[0][joins]))
        if len(joins):
            held = _join(held, joins)


def _touch(t: I64, seconds: I64, first: I64) -> Bools:
    """Where nothing unknown lies between a row and the next: the next one stands for all of the time since."""
    between_s = (t[first + 1] - t[first]) / TICKS
    return np.asarray(between_s <= seconds[first + 1] / SECONDTHS + _SLACK_S, np.bool_)


def _join(held: Held, joins: I64) -> Held:
    """Each of these rows and the one after it as one, at the time of the later: P weighed by what each stands for."""
    device, t, seconds, p = held
    gone = np.zeros(len(t), np.bool_)
    gone[joins] = True
    into = np.cumsum(~gone) - 1
    into[joins] += 1
    added = np.bincount(into, weights=seconds)
    weight: F64 = np.maximum(seconds, 1).astype(np.float64)
    share = (weight / np.bincount(into, weights=weight)[into]).astype(np.float32)
    mean = sparse.csr_array((share, (into, np.arange(len(t)))), shape=(len(added), len(t))) @ p.astype(np.float32)
    mean.data = np.rint(mean.data)
    mean.eliminate_zeros()
    mean.sort_indices()
    return device[~gone], t[~gone], added.astype(np.int64), sparse.csr_array(mean.astype(np.uint8))
