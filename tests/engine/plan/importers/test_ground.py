"""Metres on Earth, and the turn that lays a drawing along its walls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import Polygon

from engine.plan.importers.ground import Ground, Turn, main_direction_deg, of_anchor, turn_to_walls
from engine.plan.model import Anchor
from tests.engine.plan.importers.drawings import box
from tests.examples import examples

L_SHAPE = Polygon([(0, 0), (26, 0), (26, 11), (18, 11), (18, 22), (0, 22)])


@pytest.mark.parametrize(
    ("lat", "per_lon", "per_lat"),
    [
        (0.0, 111_319.49, 110_574.28),
        (48.85, 73_388.0, 111_209.0),
        (60.0, 55_800.0, 111_412.0),
        (-33.9, 92_500.0, 110_925.0),
    ],
)
def test_metres_in_a_degree_are_those_of_the_ellipsoid(lat: float, per_lon: float, per_lat: float) -> None:
    assert Ground(2.0, lat).metres_per_degree == (pytest.approx(per_lon, rel=5e-4), pytest.approx(per_lat, rel=5e-4))


@examples(50)
@given(
    st.floats(-179, 179), st.floats(-80, 80), st.floats(-180, 180), st.floats(-500, 500), st.floats(-500, 500)
)  # fmt: skip
def test_there_and_back(lon: float, lat: float, bearing: float, x: float, y: float) -> None:
    ground, turn = of_anchor(Anchor(lon, lat, bearing))
    back = turn.apply(ground.to_metres(ground.to_degrees(turn.undo(np.array([[x, y]])))))
    assert back[0] == pytest.approx([x, y], abs=1e-5)


def test_the_bearing_is_where_the_y_axis_points() -> None:
    ground, turn = of_anchor(Anchor(2.0, 48.0, 90.0))  # y to the east, so x to the south
    ((lon, lat),) = ground.to_degrees(turn.undo(np.array([[0.0, 100.0]]))).tolist()
    assert (lon > 2.001, lat) == (True, pytest.approx(48.0, abs=1e-9))
    assert Turn((0.0, 0.0), -90.0).anchor(Ground(2.0, 48.0)) == Anchor(2.0, 48.0, 90.0)


@examples(50)
@given(st.floats(-44.9, 44.9), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_a_drawing_is_laid_along_its_walls_with_its_corner_at_the_origin(angle: float, dx: float, dy: float) -> None:
    drawn = affinity.translate(affinity.rotate(L_SHAPE, angle, origin=(0, 0)), dx, dy)
    assert main_direction_deg([drawn]) == pytest.approx(angle, abs=1e-6)
    turn = turn_to_walls([drawn], turned=True)
    laid = turn.apply(np.asarray(drawn.exterior.coords))
    assert laid.min(axis=0) == pytest.approx([0, 0], abs=1e-2)
    assert laid.max(axis=0) == pytest.approx([26, 22], abs=1e-2)
    assert turn_to_walls([drawn], turned=False).angle_deg == 0.0


def test_a_round_floor_has_no_direction() -> None:
    circle = Polygon([(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * np.pi, 9)[:-1]])
    assert abs(main_direction_deg([circle])) <= 45
    assert abs(main_direction_deg([Polygon(box(0, 0, 2, 2))])) < 1e-9


def test_walls_count_by_their_length_over_all_outlines_and_heights_do_not() -> None:
    """Sides of 3 m at 10 degrees and of 1 m at 70: four times as much is 40 and 280."""
    a, b = math.radians(10), math.radians(70)
    ends = np.cumsum([[0, 0], [3 * math.cos(a), 3 * math.sin(a)], [math.cos(b), math.sin(b)]], axis=0)
    leaning = Polygon([(x, y, 2.5) for x, y in [*ends, ends[2] - ends[1]]])
    four = 3 * np.exp(1j * math.radians(40)) + np.exp(1j * math.radians(280))
    assert main_direction_deg([leaning]) == pytest.approx(math.degrees(np.angle(four)) / 4)
    eight = Polygon([(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * np.pi, 9)[:-1]])
    assert main_direction_deg([eight]) == 0.0, "directions that cancel out are none"
    turn = turn_to_walls([Polygon(box(4, 7, 9, 9)), Polygon([(x, y, 1.0) for x, y in box(5, 3, 6, 4)])], turned=False)
    assert (turn.origin, turn.angle_deg) == ((4.0, 3.0), 0.0)


def test_an_anchor_is_said_to_a_tenth_of_a_millimetre_and_a_ten_thousandth_of_a_degree() -> None:
    anchor = Turn((0.0, 0.0), 12.34567).anchor(Ground(2.1234567891, 48.9876543219))
    assert anchor == Anchor(2.123456789, 48.987654322, -12.3457)
    assert math.copysign(1.0, Turn((0.0, 0.0), 0.0).anchor(Ground(2.0, 48.0)).bearing_deg) == 1.0
