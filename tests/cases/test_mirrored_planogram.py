"""A planogram was drawn from the other side of the store, so that every shelf scan named the opposite shelf.

Such labels agree with each other: a map fitted to them foresees more of them, and puts everybody at the wrong shelf.
Input: 300 shelf scans whose products lie mirrored in the plan. Right: the stream is named and left aside, no product is
called misplaced, and the map stays as it was.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.positioning.labels.learning import LabelLearning
from engine.records import Fixes, Labels, Scans
from tests.engine.positioning.labels.shop import labels, shop


def test_the_stream_is_named_and_the_map_stays() -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 300, mirrored=True)
    n, n_ap = len(own), radio_map.n_ap
    learning = LabelLearning(plan, cells)
    device, t = own.number.astype(np.uint64) + 1, 1000.0 + 100.0 * np.arange(n)
    learning.set_willing(device)
    nothing = np.full((n, n_ap), np.nan, np.float32)
    level, cov = np.zeros(n, np.int32), np.tile(np.eye(2) * 2.0, (n, 1, 1))
    fixes = Fixes(t, device, level, own.fix_x_m, own.fix_y_m, cov, level + n_ap, np.ones((n, 1), np.float32))
    learning.see(Scans(t, device, own.rssi_dbm, nothing, nothing, 0.0 * own.rssi_dbm), fixes)
    told = Labels(t, device, own.kind, own.product, level, own.x_m, own.y_m, np.zeros(n, np.bool_))
    learning.take(told, "labels/terminal")
    learning.advance(1e6, radio_map)
    learning.learn(radio_map)
    assert learning.lies == {"labels/terminal": "mirrored in x"}
    assert learning.moved == []
    assert learning.correct(radio_map) is radio_map
    honest = LabelLearning(plan, cells)
    honest.set_willing(device)
    honest.see(Scans(t, device, own.rssi_dbm, nothing, nothing, 0.0 * own.rssi_dbm), fixes)
    honest.take(replace(told, x_m=20.0 - own.x_m), "labels/terminal")
    honest.advance(1e6, radio_map)
    honest.learn(radio_map)
    assert honest.lies == {}
    assert honest.verdict.share > 0
