"""What of a survey a frame is judged by: squares, shares, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.plan.model import AccessPoint, Level, Plan
from engine.radio.evidence import SHADOW_M, EvidenceKind
from engine.radio.frames import heard as room
from engine.radio.frames.heard import LEAST_SQUARES, HeardRows, rows_of, survey_rows
from tests.engine.radio.made import evidence, hall

ONE = hall((1.0, 1.0), (9.0, 9.0))
ABOVE = Level("1", 1, "Above", 3.0, 3.0, ONE.levels[0].polygon)
TWO = replace(
    ONE,
    levels=(*ONE.levels, ABOVE),
    access_points=(*ONE.access_points, AccessPoint("up", "1", 5.0, 5.0, 2.7, "", None, None)),
)


def told(plan: Plan, x_m: list[float], **columns: Any) -> HeardRows:
    n = len(x_m)
    given = {"ranged": False, "ap": 0, "source": 0, "level": 0, "y_m": 0.5, "value": -60.0} | columns
    types = {"ranged": np.bool_, "ap": np.int32, "source": np.int32, "level": np.int32}
    own = {k: np.broadcast_to(np.asarray(v, types.get(k, np.float64)), n) for k, v in given.items()}
    return rows_of(plan, x_m=np.array(x_m), **own)


def apart(n: int) -> list[float]:
    return [SHADOW_M * i + 0.5 for i in range(n)]


@pytest.mark.parametrize(("squares", "rows"), [(LEAST_SQUARES - 1, 0), (LEAST_SQUARES, LEAST_SQUARES)])
def test_an_access_point_of_few_squares_fits_any_frame(squares: int, rows: int) -> None:
    assert len(told(ONE, apart(squares))) == rows
    # twice in each square is no more than once
    assert len(told(ONE, apart(squares) * 2)) == rows


def test_what_one_device_says_in_one_square_is_one_row_its_mean() -> None:
    x = [0.5, 2.5, *apart(5)[1:]]
    found = told(ONE, x, value=[-50.0, -60.0, -70.0, -70.0, -70.0, -70.0], y_m=[0.1, 0.3, 0.5, 0.5, 0.5, 0.5])
    assert len(found) == 5
    assert (found.x_m[0], found.y_m[0], found.value[0]) == (1.5, pytest.approx(0.2), -55.0)
    assert found.weight.tolist() == [1.0] * 5


def test_devices_in_one_square_count_together_as_one() -> None:
    """The second device was in the first two squares and in two more: those it shares count a half each."""
    first, second = apart(4), [*apart(2), *(x + 60.0 for x in apart(2))]
    found = told(ONE, first + second, source=[0] * 4 + [1] * 4)
    of = {0: found.weight[found.group == 0].tolist(), 1: found.weight[found.group == 1].tolist()}
    assert of == {0: [0.5, 0.5, 1.0, 1.0], 1: [0.5, 0.5, 1.0, 1.0]}


def test_access_points_of_other_levels_and_what_was_not_heard_are_left_out() -> None:
    assert len(told(TWO, apart(4), ap=0, level=0)) == 4
    assert len(told(TWO, apart(4), ap=2, level=0)) == 0
    assert len(told(TWO, apart(4), ap=2, level=1)) == 4
    assert len(told(ONE, apart(5), value=[-60.0, np.nan, -60.0, -60.0, -60.0])) == 4
    assert len(told(ONE, apart(4), value=[-60.0, np.nan, -60.0, -60.0])) == 0
    assert len(told(ONE, apart(4), value=[5.0, np.inf, 5.0, 5.0], ranged=True)) == 0


@pytest.mark.parametrize(("most", "left"), [(8, 8), (7, 4), (4, 4), (3, 3), (2, 2)])
def test_of_many_rows_some_are_looked_at_evenly(monkeypatch: pytest.MonkeyPatch, most: int, left: int) -> None:
    """Of eight every one, every second, third or fourth: never more than MOST_ROWS."""
    monkeypatch.setattr(room, "MOST_ROWS", most)
    found = told(ONE, apart(8))
    assert len(found) == left
    assert np.ptp(np.diff(found.x_m)) == pytest.approx(0.0)


def test_levels_and_ranges_of_a_survey_are_two_groups_and_hearings_none() -> None:
    known = evidence(
        [0] * 5,
        kind=[EvidenceKind.SURVEYED] * 4 + [EvidenceKind.ACCESS_POINT],
        x_m=apart(5),
        range_m=[3.0, 4.0, 5.0, 6.0, 7.0],
    )
    found = survey_rows(ONE, known)
    assert len(found) == 8
    assert found.ranged.tolist() == [False] * 4 + [True] * 4
    assert found.value.tolist() == [-60.0] * 4 + [3.0, 4.0, 5.0, 6.0]
    assert len(set(found.group.tolist())) == 2
