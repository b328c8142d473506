"""What `rayon calibrate` prints under its table: what the figures are of, and whether the map has them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from api.cli.calibrate import fit_table
from engine.plan.cells import walkable_cells
from engine.radio.calibrate import Calibration, calibrate
from engine.radio.evidence import Evidence
from engine.radio.evidence_sources import hearings_evidence
from engine.records import Hearings
from tests.engine.runtime.made import boutique


@pytest.fixture(scope="module")
def nothing() -> Calibration:
    plan = boutique()
    evidence: Evidence = hearings_evidence(plan, Hearings.empty())
    return calibrate(plan, walkable_cells(plan, 2.0), evidence)


def test_without_known_places_the_table_is_the_plan_s(nothing: Calibration) -> None:
    text = fit_table(boutique(), nothing)
    assert "the plan's own, and the map has them so: no RSSI at known places was used" in text
    assert "no evidence" not in text


@pytest.mark.parametrize(
    ("in_map", "said"),
    [
        (0.0, "the map of RSSI is not made of this fit, and stays as it is without it"),
        (0.31, "the map of RSSI is 31% of this fit, the rest as it is without it"),
        (1.0, "the map of RSSI is made of this fit"),
    ],
)
def test_the_table_says_once_whether_the_map_has_it(nothing: Calibration, in_map: float, said: str) -> None:
    fits = [replace(fit, places=9, rms_before_db=3.0, rms_after_db=2.0) for fit in nothing.fits]
    fits[1] = replace(fits[1], rms_before_db=3.3, rms_after_db=7.0)
    fits[2] = replace(fits[2], places=0, rms_before_db=math.nan, rms_after_db=math.nan)
    lines = fit_table(boutique(), replace(nothing, fits=fits, in_map=in_map)).splitlines()
    assert [line.endswith(said) for line in lines].count(True) == 1
    ranged = fit_table(boutique(), replace(nothing, fits=[replace(fits[0], ranged=9), *fits[1:]], in_map=in_map))
    assert (f"{said}; range biases are the map's\n" in ranged) == (in_map < 1.0), "of ranges alone, and said once"
    assert lines[-1].startswith(f"{fits[1].ap}: worse after than before")


def test_biases_of_ranges_are_shown_where_ranges_were_heard(nothing: Calibration) -> None:
    assert "range bias" not in fit_table(boutique(), nothing), "0.40 m of the plan's own are no finding"
    ranged = replace(nothing, fits=[replace(nothing.fits[0], ranged=9, range_bias_m=0.7), *nothing.fits[1:]])
    head, first, second, *_ = fit_table(boutique(), ranged).splitlines()
    assert head.endswith("  range bias")
    assert first.endswith("  0.70 m")
    assert len(first) == len(second)


def test_of_one_whose_map_has_no_law_none_is_shown(nothing: Calibration) -> None:
    none = replace(nothing.fits[0], p0_dbm=math.nan, exponent=math.nan)
    _, first, second, *_ = fit_table(boutique(), replace(nothing, fits=[none, *nothing.fits[1:]])).splitlines()
    assert first.split() == [none.ap, "0", "-", "-", "-", "-"]
    assert len(first.rstrip()) == len(second), "figures below each other"
