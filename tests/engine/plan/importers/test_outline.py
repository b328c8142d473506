"""The floor that walls stand around, and the gaps in it."""

from __future__ import annotations

import pytest
import shapely
from shapely.geometry import LineString

from engine.errors import OperatorError
from engine.plan.importers import outline
from engine.plan.importers.notes import Notes
from engine.plan.importers.outline import outline_of_walls, refuse_tangle

Spot = tuple[float, float]


def walls(*lines: list[Spot]) -> list[LineString]:
    return [LineString(line) for line in lines]


def test_walls_with_gaps_are_joined_over_them() -> None:
    drawn = walls([(8.5, 12), (0, 12), (0, 0), (20, 0), (20, 5)], [(20, 7), (20, 12), (11.5, 12)], [(15, 0), (15, 4)])
    found = outline_of_walls(drawn)
    assert found is not None
    assert found.polygon.equals(LineString([(0, 0), (20, 0), (20, 12), (0, 12), (0, 0)]).envelope)
    assert sorted(round(gap.length, 3) for gap in found.gaps) == [2, 3]
    assert len(found.polygon.exterior.coords) == 5  # corners that are none are left out


def test_a_gap_between_rooms_is_no_way_in() -> None:
    ring: list[Spot] = [(0, 0), (20, 0), (20, 12), (0, 12), (0, 0)]
    found = outline_of_walls(walls(ring, [(10, 0), (10, 4)], [(10, 6), (10, 12)]))
    assert found is not None
    assert (found.polygon.area, found.gaps) == (240, [])


def test_walls_that_nearly_meet_meet() -> None:
    drawn = walls([(0.2, 0), (19.9, 0)], [(20, 0.1), (20, 12)], [(19.8, 12), (0, 12)], [(0, 11.9), (0, 0.3)])
    found = outline_of_walls(drawn)
    assert found is not None
    assert abs(found.polygon.area - 240) < 2
    assert found.gaps == []


def test_a_gap_in_a_corner_is_closed_by_widening() -> None:
    found = outline_of_walls(walls([(3, 0), (20, 0), (20, 12), (0, 12), (0, 2)]))
    assert found is not None
    assert 234 <= found.polygon.area <= 240.1  # the corner itself may be cut off
    assert len(found.gaps) == 1


def test_walls_around_nothing() -> None:
    assert outline_of_walls([]) is None


def front(gap_m: float, aside_m: float = 0.0) -> list[LineString]:
    """20 by 12 m, with a gap in the front from 1 m on whose other side is `aside_m` further out."""
    begin, end = (1.0, 0.0), (1.0 + gap_m, -aside_m)
    return walls([begin, (0, 0), (0, 12), (20, 12), (20, -aside_m), end])


@pytest.mark.parametrize(
    ("gap_m", "aside_m", "gaps"),
    [
        (0.59, 0.0, []),  # no door: drawn carelessly
        (0.6, 0.0, [0.6]),
        (8.0, 0.0, [8.0]),
        (2.0, 0.17, [2.007]),  # 4.9 degrees out of line
    ],
)
def test_a_gap_is_as_wide_as_a_door_or_a_shop_front_and_straight(
    gap_m: float, aside_m: float, gaps: list[float]
) -> None:
    found = outline_of_walls(front(gap_m, aside_m))
    assert found is not None
    assert [round(gap.length, 3) for gap in found.gaps] == gaps
    assert found.polygon.area == pytest.approx(240 + aside_m * 18, abs=0.5)


@pytest.mark.parametrize(("gap_m", "closed"), [(8.0, True), (8.1, False)])
def test_what_stands_open_wider_than_the_widest_front_is_no_floor(gap_m: float, closed: bool) -> None:
    """In a side, and as far along both walls of a corner."""
    corner = walls([(gap_m, 0), (20, 0), (20, 20), (0, 20), (0, gap_m)])
    assert (outline_of_walls(front(gap_m)) is not None) is closed
    assert (outline_of_walls(corner) is not None) is closed


def test_an_end_is_the_side_of_one_gap_and_the_narrowest_goes_first() -> None:
    """A wall ends at 6 m; two others end in line with it, at 8 m and behind that at 9 m."""
    ends = walls([(0, 0), (6, 0)], [(9, -0.1), (20, -0.1)], [(8, 0.05), (20, 0.05)])
    found = outline._gaps(shapely.union_all(ends, grid_size=0.001))
    assert [sorted(gap.coords) for gap in found] == [[(6, 0), (8, 0.05)]]


def test_ends_out_of_line_are_no_gap_of_their_own() -> None:
    found = outline_of_walls(front(2.0, 0.18))  # 5.1 degrees: the floor is closed up, and what is left open is narrower
    assert found is not None
    assert [gap.length < 1.9 for gap in found.gaps] == [True]


@pytest.mark.parametrize(("short_m", "meets"), [(0.34, True), (0.36, False)])
def test_an_end_meets_a_wall_a_third_of_a_metre_away(short_m: float, meets: bool) -> None:
    """A wall across the shop that ends short of the one behind it."""
    ring = walls([(0, 0), (20, 0), (20, 12), (0, 12), (0, 0)])
    across = walls([(10, 0), (10, 12 - short_m)])
    bridged = outline._bridges(shapely.union_all([*ring, *across], grid_size=0.001))
    assert [line.length == pytest.approx(short_m) for line in bridged] == [True] * meets


def crossing(n: int) -> list[LineString]:
    return walls(*([(0.0, 0.0), (10.0, float(i))] for i in range(n)))


@pytest.mark.parametrize(
    ("drawn", "refused"),
    [
        (crossing(5), False),  # 25 meetings, of 2 and five for each wall
        (crossing(6), True),
        (walls(*([(0.0, 0.5 * i), (9.0, 0.5 * i)] for i in range(34))), False),  # 3 n - 2 near each other, of 100
        (walls(*([(0.0, 0.5 * i), (9.0, 0.5 * i)] for i in range(35))), True),
        (walls(*([(0.0, 2.0 * i), (9.0, 2.0 * i)] for i in range(40))), False),
        (walls(*([(0.0, 2.0 * i), (9.0, 2.0 * i)] for i in range(41))), True),  # too many by themselves
    ],
)
def test_walls_on_walls_are_refused(drawn: list[LineString], refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "MOST_CROSSINGS", 2)
    monkeypatch.setattr(outline, "MOST_WALLS", 40)
    notes = Notes("a.dxf")
    if not refused:
        return refuse_tangle(drawn, notes)
    with pytest.raises(OperatorError):
        refuse_tangle(drawn, notes)
    return None


@pytest.mark.parametrize(("side_m", "found"), [(1.1, True), (1.3, True), (0.9, False)])
def test_what_is_closed_up_has_a_square_metre_at_least(side_m: float, found: bool) -> None:
    """A box whose corner is open: less is a duct or a pillar, and no floor."""
    box = outline_of_walls(walls([(0.7, 0), (side_m, 0), (side_m, side_m), (0, side_m), (0, 0.2)]))
    assert (box is not None) is found
    if box is not None:
        assert side_m**2 - 0.7 * 0.2 - 1e-6 <= box.polygon.area <= side_m**2, "the corner itself may be cut off"
