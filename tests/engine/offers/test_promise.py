"""What a place can promise: more the larger it is and the truer fixes are, nothing beside a busier neighbour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

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


# ---- the same read aloud, cell by cell, on a floor of 6 by 4 m cut into square metres

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SMALL = Plan("s", "S", "UTC", "EUR", None, (Level("0", 0, "", 3.0, 0.0, box(0, 0, 6, 4)),))
FLOOR = walkable_cells(SMALL, 1.0)
HERE = ((FLOOR.x_m < 3) & (FLOOR.y_m < 2)).astype(np.float32)
BUSY = np.array([1.0 + 7 * i % 5 for i in range(len(FLOOR))], np.float32)


@cache
def read_aloud(
    sigma_m: float, threshold: float, at: Sequence[int] = range(len(FLOOR))
) -> tuple[list[float], list[float]]:
    """Precision and recall under each bias. Of a fix's squared error, half of it along each axis, 0.6 are the place's:
    one displacement for everybody, of the lengths that 10, 30, 50, 70 and 90 % of a normal one are below, in eight
    directions. The rest is chance: a fix lands at each cell as a normal one does, and says of the place what share of
    those who would have landed there are in it. Who stands somewhere sets off as many triggers as fixes say enough."""
    xy = [(float(x), float(y)) for x, y in zip(FLOOR.x_m, FLOOR.y_m, strict=True)]
    axis_m = max(sigma_m, 0.3) / math.sqrt(2)

    def bell(i: int, j: int, part: float) -> float:
        return math.exp(-(math.dist(xy[i], xy[j]) ** 2) / (2 * part * axis_m**2))

    said = {
        i: sum(bell(i, j, 1.0) * BUSY[j] * HERE[j] for j in at) / sum(bell(i, j, 1.0) * BUSY[j] for j in at) for i in at
    }
    fires = {i: sum(bell(i, j, 0.4) for j in at if said[j] >= threshold) / sum(bell(i, j, 0.4) for j in at) for i in at}
    precision, recall = [], []
    for below in (0.1, 0.3, 0.5, 0.7, 0.9):
        length = math.sqrt(0.6) * axis_m * math.sqrt(-2 * math.log(1 - below))
        for k in range(8):
            dx, dy = length * math.cos(k * math.pi / 4), length * math.sin(k * math.pi / 4)
            lands = {i: min(at, key=lambda j: math.dist((xy[i][0] + dx, xy[i][1] + dy), xy[j])) for i in at}
            every = sum(BUSY[i] * fires[lands[i]] for i in at)
            right = sum(BUSY[i] * HERE[i] * fires[lands[i]] for i in at)
            precision.append(right / every if every > 1e-12 else 0.0)
            recall.append(right / sum(BUSY[i] * HERE[i] for i in at))
    return precision, recall


@pytest.mark.parametrize(("sigma_m", "threshold"), [(1.1, 0.5), (2.3, 0.6), (0.1, 0.9), (3.1, 0.3)])
def test_at_a_threshold_it_is_the_rule_read_aloud(sigma_m: float, threshold: float) -> None:
    found = promise_at(FLOOR, BUSY, HERE, sigma_m, threshold)
    precision, recall = read_aloud(sigma_m, threshold)
    assert found.precision == pytest.approx(np.mean(precision))
    assert found.precision_low == pytest.approx(np.quantile(precision, 0.25))
    assert found.recall == pytest.approx(np.mean(recall))


@pytest.mark.parametrize(("sigma_m", "wanted"), [(1.1, 0.5), (1.1, 0.9), (2.3, 0.6), (2.3, 0.99)])
def test_the_lowest_threshold_is_told_that_keeps_the_word_and_lets_one_in_twenty_through(
    sigma_m: float, wanted: float
) -> None:
    each = {p: read_aloud(sigma_m, p) for p in THRESHOLDS}
    low = {p: float(np.quantile(each[p][0], 0.25)) for p in THRESHOLDS if np.mean(each[p][1]) >= 0.05}
    kept = [p for p in low if low[p] >= wanted]
    best = kept[0] if kept else max(low, key=lambda p: low[p])
    found = promise(FLOOR, BUSY, HERE, sigma_m, wanted)
    assert found.threshold == (kept[0] if kept else None)
    told = (found.precision, found.precision_low, found.recall)
    assert told == pytest.approx((np.mean(each[best][0]), low[best], np.mean(each[best][1])))


@pytest.mark.parametrize(("most", "every"), [(24, 1), (23, 2), (6, 2), (5, 4)])
def test_of_too_many_cells_every_second_row_and_column_is_looked_at(
    most: int, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.offers.promise.MOST_CELLS", most)
    some = tuple(i for i in range(24) if int(FLOOR.x_m[i]) % every == 0 and int(FLOOR.y_m[i]) % every == 0)
    precision, recall = read_aloud(1.7, 0.4, at=some)
    found = promise_at(FLOOR, BUSY, HERE, 1.7, 0.4)
    assert (found.precision, found.recall) == pytest.approx((np.mean(precision), np.mean(recall)))


def test_who_is_seven_metres_away_or_on_another_storey_is_not_taken_to_be_there() -> None:
    levels = tuple(Level(str(i), i, "", 3.0, 3.0 * i, box(0, 0, 20, 2)) for i in (0, 1))
    both = walkable_cells(Plan("s", "S", "UTC", "EUR", None, levels), 1.0)
    here = ((both.x_m < 2) & (both.level == 0)).astype(np.float32)
    alone = promise_at(both, even(both), here, 2.0, 0.3)
    for away, told in ((7.5, False), (9.5, True), (19.5, True)):  # the last of the place is at 1.5
        crowd = even(both)
        crowd[(both.x_m == away) & (both.level == 0)] = 1e4
        assert (promise_at(both, crowd, here, 2.0, 0.3) == alone) is told
    upstairs = even(both)
    upstairs[both.level == 1] = 1e4
    assert promise_at(both, upstairs, here, 2.0, 0.3) == alone


def test_nowhere_and_everywhere_are_told_without_looking() -> None:
    none, all_ = np.zeros(24, np.float32), np.full(24, 0.5, np.float32)
    assert promise(FLOOR, BUSY, none, 1.0, 0.8) == Promise(None, 0.0, 0.0, 0.0)
    assert promise_at(FLOOR, BUSY, none, 1.0, 0.7) == Promise(0.7, 0.0, 0.0, 0.0)
    assert promise(FLOOR, BUSY, all_, 1.0, 0.8) == Promise(0.2, 1.0, 1.0, 1.0), "a cell of which half is of it is of it"
    assert promise_at(FLOOR, BUSY, all_, 1.0, 0.7) == Promise(0.7, 1.0, 1.0, 1.0)
    assert (Promise(0.5, 1.0, 1.0, 1.0).labelled, Promise(0.5, 1.0, 1.0, 1.0).precision_high) == (0, None)
