"""Maps of others on our floor: corners, turns, feet, pictures, degrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import MapConfig
from engine.ingest.sources.transform import EARTH_M, MapTransform, to_floor
from engine.plan.model import Anchor

metres = st.floats(-500.0, 500.0)


def moved(config: dict[str, object], x: float, y: float) -> tuple[float, float]:
    transform = MapTransform.of(MapConfig.model_validate({"level": "0"} | config))
    at_x, at_y = transform(np.array([x]), np.array([y]))
    return float(at_x[0]), float(at_y[0])


def test_without_points_metres_stay_metres() -> None:
    assert moved({}, 3.0, 4.0) == (3.0, 4.0)


def test_a_picture_counts_from_its_top() -> None:
    assert moved({"y_down": True, "height_m": 10.0}, 3.0, 4.0) == (3.0, 6.0)


def test_two_points_say_unit_turn_and_origin() -> None:
    """A map in feet, turned by a quarter: (0, 0) is our (10, 5), and 100 ft to its right is 30.48 m up."""
    points = [{"theirs": [0, 0], "ours": [10, 5]}, {"theirs": [100, 0], "ours": [10, 35.48]}]
    assert moved({"points": points}, 0.0, 50.0) == pytest.approx((10 - 15.24, 5.0))


@given(x=metres, y=metres, turn=st.floats(0, 6.28), unit=st.floats(0.01, 10), at=st.tuples(metres, metres))
def test_two_points_of_a_picture_carry_all_others(
    x: float, y: float, turn: float, unit: float, at: tuple[float, float]
) -> None:
    """ours = at + unit·R(turn)·(x, -y), told by what it makes of two corners only."""

    def right(px: float, py: float) -> list[float]:
        c, s = math.cos(turn), math.sin(turn)
        return [at[0] + unit * (c * px + s * py), at[1] + unit * (s * px - c * py)]

    points = [{"theirs": [0, 0], "ours": right(0, 0)}, {"theirs": [700, 300], "ours": right(700, 300)}]
    assert moved({"points": points, "y_down": True}, x, y) == pytest.approx(right(x, y), abs=1e-4)


@pytest.mark.parametrize("bearing_deg", [0.0, 90.0, 217.0])
def test_degrees_go_along_the_axes(bearing_deg: float) -> None:
    """100 m along our y axis lie at the anchor's bearing, 100 m along x at 90 degrees more."""
    anchor = Anchor(2.35, 48.85, bearing_deg)
    for ahead, wanted in ((0.0, (0.0, 100.0)), (90.0, (100.0, 0.0))):
        way = math.radians(bearing_deg + ahead)
        north, east = 100.0 * math.cos(way), 100.0 * math.sin(way)
        lat = anchor.lat + math.degrees(north / EARTH_M)
        lon = anchor.lon + math.degrees(east / EARTH_M / math.cos(math.radians(anchor.lat)))
        x, y = to_floor(np.array([lon]), np.array([lat]), anchor)
        assert (float(x[0]), float(y[0])) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"points": [{"theirs": [0, 0], "ours": [0, 0]}]}, "one point says where"),
        ({"points": [{"theirs": [1, 1], "ours": [0, 0]}, {"theirs": [1, 1], "ours": [2, 2]}]}, "same place"),
        ({"y_down": True}, "height_m"),
    ],
)
def test_what_leaves_a_map_open_is_refused(config: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MapConfig.model_validate({"level": "0"} | config)
