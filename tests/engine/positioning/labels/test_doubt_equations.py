"""Labels held against their devices' places, each equation written out: how likely one is right, when a stream lies,
when a product stands elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.labels.doubts import lying, moved_products, no_nearer, weigh
from engine.positioning.labels.places import KINDS, Taught
from engine.positioning.labels.shares import SHARES
from engine.records import F64
from engine.vocabulary import LabelKind

SCAN, RECEIPT = KINDS.index(LabelKind.SHELF_SCAN), KINDS.index(LabelKind.RECEIPT)


def seen(at: list[tuple[float, float]], fix: list[tuple[float, float]], product: list[int] | None = None) -> Taught:
    """Shelf scans at places, each of its own device, and where those seemed to be."""
    n = len(at)
    (x, y), (fix_x, fix_y), whole = np.array(at).T, np.array(fix).T, np.ones(n)
    return Taught(
        np.arange(n), np.zeros(n, np.int32), np.full(n, SCAN, np.int32), np.array(product or range(n), np.int32),
        np.zeros(n, np.int32), x, y, 0.8 * whole, fix_x, fix_y, 2.0 * whole, whole, 5.0 * whole,
        np.full((n, 1), -60.0, np.float32),
    )  # fmt: skip


def test_a_label_is_right_as_its_place_is_likelier_than_the_whole_floor() -> None:
    """Bayes: 95 % of labels lie around their device by a normal law in two dimensions, 5 % anywhere on 200 m²."""
    own = seen([(0, 0), (3, 4), (0, 0)], [(0, 0), (0, 0), (6, 0)])
    own = replace(
        own, weight=np.array([1.0, 1.0, 0.5]), fix_sigma_m=np.array([2.0, 1.0, 4.0]),
        place_sigma_m=np.array([0.8, 1.5, 0.8]),
    )  # fmt: skip
    expected = []
    for off, fix, place, weight in [(0.0, 2.0, 0.8, 1.0), (5.0, 1.0, 1.5, 1.0), (6.0, 4.0, 0.8, 0.5)]:
        axis = fix**2 / 2 + place**2 / 2 + 1.5**2  # radial sigmas are of two axes; a track errs by 1.5 m on each
        right = 0.95 * np.exp(-(off**2) / (2 * axis)) / (2 * np.pi * axis)
        expected.append(weight * right / (right + 0.05 / 200.0))
    assert weigh(own, 200.0) == pytest.approx(expected, rel=1e-9)


GRID = [(1.0 + 3.5 * i, 2.0 + 2.5 * j) for i in range(5) for j in range(4)]
MIDDLE = np.array([1.0 + 7.0, 2.0 + 3.75])


def turned(x: int, y: int) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in (np.array(GRID) - MIDDLE) * (x, y) + MIDDLE]


@pytest.mark.parametrize(
    ("x", "y", "what"),
    [(-1, 1, "mirrored in x"), (1, -1, "mirrored in y"), (-1, -1, "turned by half")],
)
def test_a_plan_drawn_from_another_side_is_said_to_be(x: int, y: int, what: str) -> None:
    assert lying(seen(turned(x, y), GRID)) == {0: what}
    assert lying(seen(turned(x, y)[1:], GRID[1:])) == {}, "nineteen labels are too few"


def test_labels_without_a_time_are_no_evidence_of_a_lie() -> None:
    own = seen(turned(-1, 1), GRID)
    assert lying(replace(own, kind=np.full(20, RECEIPT, np.int32))) == {}


def test_a_stream_is_doubted_where_it_is_no_nearer_than_six_tenths_of_chance() -> None:
    at = np.array(GRID)
    for share, doubted in [(0.58, False), (0.62, True)]:
        # all fixes on one side by the same: chance is of the same pairs, moved
        off = shift(at, share)
        own = seen([(float(x) + off, float(y)) for x, y in at], GRID)
        assert (0 in no_nearer(own, 200.0)) == doubted


def test_what_doubted_labels_say_is_how_much_likelier_their_places_are_than_any_of_the_streams() -> None:
    """Twenty labels, in reverse; the last two are of one device, and count as the root of two."""
    at = GRID[::-1]
    own = replace(seen(at, GRID), number=np.array([*range(19), 18]))
    axis, each = 2.0**2 / 2 + 0.8**2 / 2 + 1.5**2, []
    for k, fix in enumerate(GRID):
        d2 = ((np.array(at) - fix) ** 2).sum(axis=1)
        here = 0.95 * np.exp(-d2 / (2 * axis)) / (2 * np.pi * axis) + 0.05 / 200.0
        each.append(np.log(SHARES * here[k] / here.mean() + 1.0 - SHARES))
    expected = np.sum(each[:18], axis=0) + (each[18] + each[19]) / np.sqrt(2.0)
    assert no_nearer(own, 200.0)[0] == pytest.approx(expected)


def shift(at: F64, share: float) -> float:
    """By how much to move all labels in x so that they are off by `share` of the median between any label and fix."""
    moves = np.arange(4.0, 6.0, 0.02)
    chance = [np.median(np.hypot(at[:, None, 0] + m - at[:, 0], at[:, None, 1] - at[:, 1])) for m in moves]
    return float(moves[np.argmin(np.abs(moves / np.array(chance) - share))])


def elsewhere(moved: tuple[float, float], devices: int, bias: tuple[float, float] = (0.0, 0.0)) -> Taught:
    """Product 9 stands at (5, 5) in the plan; so many devices scan it elsewhere. Eight others stand where they should,
    around where they scan it, and the map is off there by `bias`."""
    x, y = 5.0 + moved[0], 5.0 + moved[1]
    around = [(x + a, y + b) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1), (2, 2), (-2, 2), (2, -2), (-2, -2))]
    at = [(5.0, 5.0)] * devices + around
    fix = [(x + bias[0], y + bias[1])] * devices + [(a + bias[0], b + bias[1]) for a, b in around]
    return seen(at, fix, [9] * devices + list(range(8)))


def test_a_product_stands_where_devices_scan_it_less_what_the_map_is_off_there() -> None:
    (one,) = moved_products(elsewhere((6.0, 8.0), 5, bias=(0.6, -0.2)))
    assert (one.product, one.level, one.devices) == (9, 0, 5)
    assert (one.x_m, one.y_m, one.moved_m) == pytest.approx((11.0, 13.0, 10.0))


@pytest.mark.parametrize(("level", "near"), [(0, 3), (0, 2), (1, 8)])
def test_the_map_of_another_floor_is_another_and_two_labels_are_no_map(level: int, near: int) -> None:
    """What is around is off by 0.6 and -0.2 m, the product's own devices are not. So many of the eight are near."""
    own = elsewhere((6.0, 8.0), 5)
    around, away_m = np.arange(len(own)) >= 5, 100.0 * (np.arange(len(own)) >= 5 + near)
    own = replace(
        own, x_m=own.x_m + away_m, fix_x_m=own.fix_x_m + away_m + 0.6 * around, fix_y_m=own.fix_y_m - 0.2 * around,
        level=np.where(around, level, 0).astype(np.int32),
    )  # fmt: skip
    (one,) = moved_products(own)
    known = level == 0 and near == 3
    assert (one.x_m, one.y_m) == pytest.approx((10.4, 13.2) if known else (11.0, 13.0))
    assert one.level == 0


@pytest.mark.parametrize(("devices", "named"), [(2, 0), (3, 1)])
def test_three_devices_must_say_so(devices: int, named: int) -> None:
    assert len(moved_products(elsewhere((6.0, 8.0), devices))) == named


@pytest.mark.parametrize(("moved_m", "named"), [(4.4, 0), (4.6, 1)])
def test_nearer_than_four_and_a_half_metres_it_may_be_the_map(moved_m: float, named: int) -> None:
    assert len(moved_products(elsewhere((moved_m, 0.0), 6))) == named


def test_devices_that_do_not_agree_where_it_is_name_no_place() -> None:
    """Half of them further from their own middle than half the way that it would have moved."""
    own = elsewhere((6.0, 0.0), 6)
    spread = np.array([4.0, -4.0, 4.0, -4.0, 4.0, -4.0] + [0.0] * 8)
    assert moved_products(replace(own, fix_y_m=own.fix_y_m + spread)) == []


def test_the_furthest_is_named_first_and_receipts_say_nothing_of_where() -> None:
    near, far = elsewhere((6.0, 0.0), 4), elsewhere((0.0, 9.0), 4)
    both = Taught.concat([near, replace(far, product=far.product + 20, number=far.number + 100)])
    assert [m.product for m in moved_products(both)] == [29, 9]
    assert moved_products(replace(near, kind=np.full(len(near), RECEIPT, np.int32))) == []
    assert moved_products(replace(near, product=np.full(len(near), -1, np.int32))) == []


@pytest.mark.parametrize(
    ("devices", "off_m", "named"), [(6, 1.04, True), (6, 1.07, False), (3, 0.97, True), (3, 1.0, False)]
)
def test_six_metres_must_be_beyond_three_and_a_half_of_what_labels_differ_by(
    devices: int, off_m: float, named: bool
) -> None:
    """Others are off by so much on each axis, to either side: 1.4826 of that is the spread of labels, and as much the
    spread between products; places that nobody knows better than to 0.3 m."""
    own = elsewhere((6.0, 0.0), devices)
    side = np.array([0.0] * devices + [off_m, -off_m] * 4)
    other = np.array([0.0] * devices + [off_m, off_m, -off_m, -off_m] * 2)
    own = replace(own, fix_x_m=own.fix_x_m + side, fix_y_m=own.fix_y_m + other)
    spread = 1.4826 * off_m
    assert (3.5 * np.sqrt(spread**2 + spread**2 / devices + 0.3**2) <= 6.0) == named
    assert (9 in [m.product for m in moved_products(own)]) == named
