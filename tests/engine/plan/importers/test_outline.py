"""The floor that walls stand around, and the gaps in it."""

from __future__ import annotations

from shapely.geometry import LineString

from engine.plan.importers.outline import outline_of_walls

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
