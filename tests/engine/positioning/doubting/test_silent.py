"""Access points that heard nothing: who should have is named, who hangs far from everybody is not."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.doubting.silent import find_silent
from engine.positioning.fix_points import PlainFixes
from engine.radio.radiomap import prior_map
from engine.records import F64, Bools
from tests.engine.radio.made import hall

APS = ((2.0, 2.0), (28.0, 18.0), (15.0, 10.0), (28.0, 2.0), (2.0, 18.0), (195.0, 10.0))
PLAN = hall(*APS, width=200.0, depth=20.0)
CELLS = walkable_cells(PLAN, 1.0)
MAP = prior_map(PLAN, CELLS)
AT = np.array([(x, y) for x in np.arange(1.5, 60.0, 3.0) for y in np.arange(1.5, 20.0, 3.0)])
HEARD_M = 40.0


def fixes_at(at: F64, devices: int = 1) -> PlainFixes:
    n = len(at)
    zero = np.zeros(n, np.int32)
    device = np.arange(n, dtype=np.uint64) % devices
    return PlainFixes(np.arange(n, dtype=float), device, zero, at[:, 0], at[:, 1], np.zeros((n, 2, 2)), zero)


def heard_at(plan: Plan, at: F64, mute: tuple[int, ...] = ()) -> Bools:
    """Within HEARD_M, but for those that are `mute`."""
    away_m = np.array([[np.hypot(x - p.x_m, y - p.y_m) for p in plan.access_points] for x, y in at])
    return (away_m < HEARD_M) & ~np.isin(np.arange(len(plan.access_points)), mute)


def silent(at: F64, mute: tuple[int, ...] = (), devices: int = 1) -> dict[int, float]:
    return find_silent(CELLS, MAP, fixes_at(at, devices), heard_at(PLAN, at, mute))


def test_who_hangs_far_from_everybody_is_silent_for_that() -> None:
    assert not heard_at(PLAN, AT)[:, 5].any()
    assert silent(AT) == {}


def test_who_hangs_amid_devices_that_the_others_hear_is_named() -> None:
    found = silent(AT, mute=(2,))
    assert list(found) == [2]
    assert 10 <= found[2] <= len(AT)
    assert 2 in silent(AT, mute=(0, 2))


def test_where_nobody_hears_anything_nobody_is_named() -> None:
    assert silent(AT, mute=tuple(range(6))) == {}
    assert find_silent(CELLS, MAP, fixes_at(AT[:0]), heard_at(PLAN, AT)[:0]) == {}


@pytest.mark.parametrize(("devices", "named"), [(1, False), (40, True)])
def test_one_place_tells_once_however_often_somebody_is_heard_there(devices: int, named: bool) -> None:
    """A phone that lies on a counter all day may lie in the shadow of one access point; of forty all cannot."""
    few = np.tile(AT[np.argsort(np.hypot(AT[:, 0] - 15.0, AT[:, 1] - 10.0))[:8]], (40, 1))
    at = np.concatenate([few, AT[AT[:, 0] > 45]])  # those in between say how often what is faint is heard
    assert (2 in silent(at, mute=(2,), devices=devices)) == named
