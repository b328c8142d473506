"""What a place can promise: more the larger it is and the truer fixes are, nothing beside a busier neighbour."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import box

from engine.offers.promise import MOST_CELLS, Promise, promise, promise_at
from engine.offers.targets import KEEPS, Target, keep_word
from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Level, Plan


@pytest.fixture(scope="module")
def cells() -> Cells:
    plan = Plan("s", "S", "UTC", "EUR", None, (Level("0", 0, "", 3.0, 0.0, box(0, 0, 20, 12)),))
    return walkable_cells(plan, 0.5)


def within(cells: Cells, radius_m: float) -> np.ndarray:
    """Around a shelf at (5, 6)."""
    return (np.hypot(cells.x_m - 5, cells.y_m - 6) <= radius_m).astype(np.float32)


def even(cells: Cells) -> np.ndarray:
    return np.ones(len(cells), np.float32)


def test_true_fixes_and_large_places_promise_more(cells: Cells) -> None:
    good = promise(cells, even(cells), within(cells, 3.0), 0.8, 0.8)
    vague = promise(cells, even(cells), within(cells, 3.0), 2.0, 0.8)
    larger = promise(cells, even(cells), within(cells, 5.0), 2.0, 0.8)
    assert good.threshold is not None
    assert good.recall > 0.5
    assert good.precision >= good.precision_low >= 0.8
    assert vague.recall < larger.recall
    assert vague.threshold is None or vague.threshold > good.threshold


def test_a_higher_word_asks_for_a_higher_threshold(cells: Cells) -> None:
    some = [promise(cells, even(cells), within(cells, 3.0), 1.0, wanted) for wanted in (0.5, 0.7, 0.9)]
    thresholds = [p.threshold or 1.0 for p in some]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


def test_beside_a_much_busier_place_nothing_can_be_promised_and_the_best_is_told(cells: Cells) -> None:
    busy = even(cells) * 0.1
    busy[np.hypot(cells.x_m - 7.5, cells.y_m - 6) <= 1.0] = 60.0
    here = within(cells, 1.5)
    told = promise(cells, busy, here, 2.0, 0.9)
    assert told == Promise(None, told.precision, told.precision_low, told.recall)
    assert not told.kept
    assert 0.0 <= told.precision_low <= told.precision < 0.9


def test_the_whole_store_is_always_right_and_nowhere_never(cells: Cells) -> None:
    assert promise(cells, even(cells), even(cells), 3.0, 0.9).precision_low == 1.0
    assert not promise(cells, even(cells), 0 * even(cells), 3.0, 0.9).kept


def test_large_places_are_looked_at_more_coarsely_and_told_alike(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    fine = promise(cells, even(cells), within(cells, 4.0), 1.5, 0.8)
    assert len(cells) < MOST_CELLS
    monkeypatch.setattr("engine.offers.promise.MOST_CELLS", 300)
    coarse = promise(cells, even(cells), within(cells, 4.0), 1.5, 0.8)
    assert coarse.precision == pytest.approx(fine.precision, abs=0.1)
    assert coarse.recall == pytest.approx(fine.recall, abs=0.2)


def test_a_promise_becomes_the_target_s_threshold(cells: Cells) -> None:
    target = Target("c", within(cells, 3.0), 0.6, 10.0)
    kept = keep_word(target, Promise(0.8, 0.9, 0.85, 0.5))
    assert (kept.min_probability, kept.keep_probability, kept.promised) == (0.8, 0.8 * KEEPS, True)
    by_labels = [keep_word(target, Promise(p, 0.9, 0.85, 0.5, labelled=60)) for p in (0.8, 0.1, 0.03)]
    assert [t.begin_probability for t in by_labels] == pytest.approx([0.2, 0.05, 0.03])
    assert [t.keep_probability for t in by_labels] == [t.begin_probability for t in by_labels]
    assert kept.begin_probability is None
    unkept = keep_word(target, Promise(None, 0.5, 0.4, 0.5))
    assert (unkept.min_probability, unkept.promised) == (0.6, False)


def test_at_a_given_threshold_it_says_what_that_one_brings(cells: Cells) -> None:
    place = within(cells, 3.0)
    kept = promise(cells, even(cells), place, 0.8, 0.8)
    assert kept.threshold is not None
    same = promise_at(cells, even(cells), place, 0.8, kept.threshold)
    assert (same.precision, same.recall) == pytest.approx((kept.precision, kept.recall))
    assert same.precision_low == pytest.approx(kept.precision_low)
    low, high = (promise_at(cells, even(cells), place, 2.0, p) for p in (0.3, 0.6))
    assert (low.threshold, high.threshold) == (0.3, 0.6)
    assert low.precision < high.precision
    assert low.recall > high.recall
    assert promise_at(cells, even(cells), even(cells), 2.0, 0.6) == Promise(0.6, 1.0, 1.0, 1.0)
