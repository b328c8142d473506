"""Where people stand, by shares of all pauses, written out on a floor that can be counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Point, box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Fixture, Level, Opening, Plan, Product
from engine.positioning.motion.standing import (
    beside_fixtures,
    product_places,
    standing_density,
    till_cells,
    unlisted_cells,
)

LEVELS = (Level("0", 0, "", 3.0, 0.0, box(0, 0, 12, 9)), Level("1", 1, "", 3.0, 3.0, box(0, 0, 12, 9)))
TILL = Opening("till", "0", "checkout", Point(10.5, 7.5))


def product(name: str, x: float, y: float, level: str = "0") -> Product:
    return Product(name, "", "", 100, level, x, y, "")


def store(*products: Product, levels: int = 1, **parts: tuple[object, ...]) -> tuple[Plan, Cells]:
    plan = Plan("s", "S", "UTC", "EUR", None, LEVELS[:levels], products=products, **parts)  # type: ignore[arg-type]
    return plan, walkable_cells(plan, 0.5)


def test_people_stand_around_a_product_eight_tenths_of_a_metre_off_on_each_axis() -> None:
    plan, cells = store(product("p", 6.25, 4.25))
    places = product_places(plan, cells)
    for at, middle in ((cells.x_m, 6.25), (cells.y_m, 4.25)):
        assert (places * (at - middle)).sum() == pytest.approx(0.0, abs=1e-9)
        assert (places * (at - middle) ** 2).sum() == pytest.approx(0.8**2, rel=0.02)
    assert places.sum() == pytest.approx(1.0)


def test_a_place_counts_once_however_many_products_hang_there() -> None:
    one, three = (product("a", 2.3, 2.3), product("b", 8.3, 6.3)), (product("c", 2.2, 2.3), product("d", 2.3, 2.2))
    plan, cells = store(*one)
    more, _ = store(*one, *three)
    np.testing.assert_allclose(product_places(more, cells), product_places(plan, cells))


def test_a_product_upstairs_draws_nobody_downstairs() -> None:
    plan, cells = store(product("a", 2.25, 2.25), product("b", 8.25, 6.25, "1"), levels=2)
    places = product_places(plan, cells)
    for level, middle in ((0, (2.25, 2.25)), (1, (8.25, 6.25))):
        own = cells.level == level
        assert places[own].sum() == pytest.approx(1.0)
        top = np.flatnonzero(own)[places[own].argmax()]
        assert (cells.x_m[top], cells.y_m[top]) == middle


def test_whoever_pays_is_within_two_and_a_half_metres_of_the_till() -> None:
    door = Opening("door", "0", "entrance", Point(1.0, 1.0))
    plan, cells = store(levels=2, openings=(TILL, door))
    near = np.hypot(cells.x_m - 10.5, cells.y_m - 7.5) <= 2.5
    np.testing.assert_array_equal(till_cells(plan, cells), near & (cells.level == 0))


def test_beside_a_fixture_is_a_metre_from_it() -> None:
    shelf = Fixture("g", "0", "", "gondola", 2.5, False, box(2, 2, 6, 3))
    other = Fixture("h", "1", "", "gondola", 2.5, False, box(8, 8, 9, 9))
    plan, cells = store(levels=2, fixtures=(shelf, other))
    dx = np.maximum(np.maximum(2.0 - cells.x_m, cells.x_m - 6.0), 0.0)
    dy = np.maximum(np.maximum(2.0 - cells.y_m, cells.y_m - 3.0), 0.0)
    got = beside_fixtures(plan, cells) > 0
    own, off = cells.level == 0, np.hypot(dx, dy)
    edge = np.abs(off - 1.0) < 0.02  # a buffer's corner is a polygon
    np.testing.assert_array_equal(got[own & ~edge], off[own & ~edge] < 1.0)
    assert got[~own].any()
    assert not got[(cells.level == 1) & (cells.x_m < 6.5)].any()


def test_three_quarters_stand_at_products_where_there_are_tills_and_fixtures() -> None:
    shelf = Fixture("g", "0", "", "gondola", 2.5, False, box(2, 2, 6, 3))
    plan, cells = store(product("a", 3.25, 1.75), product("b", 8.25, 6.25), fixtures=(shelf,), openings=(TILL,))
    n = len(cells)

    def even(where: np.ndarray) -> np.ndarray:
        return where / where.sum()

    places, tills, beside = product_places(plan, cells), till_cells(plan, cells), beside_fixtures(plan, cells)
    unlisted = unlisted_cells(plan, cells)
    at_products = (1.0 - unlisted.sum()) * even(places) + unlisted
    expected = 0.75 * at_products + 0.15 * even(tills) + 0.05 * even(beside) + 0.05 / n
    np.testing.assert_allclose(standing_density(plan, cells), n * expected, rtol=1e-5)
    bare = replace(plan, fixtures=(), openings=())
    unlisted = unlisted_cells(bare, cells)
    at_products = (1.0 - unlisted.sum()) * even(places) + unlisted
    np.testing.assert_allclose(standing_density(bare, cells), n * (0.95 * at_products + 0.05 / n), rtol=1e-5)


def test_two_products_on_a_large_floor_are_no_planogram() -> None:
    """Whole is a planogram of which 45 % of the floor lies within 2.5 m; what is missing to that stands elsewhere."""
    hall = (Level("0", 0, "", 3.0, 0.0, box(0, 0, 30, 20)),)
    plan = Plan("s", "S", "UTC", "EUR", None, hall, products=(product("a", 8.0, 8.0), product("b", 22.0, 12.0)))
    cells = walkable_cells(plan, 0.5)
    near = np.minimum(*(np.hypot(cells.x_m - x, cells.y_m - y) for x, y in ((8.0, 8.0), (22.0, 12.0)))) <= 2.5
    unlisted = unlisted_cells(plan, cells)
    assert unlisted.sum() == pytest.approx(1.0 - near.mean() / 0.45)
    np.testing.assert_allclose(unlisted[~near], unlisted.sum() / (~near).sum())
    assert not unlisted[near].any()
    density, told = standing_density(plan, cells), near.mean() / 0.45
    share = density[near].sum() / density.sum()
    assert share == pytest.approx(0.95 * told + 0.05 * near.mean(), abs=0.01)  # 0.15, and not 0.96


def test_a_level_without_products_is_one_that_nobody_listed() -> None:
    """Of two levels alike, one with a product each two metres: half of those who stand at products stand upstairs."""
    rows = [product(f"{x} {y}", x, y) for x in np.arange(1.0, 12.0, 2.0) for y in np.arange(1.0, 9.0, 2.0)]
    plan, cells = store(*rows, levels=2)
    unlisted = unlisted_cells(plan, cells)
    assert unlisted[cells.level == 1].sum() == pytest.approx(0.5)
    assert not unlisted[cells.level == 0].any()
    listed, _ = store(*rows)
    assert not unlisted_cells(listed, walkable_cells(listed, 0.5)).any()


def test_where_fixtures_are_drawn_what_is_not_listed_stands_beside_them() -> None:
    shelves = tuple(Fixture(f"g{y}", "0", "", "gondola", 2.5, False, box(1, y, 11, y + 0.5)) for y in (2, 5, 8))
    plan, cells = store(product("a", 2.0, 1.8), fixtures=shelves)
    unlisted, beside = unlisted_cells(plan, cells), beside_fixtures(plan, cells) > 0
    near = beside & (np.hypot(cells.x_m - 2.0, cells.y_m - 1.8) <= 2.5)
    assert unlisted.sum() == pytest.approx(1.0 - near.sum() / beside.sum() / 0.45)
    assert not unlisted[~beside | near].any()


def test_on_one_cell_there_is_nothing_to_choose() -> None:
    plan, cells = store(product("a", 3.25, 1.75))

    def first(count: int) -> Cells:
        none = np.empty(0, np.int32)
        return Cells(0.5, cells.x_m[:count], cells.y_m[:count], cells.level[:count], none, none, np.empty(0))

    assert standing_density(plan, first(1)) is None
    assert standing_density(plan, first(2)) is not None
