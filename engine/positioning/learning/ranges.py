"""The bias that all ranges of a store share, from readings without places.

Each scan of four ranges and more tells its place and its own bias; the median over many scans is the store's. One pass
is enough: on measured recordings more moved it by under 0.1 m. What access points differ by is left alone: that cannot
be told from the places.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.fix_points import PlainFixes
from engine.positioning.locator import Locator
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.pathloss import geometry_of
from engine.radio.radiomap import RadioMap
from engine.records import Scans

LEAST_RANGES = 4  # of a scan: two for its place, one for its bias, and one to spare
LEAST_RANGED = 40  # scans
MOST_RANGED = 4096  # of a long recording the newest: more would not move the median
SCANS_AT_ONCE = 256  # bounds the memory of posterior rows
EVERY_SCAN = replace(DEFAULT_SETTINGS, vague_share=np.inf)  # rows of fixes are those of scans


def shared_bias_m(plan: Plan, cells: Cells, radio_map: RadioMap, scans: Scans) -> float | None:
    """By how much the ranges of these scans, in the order of time, come out longer than the distances to where this
    map finds their devices (m); None where too few scans hold enough of them."""
    rows = np.flatnonzero(np.isfinite(scans.range_m).sum(axis=1) >= LEAST_RANGES)[-MOST_RANGED:]
    if len(rows) < LEAST_RANGED:
        return None
    ranged = scans.take(rows)
    locator = Locator(plan, cells, radio_map, settings=EVERY_SCAN)
    parts = [ranged.take(slice(i, i + SCANS_AT_ONCE)) for i in range(0, len(rows), SCANS_AT_ONCE)]
    fixes = PlainFixes.concat([PlainFixes.of(locator.locate(part)) for part in parts])
    error = ranged.range_m - geometry_of(plan, fixes.level, fixes.x_m, fixes.y_m).distance_m.T
    return float(np.median(error[np.isfinite(error)]))
