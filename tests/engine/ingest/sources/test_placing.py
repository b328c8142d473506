"""Positions of others on our floor, and what their errors mean."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.config import MapConfig
from engine.ingest.decoders.heard import VendorPosition
from engine.ingest.sources.placing import LEAST_SIGMA_M, UNKNOWN_SIGMA_M, Placed, place
from engine.vocabulary import RecordRefusal
from tests.engine.ingest.sources.made import PHONE, store

ANY = (MapConfig(level="0"),)


def placed(position: dict[str, Any], maps: tuple[MapConfig, ...] = ANY, levels: tuple[str, ...] = ("0",)) -> Any:
    return place(VendorPosition(PHONE, **position), maps, {"shop": store(levels=levels)})


def test_metres_on_the_only_floor() -> None:
    assert placed({"x_m": 3.0, "y_m": 4.0, "error_m": 2.5}) == Placed("shop", 0, 3.0, 4.0, 2.5)


def test_the_radius_of_95_percent_is_a_sigma() -> None:
    """In two dimensions P(r < R) = 1 - exp(-R² / σ²), σ radial: 0.95 at R = σ·sqrt(ln 20)."""
    found = placed({"x_m": 3.0, "y_m": 4.0, "error_m": 10.0, "error_kind": "r95"})
    assert found.sigma_m == pytest.approx(10.0 / math.sqrt(math.log(20.0)), rel=1e-3)


@pytest.mark.parametrize(
    ("error_m", "sigma_m"), [(0.0, UNKNOWN_SIGMA_M), (math.nan, UNKNOWN_SIGMA_M), (0.1, LEAST_SIGMA_M)]
)
def test_no_error_is_a_modest_one(error_m: float, sigma_m: float) -> None:
    assert placed({"x_m": 3.0, "y_m": 4.0, "error_m": error_m}).sigma_m == sigma_m


def test_errors_are_stretched_with_the_map() -> None:
    pixels = MapConfig.model_validate(
        {"level": "0", "points": [{"theirs": [0, 0], "ours": [0, 0]}, {"theirs": [100, 0], "ours": [10, 0]}]}
    )
    found = placed({"x_m": 50.0, "y_m": 20.0, "error_m": 30.0}, (pixels,))
    assert (found.x_m, found.y_m, found.sigma_m) == pytest.approx((5.0, 2.0, 3.0))


def test_maps_go_by_id_name_or_the_end_of_a_hierarchy() -> None:
    maps = (MapConfig(map="g_17", level="0"), MapConfig(map="Niveau 1", level="1"))
    levels = ("0", "1")
    assert placed({"x_m": 1.0, "y_m": 1.0, "map": "G_17"}, maps, levels).level == 0
    assert placed({"x_m": 1.0, "y_m": 1.0, "level": "Mall>Bat A>niveau 1"}, maps, levels).level == 1
    assert placed({"x_m": 1.0, "y_m": 1.0, "map": "g_18"}, maps, levels) is RecordRefusal.UNKNOWN_MAP


def test_degrees_need_an_anchor_and_no_map() -> None:
    found = placed({"lon": 2.35, "lat": 48.85, "error_m": 4.0}, ())
    assert (found.x_m, found.y_m, found.sigma_m) == pytest.approx((0.0, 0.0, 4.0))


def test_what_lies_elsewhere_is_said_to() -> None:
    assert placed({"x_m": 300.0, "y_m": 4.0}) is RecordRefusal.OFF_PLAN
    assert placed({"x_m": 24.0, "y_m": 4.0, "error_m": 3.0}).x_m == 24.0
    assert placed({}) is RecordRefusal.NO_POSITION


def test_an_error_as_large_as_the_floor_says_nothing_of_where() -> None:
    """Half the diagonal of 20 by 10 m is 11.18 m."""
    assert placed({"x_m": 3.0, "y_m": 4.0, "error_m": 11.1}).sigma_m == 11.1
    for error_m in (11.3, 500.0, 1e300):
        assert placed({"x_m": 3.0, "y_m": 4.0, "error_m": error_m}) is RecordRefusal.VAGUE_POSITION


def test_no_error_reaches_further_than_15_m_outside() -> None:
    """5 m and twice 11 m would be 27 m."""
    assert placed({"x_m": 34.9, "y_m": 4.0, "error_m": 11.0}).x_m == 34.9
    assert placed({"x_m": 35.1, "y_m": 4.0, "error_m": 11.0}) is RecordRefusal.OFF_PLAN
