"""Two lines a wall's thickness apart are one wall."""

from __future__ import annotations

import math

import pytest
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


@pytest.mark.parametrize(
    ("other", "face"),
    [
        ([(0, 0.6), (10, 0.6)], True),  # as thick as a wall may be
        ([(0, 0.61), (10, 0.61)], False),
        ([(0, 0.03), (10, 0.03)], True),
        ([(0, 0.02), (10, 0.02)], False),  # drawn twice
        ([(6.1, 0.3), (-10, 0.3)], True),  # beside 61 % of the shorter one
        ([(5.9, 0.3), (-10, 0.3)], False),
        ([(3.9, -0.3), (20, -0.3)], True),
        ([(4.1, -0.3), (20, -0.3)], False),
        ([(0, 0.1), (4, 0.1 + 4 * math.tan(math.radians(2.9)))], True),
        ([(0, 0.1), (4, 0.1 + 4 * math.tan(math.radians(3.1)))], False),
        ([(4, 0.3), (0, 0.3)], True),  # a short face beside a long one
    ],
)
def test_how_far_and_how_long_a_face_may_be_beside_another(other: list[tuple[float, float]], face: bool) -> None:
    assert have_two_faces([LineString([(0, 0), (10, 0)]), LineString(other)]) == [face, face]
