"""Two lines a wall's thickness apart are one wall."""

from __future__ import annotations

from shapely.geometry import LineString

from engine.plan.importers.faces import have_two_faces


def test_faces_are_parallel_near_and_beside_each_other() -> None:
    walls = [
        LineString([(0, 0), (10, 0)]),
        LineString([(9.8, 0.2), (0.2, 0.2)]),  # the other face of the first, drawn the other way
        LineString([(0, 2), (10, 2)]),  # a wall of its own
        LineString([(0, 0), (0, 2)]),  # touches two of them at right angles
        LineString([(10.1, 0.2), (20, 0.2)]),  # goes on where the second ends
        LineString([(0, 2), (5, 2)]),  # one of them drawn twice: no thickness
    ]
    assert have_two_faces(walls) == [True, True, False, False, False, False]


def test_one_wall_has_one_face() -> None:
    assert have_two_faces([LineString([(0, 0), (10, 0)])]) == [False]
    assert have_two_faces([]) == []
