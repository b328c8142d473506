"""Ranges that share one factor: told by places alone, and never of metres, however biased."""

from __future__ import annotations

import numpy as np
import pytest

from engine.files.columns import ReadingTable, SurveyTable
from engine.files.joined import PlanReadings, SurveyReadings, readings_for_plan, survey_for_plan
from engine.positioning.doubting.range_units import FACTORS, LEAST_SCANS, find_range_unit
from engine.records import F64
from tests.engine.radio.made import hall

AT = np.array([(3.0, 3.0), (15.0, 2.0), (27.0, 4.0), (4.0, 17.0), (15.0, 18.0), (26.0, 17.0)])
PLAN = hall(*map(tuple, AT.tolist()), width=30.0, depth=20.0)
MANY, SIX = 40, 6


def ranges(many: int = MANY) -> F64:
    """(scans, A) metres, 0.4 m long, that err by 1 m; some arrive late."""
    rng = np.random.default_rng(5)
    place = rng.uniform((1.0, 1.0), (29.0, 19.0), (many, 2))
    flat = np.linalg.norm(place[:, None] - AT, axis=2)
    return np.maximum(
        np.hypot(flat, 1.5) + 0.4 + rng.normal(0.0, 1.0, flat.shape) + rng.exponential(1.0, flat.shape), 0.0
    )


def unit_of(metres: F64) -> str:
    many = len(metres)
    t, ap = np.repeat(3.0 * np.arange(many) + 1.0, SIX), np.tile(np.arange(SIX, dtype=np.int32), many)
    return find_range_unit(PLAN, t, np.zeros(many * SIX, np.int64), ap, metres.ravel())


@pytest.mark.parametrize(
    ("factor", "unit"),
    [
        (3.281, "ranges_in_feet_or_ns"),
        (3.336, "ranges_in_feet_or_ns"),
        (6.671, "ranges_in_rtt_ns"),
        (39.37, "ranges_in_inches"),
        (100.0, "ranges_in_cm"),
        (1000.0, "ranges_in_mm"),
        (6671.0, "ranges_in_rtt_ps"),
        (0.001, "ranges_in_km"),
    ],
)
def test_a_common_factor_is_named_by_its_unit(factor: float, unit: str) -> None:
    assert unit_of(factor * ranges()) == unit


@pytest.mark.parametrize("bias_m", [0.0, 3.0, 6.0, 10.0, 20.0])
@pytest.mark.parametrize("stretch", [0.8, 1.0, 1.5])
def test_metres_are_metres_however_biased(bias_m: float, stretch: float) -> None:
    assert unit_of(stretch * ranges() + bias_m) == ""


def test_one_access_point_in_feet_is_no_unit_of_all() -> None:
    metres = ranges()
    metres[:, 2] /= 0.3048
    assert unit_of(metres) == ""


def test_few_scans_or_scans_of_few_ranges_tell_nothing() -> None:
    assert unit_of(ranges(LEAST_SCANS) * 1000.0) == "ranges_in_mm"
    assert unit_of(ranges(LEAST_SCANS - 1) * 1000.0) == ""
    three = ranges() * 1000.0
    three[:, 3:] = np.nan
    assert unit_of(three) == ""


def test_ranges_that_are_nothing_are_in_no_unit() -> None:
    assert unit_of(ranges() * 0.0) == ""
    assert unit_of(np.full((MANY, SIX), 1e-4)) == ""  # 0.1 m as kilometres


def joined(metres: F64, rssi: float) -> PlanReadings:
    n = metres.size
    names = np.tile([f"ap{a}" for a in range(SIX)], len(metres))
    t, phone, none = np.repeat(3.0 * np.arange(len(metres)) + 1.0, SIX), np.full(n, "phone"), np.full(n, np.nan)
    table = ReadingTable("r.csv", t, phone, names, np.full(n, rssi), metres.ravel(), none, np.full(n, ""))
    return readings_for_plan(table, PLAN)


def test_ranges_in_feet_are_left_aside_and_levels_used() -> None:
    found = joined(ranges() / 0.3048, -60.0)
    assert found.odd.units == ("ranges_in_feet_or_ns", "rssi_all_alike"), "without ranges, levels have to tell places"
    assert np.isnan(found.readings.range_m).all()
    assert len(found.readings) == MANY * SIX
    assert found.warnings == {}
    assert len(joined(ranges() / 0.3048, np.nan).readings) == 0, "ranges alone"


def test_metres_stay_as_they_are() -> None:
    found = joined(ranges(), -60.0)
    assert found.odd.units == ()
    np.testing.assert_array_equal(found.readings.range_m, ranges().ravel().astype(np.float32))


def surveyed(metres: F64, rssi: float) -> SurveyReadings:
    """Noted somewhere: the unit is asked of the ranges themselves, and a survey may be noted from another corner."""
    n = metres.size
    x, y = np.repeat(np.linspace(1.0, 29.0, len(metres)), SIX), np.full(n, 10.0)
    names = np.tile([f"ap{a}" for a in range(SIX)], len(metres))
    level, nameless = np.full(n, "0"), np.full(n, "")
    table = SurveyTable("s.csv", x, y, level, names, np.full(n, rssi), metres.ravel(), np.full(n, np.nan), nameless)
    return survey_for_plan(table, PLAN)


def test_a_survey_in_feet_is_named_and_its_levels_are_used() -> None:
    found = surveyed(ranges() / 0.3048, -60.0)
    assert found.odd.units == ("ranges_in_feet_or_ns", "rssi_all_alike"), "without ranges, levels have to tell places"
    assert np.isnan(found.range_m).all()
    assert len(found) == MANY * SIX
    alone = surveyed(ranges() / 0.3048, np.nan)
    assert (len(alone), alone.odd.counts) == (0, {})


def test_a_survey_in_metres_stays_as_it_is() -> None:
    found = surveyed(ranges(), -60.0)
    assert found.odd.units == ()
    np.testing.assert_array_equal(found.range_m, ranges().ravel())


def test_of_each_unit_something_is_said() -> None:
    from api.cli.locate import _ASKED

    assert set(FACTORS) <= set(_ASKED)
