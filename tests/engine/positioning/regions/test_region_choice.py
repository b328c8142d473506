"""Which square of a store a device is looked for in, with every distance worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.measurement.site_build import site_of
from engine.positioning.motion.walk import MotionModel, walk_graph
from engine.positioning.regions import regions as regions_module
from engine.positioning.regions.footprint import array_bytes
from engine.positioning.regions.regions import EVERYWHERE, Regions, later_sigma_m, squares
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.radiomap import prior_map
from tests.engine.positioning.stores import hall

# blocks' middles from 0.5 to 99.5 m: five squares of 40 m, 14.75 m apart; in the other direction one
LOW_X = [-np.inf, 15.25, 30.0, 44.75, 59.5]
HIGH_X = [40.5, 55.25, 70.0, 84.75, np.inf]


@pytest.fixture(scope="module")
def store() -> Regions:
    plan = hall(100.0, 30.0, ((10.0, 15.0), (50.0, 15.0), (90.0, 15.0)))
    cells = walkable_cells(plan, 1.0)
    return Regions(site_of(plan, cells, prior_map(plan, cells), DEFAULT_SETTINGS), walk_graph(cells))


def at(x_m: float, sigma_m: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([[x_m, 15.0]]), np.array([[sigma_m, 0.5]])


def test_squares_lie_evenly_and_the_outer_ones_have_no_border() -> None:
    low, high = squares(np.array([[0.5, 0.5], [99.5, 29.5]]))
    np.testing.assert_allclose(low, [[x, -np.inf] for x in LOW_X])
    np.testing.assert_allclose(high, [[x, np.inf] for x in HIGH_X])
    low, high = squares(np.array([[0.0, 0.0], [56.0, 57.0]]))  # 16 m more than a square; a metre more than that
    np.testing.assert_allclose(low[:, 0], [-np.inf, 16.0] * 3)
    np.testing.assert_allclose(low[:, 1], [-np.inf, -np.inf, 8.5, 8.5, 17.0, 17.0])
    np.testing.assert_allclose(high[:, 0], [40.0, np.inf] * 3)
    np.testing.assert_allclose(high[:, 1], [40.0, 40.0, 48.5, 48.5, np.inf, np.inf])


def test_a_region_holds_the_blocks_whose_middle_lies_in_it(store: Regions) -> None:
    assert len(store) == 5
    for number in range(5):
        x = store._site.cells.x_m[store.cells(number)]
        assert (x.min(), x.max()) == (
            max(0.5, np.ceil(LOW_X[number] - 0.5) + 0.5),
            min(99.5, np.ceil(HIGH_X[number] - 0.5) - 0.5),
        )
        region = store.region(number)
        assert region.number == number
        np.testing.assert_array_equal(region.cells, store.cells(number))
        assert len(region.graph.size) == len(store.blocks(number))
        np.testing.assert_array_equal(region.site.cells.x_m, x)


def test_a_device_goes_where_it_is_farthest_from_the_border(store: Regions) -> None:
    # 2.5 sigma of 1 m: room in the second 55.25 - 52.5, in the third 52.5 - 30 and 70 - 52.5
    assert store.best(*at(50.0, 1.0)).tolist() == [2]
    assert store.best(*at(3.0, 1.0)).tolist() == [0]
    assert store.best(*at(97.0, 1.0)).tolist() == [4]
    assert store.best(*at(50.0, 8.0)).tolist() == [2]  # 50 - 20 = 30: just inside
    assert store.best(*at(50.0, 8.01)).tolist() == [EVERYWHERE]
    both = store.best(np.array([[3.0, 15.0], [50.0, 15.0]]), np.array([[1.0, 1.0], [9.0, 1.0]]))
    assert both.tolist() == [0, EVERYWHERE]
    assert both.dtype == np.int32


@pytest.mark.parametrize(
    ("now", "x_m", "sigma_m", "want"),
    [
        (1, 50.0, 1.0, 1),  # the third would be better, but the second is good enough
        (1, 52.75, 1.0, 1),  # at the border of that
        (1, 52.76, 1.0, 2),
        (2, 50.0, 9.0, 2),  # not well inside any more: 50 - 22.5 is 2.5 m outside; but nowhere else is better
        (2, 50.0, 10.0, 2),  # two sigma just fit
        (2, 50.0, 10.01, EVERYWHERE),
        (1, 42.7, 6.0, 1),  # 42.7 + 15 is 2.45 m outside, in the third 2.3: not a metre better
        (1, 43.2, 6.0, 2),  # 2.95 m outside, in the third 1.8
        (EVERYWHERE, 50.0, 1.0, EVERYWHERE),  # who is looked for everywhere stays so, here
    ],
)
def test_it_changes_when_it_must_and_is_better_off(
    store: Regions, now: int, x_m: float, sigma_m: float, want: int
) -> None:
    found = store.next(np.array([now], np.int32), *at(x_m, sigma_m))
    assert found.tolist() == [want]
    assert found.dtype == np.int32


def test_away_begins_eight_metres_from_the_border(store: Regions) -> None:
    x = store._site.cells.x_m
    away = store.away(1)
    np.testing.assert_array_equal(away, np.where((x > 7.25) & (x < 63.25), 0.0, 1.0))
    assert away.dtype == np.float32
    np.testing.assert_array_equal(store.region(1).away, away[store._site.thin])
    np.testing.assert_array_equal(store.away(4), np.where(x > 51.5, 0.0, 1.0))


def test_those_used_last_are_kept_ready(store: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    store.use_site(store._site)
    assert not any(store.is_ready(i) for i in range(5))
    size = regions_module.own_bytes(store.region(1))
    monkeypatch.setattr(regions_module, "KEPT_BYTES", int(2.5 * size))
    for number in (1, 2, 3):
        store.region(number)
    assert [store.is_ready(i) for i in range(5)] == [False, False, True, True, False]
    assert store.region(2) is store.region(2)
    store.region(1)
    assert [store.is_ready(i) for i in range(5)] == [False, True, True, False, False]
    monkeypatch.setattr(regions_module, "KEPT_BYTES", 0)
    store.region(3)
    assert [store.is_ready(i) for i in range(5)] == [False, False, False, True, False]  # one at least


def test_a_walker_is_known_less_by_what_may_have_been_walked() -> None:
    got = later_sigma_m(np.array([[4.0, 9.0]]), np.array([6.0]), MotionModel(walk_m2_per_s=7.0))
    np.testing.assert_allclose(got, [[5.0, np.sqrt(30.0)]])  # 4 + 7 x 6 / 2


def test_bytes_are_counted_once_whatever_the_views() -> None:
    a, b = np.zeros(100), np.zeros((4, 10), np.float32)
    assert array_bytes(a) == 800
    assert array_bytes(a, a[::2], a.reshape(10, 10)) == 800
    assert array_bytes([a, (b,)], {"x": b.T}) == 960
    assert array_bytes(a[:1]) == 800  # what the view keeps alive

    class Slots:
        __slots__ = ("held", "unset")

        def __init__(self) -> None:
            self.held = b

    class More(Slots):
        def __init__(self) -> None:
            super().__init__()
            self.own = a
            self.me = self

    assert array_bytes(More()) == 960
    assert array_bytes(3, "text", None, set()) == 0
