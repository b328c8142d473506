"""Where a place lies that was told in another frame: corners of a hall of 30 x 20 m, by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from shapely.affinity import translate
from shapely.geometry import box

from engine.plan.model import Level
from engine.radio.frames.frame import ANGLES, ASKEW, SCALES, SHIFTED, STRETCHED, SWAPPED, TURNED, OtherFrame, frames_of
from tests.engine.radio.made import hall

PLAN = hall((1.0, 1.0), width=30.0, depth=20.0)


def right(frame: OtherFrame, x: float, y: float, level: int = 0) -> tuple[float, float]:
    there = frame.right(np.array([level], np.int32), np.array([x]), np.array([y]))
    return round(float(there[0][0]), 6), round(float(there[1][0]), 6)


def test_all_frames_are_tried_once_the_plan_s_own_first() -> None:
    frames = list(frames_of(PLAN))
    assert frames[0].kind == SHIFTED
    assert right(frames[0], 4.0, 7.0) == (4.0, 7.0)
    # three mirrors; four sheets on their side, as they are and stretched to fit; angles; scales
    assert Counter(f.kind for f in frames)[ASKEW] == len(ANGLES)
    assert Counter(f.kind for f in frames)[STRETCHED] == len(SCALES)
    assert len(frames) == 1 + 3 + 8 + len(ANGLES) + len(SCALES)
    square = list(frames_of(hall((1.0, 1.0), width=20.0, depth=20.0)))
    assert len(square) == len(frames) - 4  # nothing to stretch


@pytest.mark.parametrize(
    ("kind", "there"),
    [("mirrored in x", (26.0, 7.0)), ("mirrored in y", (4.0, 13.0)), ("turned by half", (26.0, 13.0))],
)
def test_mirrors_are_about_the_middle(kind: str, there: tuple[float, float]) -> None:
    frame = next(f for f in frames_of(PLAN) if f.kind == kind)
    assert right(frame, 4.0, 7.0) == there
    assert right(frame, *there) == (4.0, 7.0)


def test_a_sheet_that_lay_sideways_has_its_low_corner_where_the_plan_has_it() -> None:
    """It is 20 wide and 30 deep: its corner (20, 30) is the plan's (30, 20), or stretched to 30 x 20 (30, 20) is."""
    swapped = [f for f in frames_of(PLAN) if f.kind == SWAPPED]
    assert [right(f, 0.0, 0.0) for f in swapped] == [(0.0, 0.0)] * 2
    assert right(swapped[0], 20.0, 30.0) == (30.0, 20.0)
    assert right(swapped[0], 4.0, 7.0) == (7.0, 4.0)
    assert right(swapped[1], 30.0, 20.0) == (30.0, 20.0)
    assert right(swapped[1], 6.0, 8.0) == (12.0, 4.0)  # y of 20 becomes x of 30, x of 30 becomes y of 20


def test_a_quarter_to_either_side() -> None:
    turned = [f for f in frames_of(PLAN) if f.kind == TURNED]
    assert {right(f, 0.0, 0.0) for f in turned[:2]} == {(30.0, 0.0), (0.0, 20.0)}
    assert {right(f, 20.0, 0.0) for f in turned[:2]} == {(30.0, 20.0), (0.0, 0.0)}


@pytest.mark.parametrize("scale", SCALES)
def test_scales_are_about_the_middle(scale: float) -> None:
    frame = next(f for f in frames_of(PLAN) if f.kind == STRETCHED and f.turn[0, 0] == scale)
    assert right(frame, 15.0, 10.0) == (15.0, 10.0)
    assert right(frame, 16.0, 8.0) == (15.0 + scale, 10.0 - 2 * scale)


def test_an_angle_turns_about_the_middle_against_the_clock() -> None:
    frame = [f for f in frames_of(PLAN) if f.kind == ASKEW][-1]  # 60 degrees
    assert right(frame, 25.0, 10.0) == (20.0, round(10.0 + 10.0 * np.sin(np.radians(60)), 6))


def test_each_level_has_its_own_middle() -> None:
    above = Level("1", 1, "Above", 3.0, 3.0, translate(box(0, 0, 30, 20), 100.0, 50.0))
    mirror = next(f for f in frames_of(replace(PLAN, levels=(*PLAN.levels, above))) if f.kind == "mirrored in x")
    assert right(mirror, 4.0, 7.0) == (26.0, 7.0)
    assert right(mirror, 104.0, 57.0, level=1) == (126.0, 57.0)


def test_a_common_vector_comes_on_top() -> None:
    moved = replace(next(frames_of(PLAN)), shift_m=np.array([3.0, -4.0]))
    assert moved.off_m == 5.0
    assert right(moved, 1.0, 9.0) == (4.0, 5.0)
    assert next(frames_of(PLAN)).off_m == 0.0
