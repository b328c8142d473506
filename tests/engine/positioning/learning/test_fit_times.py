"""When a map is due, what it is made of, and how little is too little: by hand on a hall of four access points."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning.self_calibration import SelfCalibration, links_of
from engine.radio.calibrate import calibrate
from engine.radio.evidence_sources import hearings_evidence
from engine.records import Hearings, Readings
from tests.engine.positioning.stores import hall

PAIRS = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 3), (3, 1)]


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells]:
    plan = hall(10.0, 8.0, ((1.0, 1.0), (9.0, 1.0), (1.0, 7.0), (9.0, 7.0)))
    return plan, walkable_cells(plan, 1.0)


def heard(t: float, pairs: list[tuple[int, int]], dbm: float = -60.0) -> Hearings:
    """Pairs of (heard, listening), each a little weaker."""
    n = len(pairs)
    one, other = zip(*pairs, strict=True)
    rssi = (dbm - np.arange(n)).astype(np.float32)
    return Hearings(
        np.full(n, t), np.array(one, np.int32), np.array(other, np.int32), rssi, np.full(n, np.nan, np.float32)
    )


def test_a_map_is_due_ever_more_rarely_and_then_every_two_hours(store: tuple[Plan, Cells]) -> None:
    made = SelfCalibration(*store)
    assert made.due_at == np.inf
    made.add(heard(100.0, PAIRS))
    assert made.due_at == 115.0
    made.skip(114.9)
    assert made.due_at == 115.0
    made.skip(115.0)
    assert made.due_at == 130.0
    made.skip(1000.0)
    assert made.due_at == 100.0 + 15 * 64
    made.skip(7700.0)
    assert made.due_at == 100.0 + 15 * 512  # 7680 s: from here on every 7200 s
    made.skip(7780.0)
    assert made.due_at == 7780.0 + 7200.0
    made.skip(30_000.0)
    assert made.due_at == 7780.0 + 4 * 7200.0


def test_a_fit_is_begun_when_it_is_due_and_something_is_new(store: tuple[Plan, Cells]) -> None:
    made = SelfCalibration(*store)
    made.add(heard(100.0, PAIRS))
    assert made.begin(114.9) is None
    with pytest.raises(ValueError, match="no fit was begun"):
        made.take(None)  # type: ignore[arg-type]
    task = made.begin(115.0)
    assert task is not None
    assert made.take(task()) is not None
    assert made.version == 1
    assert made.begin(200.0) is None  # nothing new
    made.add(heard(201.0, PAIRS))
    assert made.begin(219.9) is None  # due at 220: 100 + 15 x 8
    assert made.begin(220.0) is not None
    assert made.due_at == 340.0


def test_a_map_is_that_of_the_means_of_what_was_heard_before(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    made = SelfCalibration(plan, cells)
    made.add(heard(100.0, PAIRS, -60.0))
    made.add(heard(110.0, PAIRS, -64.0))
    made.add(heard(115.0, PAIRS, -90.0))  # not before the time of the fit
    got = made.fit(115.0)
    assert got is not None
    means = heard(0.0, PAIRS, -62.0)
    want = calibrate(plan, cells, hearings_evidence(plan, means)).radio_map
    np.testing.assert_allclose(got.mean_dbm, want.mean_dbm, rtol=1e-6)
    np.testing.assert_allclose(got.sigma_db, want.sigma_db, rtol=1e-6)
    made.add(heard(120.0, PAIRS, -58.0))
    later = made.fit(130.0)
    assert later is not None
    all_of_it = heard(0.0, PAIRS, (-60.0 - 64.0 - 90.0 - 58.0) / 4)
    want = calibrate(plan, cells, hearings_evidence(plan, all_of_it)).radio_map
    np.testing.assert_allclose(later.mean_dbm, want.mean_dbm, rtol=1e-6)
    again = made.map_in_use()
    assert again is not None
    np.testing.assert_array_equal(again.mean_dbm, later.mean_dbm)


@pytest.mark.parametrize(("pairs", "enough"), [(PAIRS[:5], False), (PAIRS, True)])
def test_six_pairs_are_needed(store: tuple[Plan, Cells], pairs: list[tuple[int, int]], enough: bool) -> None:
    made = SelfCalibration(*store)
    made.add(heard(0.0, pairs))
    assert (made.fit(15.0) is not None) is enough
    assert made.version == int(enough)
    assert (made.map_in_use() is not None) is enough
    assert made.gain == 0.0


def test_hearings_without_rssi_are_none(store: tuple[Plan, Cells]) -> None:
    made = SelfCalibration(*store)
    nothing = heard(5.0, PAIRS)
    nothing.rssi_dbm[:] = np.nan
    made.add(nothing)
    assert made.due_at == np.inf
    partly = heard(5.0, [*PAIRS, (2, 3)])
    partly.t[:] = np.arange(7) + 5.0
    partly.rssi_dbm[0] = np.nan
    made.add(partly)
    assert made.due_at == 6.0 + 15.0  # of those that were measured the first
    assert made.fit(21.0) is not None


def test_links_are_readings_of_access_points() -> None:
    readings = Readings(
        np.array([3.0]), np.array([2], np.uint64), np.array([1], np.int32), np.array([-50], np.float32),
        np.array([4.0], np.float32), np.array([np.nan], np.float32),
    )  # fmt: skip
    got = links_of(readings)
    assert (got.t.tolist(), got.heard.tolist(), got.ap.tolist()) == ([3.0], [2], [1])
    assert (got.rssi_dbm.tolist(), got.range_m.tolist()) == ([-50.0], [4.0])
    assert got.heard.dtype == np.int32
