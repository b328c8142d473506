"""Phones that stand still say where access points hang, of the plan and of none; those that walk, say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ingest.decoders.native import Frame
from engine.ingest.samples import HeardUnknown
from engine.records import Fixes, Readings
from engine.runtime.listening.hanging_points import HangingPoints
from tests.engine.runtime.made import boutique

NOW = 1_800_000_000.0
PLAN = boutique()
LEVEL = PLAN.access_points[0].level
POINTS = [i for i, ap in enumerate(PLAN.access_points) if ap.level == LEVEL]
NAME = "00:00:5e:00:53:ff"


def fixes(x: np.ndarray, y: np.ndarray, t: float, sigma_m: float = 2.0) -> Fixes:
    n = len(x)
    cov = np.tile(np.eye(2) * sigma_m**2 / 2, (n, 1, 1))
    level = np.full(n, PLAN.level_index[LEVEL], np.int32)
    return Fixes(
        np.full(n, t),
        np.arange(n, dtype=np.uint64) + 1,
        level,
        x,
        y,
        cov,
        np.full(n, 3, np.int32),
        np.ones((n, 1), np.float32),
    )


def rssi(x: np.ndarray, y: np.ndarray, at: tuple[float, float]) -> np.ndarray:
    return -40.0 - 23.0 * np.log10(np.maximum(np.sqrt((x - at[0]) ** 2 + (y - at[1]) ** 2 + 1.5**2), 1.0))


def heard(ap: int, level_dbm: np.ndarray) -> Frame:
    n = len(level_dbm)
    nan = np.full(n, np.nan, np.float32)
    device = np.arange(n, dtype=np.uint64) + 1
    readings = Readings(np.full(n, NOW), device, np.full(n, ap, np.int32), level_dbm.astype(np.float32), nan, nan)
    return Frame("boutique", "c1", NOW, NOW, readings, Readings.empty(), {})


def told(points: HangingPoints) -> dict:
    for _ in range(len(PLAN.access_points) + 1):
        points.look()
    return points.as_json()


def standing(points: HangingPoints, step_m: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(5)
    low_x, low_y, high_x, high_y = next(v for v in PLAN.levels if v.id == LEVEL).polygon.bounds
    x, y = chance.uniform(low_x, high_x, 200), chance.uniform(low_y, high_y, 200)
    points.stand(fixes(x, y, NOW - 1.0), NOW - 1.0)
    points.stand(fixes(x + step_m, y, NOW), NOW)
    return x + step_m, y


def test_one_that_hangs_elsewhere_and_one_of_no_plan() -> None:
    points = HangingPoints(PLAN)
    x, y = standing(points)
    moved, right = POINTS[0], POINTS[1]
    ap, other = PLAN.access_points[moved], PLAN.access_points[right]
    elsewhere = (ap.x_m + 7.0, ap.y_m) if ap.x_m + 7.0 < x.max() else (ap.x_m - 7.0, ap.y_m)
    points.hear([heard(moved, rssi(x, y, elsewhere)), heard(right, rssi(x, y, (other.x_m, other.y_m)))] * 3)
    hidden = (float(np.median(x)), float(np.median(y)))
    for _ in range(3):
        points.hear_unknown(HeardUnknown([NAME] * len(x), np.arange(len(x), dtype=np.uint64) + 1, rssi(x, y, hidden)))
    said = told(points)
    assert said["seem"][moved][4:] == [pytest.approx(7.0, abs=1.5), True]
    assert said["seem"][right][-1] is False
    assert said["unknown"][NAME]["seems"][:2] == [LEVEL, pytest.approx(hidden[0], abs=1.5)]
    assert said["unknown"][NAME]["mean_dbm"] == pytest.approx(float(rssi(x, y, hidden).mean()), abs=0.1)


def test_those_who_walk_say_nothing_nor_those_who_are_gone() -> None:
    walking, gone, renamed = HangingPoints(PLAN), HangingPoints(PLAN), HangingPoints(PLAN)
    x, y = standing(walking, step_m=3.0)
    standing(gone)
    gone.forget(range(1, 300))
    standing(renamed)
    renamed.rename()
    for points in (walking, gone, renamed):
        points.hear([heard(POINTS[0], rssi(x, y, (5.0, 5.0)))] * 3)
        assert told(points)["seem"] == [None] * len(PLAN.access_points)


def test_no_more_names_than_a_page_can_show() -> None:
    points = HangingPoints(PLAN)
    standing(points)
    for k in range(50):
        points.hear_unknown(HeardUnknown([f"ap {k}"], np.array([1], np.uint64), np.array([-60.0])))
    assert list(points.as_json()["unknown"]) == [f"ap {k}" for k in range(30, 50)]
