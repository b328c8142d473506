"""Cells, steps and distances on plans small enough to draw in a comment."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from engine.plan.cells import (
    Cells,
    nearest_cell,
    standing_cell,
    walkable_cells,
    walking_distance_m,
)
from engine.plan.model import Fixture, Level, Opening, Plan, Wall, Zone
from engine.plan.shapes import DECIMALS
from engine.plan.walkable import barriers, walkable_area
from tests.examples import examples


def ground(polygon: Polygon, level: str = "0", ordinal: int = 0, floor_z_m: float = 0.0) -> Level:
    return Level(level, ordinal, level, 3.0, floor_z_m, polygon)


def store(
    *levels: Level,
    walls: list[list[tuple[float, float]]] | None = None,
    shelves: list[Polygon] | None = None,
    zones: tuple[Zone, ...] = (),
    openings: tuple[Opening, ...] = (),
) -> Plan:
    """A plan whose walls and shelves stand on its first level."""
    return Plan(
        store="s",
        name="s",
        timezone="UTC",
        currency="EUR",
        anchor=None,
        levels=levels,
        walls=tuple(Wall(levels[0].id, LineString(w), "brick", 7.0) for w in walls or []),
        fixtures=tuple(
            Fixture(f"f{i}", levels[0].id, "", "", 2.0, False, polygon) for i, polygon in enumerate(shelves or [])
        ),
        zones=zones,
        openings=openings,
    )


def steps(cells: Cells) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    """Links as pairs of centres."""
    at = list(zip(cells.x_m.tolist(), cells.y_m.tolist(), strict=True))
    return {(at[a], at[b]) for a, b in zip(cells.links_from, cells.links_to, strict=True)}


def both(
    *pairs: tuple[tuple[float, float], tuple[float, float]],
) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    return {p for a, b in pairs for p in ((a, b), (b, a))}


def test_an_empty_room_of_two_by_two() -> None:
    cells = walkable_cells(store(ground(box(0, 0, 2, 2))), 1.0)
    assert list(zip(cells.x_m, cells.y_m, strict=True)) == [(0.5, 0.5), (1.5, 0.5), (0.5, 1.5), (1.5, 1.5)]
    assert cells.level.tolist() == [0, 0, 0, 0]
    assert cells.links_from.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert cells.links_to.tolist() == [1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2]
    assert cells.link_m.tolist() == pytest.approx([1, 1, 2**0.5, 1, 2**0.5, 1, 1, 2**0.5, 1, 2**0.5, 1, 1])


def test_a_plan_without_levels_has_no_cells() -> None:
    cells = walkable_cells(store(), 1.0)
    assert (len(cells), len(cells.links_from), len(cells.component)) == (0, 0, 0)


def test_cells_reach_to_the_last_centre_on_every_side() -> None:
    """Centres lie at odd multiples of half a metre; the outline begins and ends between a border and a centre."""
    cells = walkable_cells(store(ground(box(-1.6, 0.4, 0.6, 2.6))), 1.0)
    assert list(zip(cells.x_m, cells.y_m, strict=True)) == [(x, y) for y in (0.5, 1.5, 2.5) for x in (-1.5, -0.5, 0.5)]
    assert len(walkable_cells(store(ground(box(-1.4, 0.6, 0.4, 2.4))), 1.0)) == 1, "short of the outer ones"


def test_a_wall_between_cells_bars_every_step_across_it() -> None:
    # ##|##   two columns left of the wall at x = 1.0, one right; the wall is open in the top row
    cells = walkable_cells(store(ground(box(0, 0, 2, 3)), walls=[[(1, 0), (1, 2)]]), 1.0)
    left, right = [(0.5, y) for y in (0.5, 1.5, 2.5)], [(1.5, y) for y in (0.5, 1.5, 2.5)]
    # No diagonal around the wall's end either: it would cut the corner.
    assert steps(cells) == both(
        (left[0], left[1]), (left[1], left[2]), (right[0], right[1]), (right[1], right[2]), (left[2], right[2])
    )


def test_a_shelf_takes_its_cells_and_its_corners_are_not_cut() -> None:
    # . . .     the middle cell is a shelf: people go around it by the four sides, never across a corner
    # . X .
    # . . .
    cells = walkable_cells(store(ground(box(0, 0, 3, 3)), shelves=[box(1, 1, 2, 2)]), 1.0)
    assert len(cells) == 8
    assert (1.5, 1.5) not in set(zip(cells.x_m, cells.y_m, strict=True))
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in steps(cells))
    assert len(cells.links_from) == 2 * 8


def test_a_shelf_thinner_than_a_cell_is_not_stepped_over() -> None:
    cells = walkable_cells(store(ground(box(0, 0, 4, 2)), shelves=[box(1.95, 0, 2.05, 2)]), 1.0)
    assert len(cells) == 8
    assert not any((a[0] < 2) != (b[0] < 2) for a, b in steps(cells))


def test_a_walkable_fixture_bars_nothing() -> None:
    plan = store(ground(box(0, 0, 3, 3)))
    mat = Fixture("mat", "0", "", "", 0.0, True, box(1, 1, 2, 2))
    with_mat = Plan(**{**plan.__dict__, "fixtures": (mat,)})
    assert steps(walkable_cells(with_mat, 1.0)) == steps(walkable_cells(plan, 1.0))


def test_steps_stay_on_a_level_that_bends() -> None:
    # ##.     an L: the straight way between the arms' ends leaves the level
    # ###
    bent = Polygon([(0, 0), (3, 0), (3, 1), (1.2, 1), (1.2, 3), (0, 3)])
    cells = walkable_cells(store(ground(bent)), 1.0)
    assert not {((1.5, 0.5), (0.5, 1.5)), ((0.5, 1.5), (1.5, 0.5))} & steps(cells)
    assert ((0.5, 0.5), (0.5, 1.5)) in steps(cells)


@pytest.mark.parametrize("seed", range(6))
def test_a_step_is_there_exactly_where_the_square_around_it_is_open(seed: int) -> None:
    """In plain loops: right and up where nothing is between; a diagonal where all four sides of its square are so."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 7, (5, 2)).round(2)
    shelves = [box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, rng.uniform(0.1, 1.5, (5, 2)), strict=True)]
    ends = rng.uniform(0.2, 7.8, (3, 2, 2)).round(2)
    plan = store(ground(box(0, 0, 8, 8)), walls=[[tuple(a), tuple(b)] for a, b in ends], shelves=shelves)
    cells = walkable_cells(plan, 1.0)
    at, bars = set(zip(cells.x_m.tolist(), cells.y_m.tolist(), strict=True)), shapely.union_all(barriers(plan, "0"))

    def is_open(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a in at and b in at and not LineString([a, b]).intersects(bars)

    wanted = set()
    for x, y in at:
        for corner, turns in (((x + 1, y + 1), ((x + 1, y), (x, y + 1))), ((x + 1, y - 1), ((x + 1, y), (x, y - 1)))):
            sides = [side for turn in turns for side in (((x, y), turn), (turn, corner))]
            if all(is_open(*side) for side in sides) and is_open((x, y), corner):
                wanted |= both(((x, y), corner))
        wanted |= {step for side in ((x + 1, y), (x, y + 1)) if is_open((x, y), side) for step in both(((x, y), side))}
    assert steps(cells) == wanted


def test_of_a_level_of_pockets_the_largest_is_kept() -> None:
    # Three closed boxes on a level of its own: of 1, 2 and 1 cells, none of more than 1 m².
    level = ground(box(0, 0, 2, 0.5))
    cells = walkable_cells(store(level, walls=[[(0.5, 0), (0.5, 0.5)], [(1.5, 0), (1.5, 0.5)]]), 0.5)
    assert list(zip(cells.x_m.tolist(), cells.y_m.tolist(), strict=True)) == [(0.75, 0.25), (1.25, 0.25)]


def test_holes_are_not_walkable() -> None:
    atrium = box(0, 0, 5, 5).difference(box(1, 1, 4, 4))
    assert len(walkable_cells(store(ground(atrium)), 1.0)) == 25 - 9


def test_small_pockets_are_dropped_and_rooms_without_a_door_are_kept() -> None:
    # A closed box of 1 by 1 m (a pocket), and a closed room of 2 by 2 m.
    pocket = [(4, 0), (4, 1), (5, 1), (5, 0)]
    room = [(0, 2), (2, 2), (2, 4)]
    plan = store(ground(box(0, 0, 6, 4)), walls=[pocket, room])
    cells = walkable_cells(plan, 0.5)
    inside_pocket = (cells.x_m > 4) & (cells.x_m < 5) & (cells.y_m < 1)
    assert not inside_pocket.any()
    assert len(cells) == 6 * 4 * 4 - 4
    in_room = (cells.x_m < 2) & (cells.y_m > 2)
    assert in_room.sum() == 16
    assert len(set(cells.component[in_room])) == 1
    assert set(cells.component[in_room]).isdisjoint(cells.component[~in_room])


@pytest.mark.parametrize(("width", "kept"), [(1.0, False), (1.5, True), (2.0, True)])
def test_a_pocket_of_one_square_metre_holds_nobody_and_a_larger_one_is_a_room(width: float, kept: bool) -> None:
    closed = [(4.0, 0.0), (4.0, 1.0), (4.0 + width, 1.0), (4.0 + width, 0.0)]
    cells = walkable_cells(store(ground(box(0, 0, 8, 4)), walls=[closed]), 0.5)
    inside = (cells.x_m > 4) & (cells.x_m < 4 + width) & (cells.y_m < 1)
    assert inside.sum() == (width * 4 if kept else 0)


def test_a_level_narrower_than_a_cell_keeps_one() -> None:
    cells = walkable_cells(store(ground(box(0.1, 0.1, 0.3, 0.4))), 1.0)
    assert (len(cells), len(cells.links_from)) == (1, 0)
    assert box(0.1, 0.1, 0.3, 0.4).contains(Point(cells.x_m[0], cells.y_m[0]))


@pytest.mark.parametrize("cell_m", [0.0, -1.0, math.nan, math.inf])
def test_cells_have_a_size(cell_m: float) -> None:
    with pytest.raises(ValueError, match="cell_m must be positive"):
        walkable_cells(store(ground(box(0, 0, 2, 2))), cell_m)


def riser_zone(level: str, polygon: Polygon, category: str = "stairs") -> Zone:
    return Zone(f"{category}-{level}", level, category, category, polygon)


def test_stairs_above_each_other_join_two_levels() -> None:
    low, high = ground(box(0, 0, 4, 4)), ground(box(0, 0, 4, 4), "1", 1, 3.2)
    plan = store(low, high, zones=(riser_zone("0", box(0, 0, 1, 2)), riser_zone("1", box(0, 1, 1, 3))))
    cells = walkable_cells(plan, 1.0)
    across = np.flatnonzero(cells.level[cells.links_from] != cells.level[cells.links_to])
    assert len(across) == 2  # one link, both directions
    assert cells.link_m[across].tolist() == [6.4, 6.4]  # twice the rise
    a, b = cells.links_from[across[0]], cells.links_to[across[0]]
    assert (cells.x_m[a], cells.y_m[a]) == (cells.x_m[b], cells.y_m[b]) == (0.5, 1.5)  # where the two overlap
    d = walking_distance_m(cells, np.array([nearest_cell(cells, 0, 3.5, 1.5)]))
    assert d[0, nearest_cell(cells, 1, 3.5, 1.5)] == pytest.approx(3 + 6.4 + 3)


def test_an_elevator_stops_at_every_level_in_turn() -> None:
    levels = [ground(box(0, 0, 3, 3), str(o), o, 3.0 * o) for o in (2, 0, 1)]  # in any order
    lift = tuple(
        Opening(f"lift{o}", str(o), "elevator", Point(0.5 + 0.1 * o, 0.5)) for o in (0, 1, 2)
    )  # points stand for what is near
    cells = walkable_cells(store(*levels, openings=lift), 1.0)
    joined = {
        (levels[cells.level[a]].ordinal, levels[cells.level[b]].ordinal)
        for a, b in zip(cells.links_from, cells.links_to, strict=True)
        if cells.level[a] < cells.level[b]
    }
    assert {tuple(sorted(pair)) for pair in joined} == {(0, 1), (1, 2)}


@pytest.mark.parametrize(
    "zones",
    [
        (),
        (riser_zone("0", box(0, 0, 1, 1)),),
        (riser_zone("0", box(0, 0, 1, 1)), riser_zone("1", box(3, 3, 4, 4))),
        (riser_zone("0", box(0, 0, 1, 1)), riser_zone("1", box(0, 0, 1, 1), "elevator")),
        (riser_zone("0", box(0, 0, 1, 1), ""), riser_zone("1", box(0, 0, 1, 1), "")),
    ],
    ids=["none", "one end", "apart", "of two kinds", "no riser"],
)
def test_nothing_else_joins_levels(zones: tuple[Zone, ...]) -> None:
    plan = store(ground(box(0, 0, 4, 4)), ground(box(0, 0, 4, 4), "1", 1, 3.0), zones=zones)
    cells = walkable_cells(plan, 1.0)
    assert (cells.level[cells.links_from] == cells.level[cells.links_to]).all()


def test_stairs_do_not_lead_into_a_wall() -> None:
    # A wall through the very centre of the stairs leaves lone cells there; the stairs lead beside it.
    low, high = ground(box(0, 0, 6, 6)), ground(box(0, 0, 6, 6), "1", 1, 3.0)
    zones = (riser_zone("0", box(2, 2, 3, 3)), riser_zone("1", box(2, 2, 3, 3)))
    cells = walkable_cells(store(low, high, zones=zones, walls=[[(2.5, 1), (2.5, 5)]]), 1.0)
    assert np.isfinite(walking_distance_m(cells, np.array([nearest_cell(cells, 0, 5.5, 5.5)]))).all()


def metres(least: float, most: float) -> st.SearchStrategy[float]:
    """As a plan is read."""
    return st.floats(least, most).map(lambda m: round(m, DECIMALS))


RECTANGLES = st.lists(
    st.tuples(metres(0, 9), metres(0, 9), metres(0.05, 4), metres(0.05, 4)).map(
        lambda r: box(r[0], r[1], r[0] + r[2], r[1] + r[3])
    ),
    max_size=6,
)
WALLS = st.lists(
    st.tuples(st.tuples(metres(0, 10), metres(0, 10)), st.tuples(metres(0, 10), metres(0, 10)))
    .filter(lambda w: w[0] != w[1])
    .map(list),
    max_size=5,
)


@examples(60)
@given(shelves=RECTANGLES, walls=WALLS, cell_m=st.sampled_from([0.4, 0.5, 1.0]))
def test_no_cell_stands_and_no_step_goes_where_people_cannot(
    shelves: list[Polygon], walls: list[list[tuple[float, float]]], cell_m: float
) -> None:
    plan = store(ground(box(0, 0, 10, 10)), shelves=shelves, walls=walls)
    if walkable_area(plan, "0").is_empty:
        return
    cells = walkable_cells(plan, cell_m)
    area = walkable_area(plan, "0")
    assert shapely.intersects_xy(area, cells.x_m, cells.y_m).all()
    ends = np.stack([cells.links_from, cells.links_to], axis=1)
    ways = shapely.linestrings(np.stack([cells.x_m[ends], cells.y_m[ends]], axis=2))
    for bar in barriers(plan, "0"):
        assert not shapely.intersects(ways, bar).any()
    assert cells.link_m == pytest.approx(shapely.length(ways))
    assert (cells.graph != cells.graph.T).nnz == 0
    assert (np.diff(cells.links_from) >= 0).all()
    assert len({(a, b) for a, b in ends.tolist()}) == len(ends)


def test_a_last_cell_is_kept_as_long_as_its_centre_is_inside() -> None:
    cells = walkable_cells(store(ground(box(0, 0, 4.4, 2.2))), 0.5)
    assert np.unique(cells.x_m).tolist() == [0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.25]
    assert np.unique(cells.y_m).tolist() == [0.25, 0.75, 1.25, 1.75]


def test_who_stands_behind_a_wall_is_in_the_nearest_cell_seen_up_to_two_cells_away() -> None:
    # the place is at x = 0.9, the wall between it and its own cell's centre; the next centre on its side is 0.5 away
    plan = store(ground(box(0, 0, 4, 1)), walls=[[(0.7, 0), (0.7, 1)]])
    cells = walkable_cells(plan, 1.0)
    assert cells.x_m[standing_cell(plan, cells, "0", 0.9, 0.5)] == 1.5
    # exactly two cells away is still looked at, further is not: then the nearest it is
    far = store(ground(box(0, 0, 6, 1)), walls=[[(1.25, 0), (1.25, 1)], [(0.6, 0), (0.6, 1)], [(3.6, 0), (3.6, 1)]])
    wide = walkable_cells(far, 1.0)
    assert wide.x_m[standing_cell(far, wide, "0", 1.3, 0.5)] == 1.5


@examples(20)
@given(x=st.floats(0, 12), y=st.floats(0, 12))
def test_walking_is_at_most_eight_percent_longer_than_the_straight_way(x: float, y: float) -> None:
    cells = walkable_cells(store(ground(box(0, 0, 12, 12))), 0.5)
    source = nearest_cell(cells, 0, x, y)
    walked = walking_distance_m(cells, np.array([source]))[0]
    straight = np.hypot(cells.x_m - cells.x_m[source], cells.y_m - cells.y_m[source])
    assert (walked >= straight - 1e-4).all()
    assert (walked <= straight * 1.0824 + 1e-4).all()


def test_a_supermarket_is_cut_in_well_under_a_second() -> None:
    shelves = [box(x, y, x + 1, y + 11) for x in range(3, 56, 3) for y in (3, 20)]
    plan = store(ground(box(0, 0, 60, 40)), shelves=shelves)
    started = time.process_time()
    cells = walkable_cells(plan, 0.5)
    assert time.process_time() - started < 20.0  # of the processor; 0.03 s when this was written
    assert len(cells) == 60 * 40 * 4 - len(shelves) * 11 * 4
