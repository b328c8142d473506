"""Places told in another frame than the plan's: which it is, and that honest places are in none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.model import Plan
from engine.radio.frames.frame import NOWHERE
from engine.radio.frames.heard import HeardRows, rows_of
from engine.radio.frames.told import Sureness, other_frame
from engine.records import F64
from tests.engine.radio.made import hall

APS = ((5.0, 5.0), (15.0, 4.0), (25.0, 6.0), (5.0, 15.0), (16.0, 16.0), (24.0, 15.0))
GRID = np.array([(x, y) for x in np.arange(1.5, 30.0, 4.0) for y in np.arange(1.5, 20.0, 4.0)])
SHIFT = "shifted by one vector"
Aps = tuple[tuple[float, float], ...]


def signals(exponent: float = 2.4, wall_db: float = 0.0, aps: Aps = APS, at: F64 = GRID) -> F64:
    """(n, A) dBm at places: -40 at a metre, a wave of 3 dB some metres long for shadows, and a wall along y = 10."""
    out = np.empty((len(at), len(aps)))
    for a, (x, y) in enumerate(aps):
        distance = np.sqrt((at[:, 0] - x) ** 2 + (at[:, 1] - y) ** 2 + 1.5**2)
        shadow = 3.0 * np.sin(at[:, 0] / 1.7 + 2.0 * a) * np.cos(at[:, 1] / 1.9 + a)
        behind = (at[:, 1] > 10.0) != (y > 10.0)
        out[:, a] = -40.0 - 10.0 * exponent * np.log10(distance) + shadow - wall_db * behind
    return out


def rows(plan: Plan, told: F64, heard: F64, ranged: bool = False) -> HeardRows:
    """As one device tells them."""
    n, n_ap = heard.shape
    none = np.zeros(n * n_ap, np.int32)
    return rows_of(
        plan, ranged=none.astype(np.bool_) | ranged, ap=np.tile(np.arange(n_ap, dtype=np.int32), n), source=none,
        level=none, x_m=np.repeat(told[:, 0], n_ap), y_m=np.repeat(told[:, 1], n_ap), value=heard.ravel(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> Plan:
    return hall(*APS, width=30.0, depth=20.0)


@pytest.mark.parametrize(
    ("kind", "turn", "off", "ranged"),
    [
        ("mirrored in x", [[-1, 0], [0, 1]], (30.0, 0.0), False),
        ("mirrored in y", [[1, 0], [0, -1]], (0.0, 20.0), False),
        ("mirrored in y", [[1, 0], [0, -1]], (0.0, 20.0), True),
        ("turned by half", [[-1, 0], [0, -1]], (30.0, 20.0), False),
        ("x and y swapped", [[0, 1], [1, 0]], (0.0, 0.0), False),
        ("x and y swapped", [[0, 1.5], [1 / 1.5, 0]], (0.0, 0.0), False),
        ("turned by a quarter", [[0, 1], [-1, 0]], (0.0, 30.0), False),
        ("turned by a quarter", [[0, -1], [1, 0]], (20.0, 0.0), True),
        ("turned by a quarter", [[0, 1.5], [-1 / 1.5, 0]], (0.0, 20.0), False),
        ("turned by a quarter", [[0, -1.5], [1 / 1.5, 0]], (30.0, 0.0), False),
        ("x and y swapped and turned by half", [[0, -1], [-1, 0]], (20.0, 30.0), False),
        ("x and y swapped and turned by half", [[0, -1.5], [-1 / 1.5, 0]], (30.0, 20.0), False),
        ("stretched", [[1.6, 0], [0, 1.6]], (-9.0, -6.0), False),
        ("turned by an angle", [[0.866, -0.5], [0.5, 0.866]], (7.0, -6.2), False),
        (SHIFT, [[1, 0], [0, 1]], (5.0, 0.0), False),
        (SHIFT, [[1, 0], [0, 1]], (3.0, -4.0), True),
    ],
)
def test_the_frame_is_named_and_says_where_the_places_are(
    plan: Plan, kind: str, turn: list[list[float]], off: tuple[float, float], ranged: bool
) -> None:
    told = GRID @ np.array(turn, float).T + off
    distance = np.sqrt(((GRID[:, None] - np.array(APS)) ** 2).sum(axis=2) + 1.5**2)
    own = rows(plan, told, distance + 0.5 if ranged else signals(), ranged)
    found = other_frame(plan, own)
    assert found is not None
    assert found.kind == kind
    there = np.column_stack(found.right(np.zeros(len(told), np.int32), *told.T))
    assert float(np.abs(there - GRID).max()) < 1.5
    if kind == SHIFT:
        assert found.shift_m == pytest.approx([-off[0], -off[1]], abs=0.6)


@pytest.mark.parametrize(("exponent", "wall_db"), [(1.3, 0.0), (2.4, 12.0), (3.8, 0.0)])
def test_honest_places_are_in_the_plan_s_frame_whatever_the_law(plan: Plan, exponent: float, wall_db: float) -> None:
    assert other_frame(plan, rows(plan, GRID, signals(exponent, wall_db))) is None


def test_one_access_point_that_hangs_elsewhere_is_no_other_frame() -> None:
    moved = hall((14.0, 13.0), *APS[1:], width=30.0, depth=20.0)
    assert other_frame(moved, rows(moved, GRID, signals())) is None


def test_a_square_hall_s_quarter_turns_and_diagonals_are_named() -> None:
    """What was told at (x, y) is what signals of (y, 20 - x), (20 - y, x) and (20 - y, 20 - x) say."""
    square = tuple((min(x, 19.0), y) for x, y in ((3.0, 5.0), (11.0, 4.0), (18.0, 9.0), (5.0, 15.0), (14.0, 17.0)))
    plan, at = hall(*square, width=20.0, depth=20.0), GRID[GRID[:, 0] < 20.0]
    x, y = at.T
    heard = signals(aps=square, at=at)
    for told, kind in (
        (np.column_stack([20.0 - y, x]), "turned by a quarter"),
        (np.column_stack([y, 20.0 - x]), "turned by a quarter"),
        (np.column_stack([y, x]), "x and y swapped"),
        (np.column_stack([20.0 - y, 20.0 - x]), "x and y swapped and turned by half"),
    ):
        found = other_frame(plan, rows(plan, told, heard))
        assert found is not None
        assert found.kind == kind
        there = np.column_stack(found.right(np.zeros(len(told), np.int32), *told.T))
        assert float(np.abs(there - at).max()) < 2.5


def test_what_has_nothing_to_do_with_distance_is_in_no_frame(plan: Plan) -> None:
    """All the same, told at each other's places, and heard of each other's access points: the last agree with
    themselves, and fit no frame. A few places are no proof."""
    mixed = np.random.default_rng(4).permutation(len(GRID))
    for heard in (np.full((len(GRID), 6), -60.0), signals()[mixed], signals()[:, [1, 0, 3, 2, 5, 4]]):
        found = other_frame(plan, rows(plan, GRID, heard))
        assert found is not None
        assert (found.kind, found.off_m) == (NOWHERE, 0.0)
        assert found.odds >= 3.0
    few = mixed[:5]
    assert other_frame(plan, rows(plan, GRID[:5], signals()[few])) is None


def test_two_access_points_are_no_majority() -> None:
    plan = hall(*APS[:2], width=30.0, depth=20.0)
    mirrored = np.column_stack([30.0 - GRID[:, 0], GRID[:, 1]])
    assert other_frame(plan, rows(plan, mirrored, signals(aps=APS[:2]))) is None


def test_a_vector_is_named_as_far_as_it_is_beyond_its_error(plan: Plan) -> None:
    own = rows(plan, GRID + np.array([4.0, 0.0]), signals())
    found = other_frame(plan, own, Sureness(off_m=1.0))
    assert found is not None
    assert found.off_m == pytest.approx(4.0, abs=0.4)
    for unsure in (Sureness(off_m=4.0), Sureness(least_m=4.5), Sureness(votes=1.01)):
        assert other_frame(plan, own, unsure) is None
    odds = found.odds
    assert other_frame(plan, own, asked=round(np.exp(odds - 12.5))) is not None
    assert other_frame(plan, own, asked=round(np.exp(odds - 11.5))) is None
    assert other_frame(plan, rows(plan, GRID + np.array([1.0, 0.0]), signals())) is None


def test_places_are_turned_about_their_own_level(plan: Plan) -> None:
    low, high = plan.levels[0], replace(plan.levels[0], id="1", ordinal=1, floor_z_m=3.0)
    two = replace(plan, levels=(low, high))
    found = other_frame(two, rows(two, np.column_stack([30.0 - GRID[:, 0], GRID[:, 1]]), signals()))
    assert found is not None
    assert found.about.tolist() == found.onto.tolist() == [[15.0, 10.0], [15.0, 10.0]]
