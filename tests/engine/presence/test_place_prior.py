"""The prior of places: what it learns from pauses that can be counted by hand, and that it goes on after a restart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from shapely.geometry import Point, box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Level, Opening, Plan, Zone
from engine.presence.pauses import LEAST_S, STILL_M, Pauses
from engine.presence.place_prior import FEWEST, RELEARN_S, PlacePrior, learn_shares
from engine.presence.places import places_of, weigh_cells
from engine.records import Fixes


def store() -> tuple[Plan, Cells]:
    """12 x 4 m: two zones of 3 m with floor between and around, a till at the far end."""
    zones = tuple(Zone(name, "0", name, "", box(x, 0, x + 3, 4)) for name, x in (("tea", 0.0), ("jam", 6.0)))
    plan = Plan(
        "s",
        "S",
        "UTC",
        "EUR",
        None,
        (Level("0", 0, "", 3.0, 0.0, box(0, 0, 12, 4)),),
        zones=zones,
        openings=(Opening("till", "0", "checkout", Point(12, 2)),),
    )
    return plan, walkable_cells(plan, 0.5)


def around(cells: Cells, x: float, y: float, sd: float = 1.5) -> np.ndarray:
    """A posterior about a place."""
    p = np.exp(-((cells.x_m - x) ** 2 + (cells.y_m - y) ** 2) / (2 * sd**2))
    return np.asarray(p / p.sum(), np.float32)


def fixes(cells: Cells, rows: list[tuple[int, float, float]]) -> Fixes:
    """(device, time, x) in the middle of the store's depth."""
    n = len(rows)
    x = np.array([r[2] for r in rows])
    posterior = np.stack([around(cells, v, 2.0) for v in x])
    return Fixes(
        np.array([r[1] for r in rows]),
        np.array([r[0] for r in rows], np.uint64),
        np.zeros(n, np.int32),
        posterior @ cells.x_m,
        posterior @ cells.y_m,
        np.tile(np.eye(2) * 2.0, (n, 1, 1)),
        np.full(n, 4, np.int32),
        posterior,
    )


def pauses_at(x: float, first: int, count: int, t: float = 0.0) -> list[tuple[int, float, float]]:
    """Devices that stand at a place for 12 s."""
    return [(first + d, t + s, x) for s in (0.0, 4.0, 8.0, 12.0) for d in range(count)]


def test_a_till_is_no_zone_and_what_is_left_is_floor() -> None:
    plan, cells = store()
    places = places_of(plan, cells)
    assert places.name == ("opening till", "zone tea", "zone jam", "floor 0")
    np.testing.assert_allclose(places.within.sum(axis=0), 1.0, rtol=1e-5)
    assert places.planned.sum() == pytest.approx(1.0)
    even = places.occupancy(places.planned)
    np.testing.assert_allclose(even, 1.0, rtol=1e-4)  # without products nothing speaks for any cell


def test_one_vote_a_pause_however_long() -> None:
    _, cells = store()
    pauses = Pauses(2)
    short = fixes(cells, pauses_at(1.5, 1, 1))
    long = fixes(cells, [(2, 4.0 * k, 1.5) for k in range(50)])
    for f in (short, long):
        xy = np.column_stack([f.x_m, f.y_m])
        pauses.update(f.device, f.t, f.level, xy, np.tile(np.array([[2.0, 0.5]], np.float32), (len(f), 1)))
    assert len(pauses.take()) == 0, "nobody has moved on yet"
    pauses.forget(np.array([1, 2, 3], np.uint64))
    np.testing.assert_allclose(pauses.take(), [[2.0, 0.5], [2.0, 0.5]])


def test_who_walks_does_not_vote() -> None:
    _, cells = store()
    pauses = Pauses(1)
    f = fixes(cells, [(1, 3.0 * k, 0.5 + 1.5 * STILL_M * (k % 2)) for k in range(20)])
    pauses.update(f.device, f.t, f.level, np.column_stack([f.x_m, f.y_m]), np.ones((len(f), 1), np.float32))
    brief = fixes(cells, [(2, 0.0, 1.5), (2, LEAST_S / 2, 1.5)])
    pauses.update(
        brief.device, brief.t, brief.level, np.column_stack([brief.x_m, brief.y_m]), np.ones((2, 1), np.float32)
    )
    pauses.forget(np.array([1, 2], np.uint64))
    assert len(pauses.take()) == 0


def test_shares_follow_the_votes_and_keep_to_the_plan_without_any() -> None:
    planned = np.array([0.5, 0.5])
    share, split = learn_shares(np.tile(np.array([[4.0, 1.0]], np.float32), (400, 1)), np.zeros(2), planned)
    assert share[0] > 0.75
    np.testing.assert_allclose(split.sum(axis=1), 1.0)
    assert learn_shares(np.empty((0, 2), np.float32), np.zeros(2), planned)[0] == pytest.approx(planned)


def test_the_crowd_s_place_takes_the_credit() -> None:
    """Everybody stands in one zone; with an even prior half of each vague fix lies outside of it."""
    plan, cells = store()
    prior = PlacePrior(plan, cells)
    before = fixes(cells, pauses_at(1.5, 1, 2 * FEWEST))
    prior.weigh(before)
    prior.forget(np.unique(before.device))
    later = fixes(cells, [(900, RELEARN_S + 1, 1.5)])
    tea = (cells.x_m < 3.0).astype(np.float32)
    weighed = prior.weigh(later)
    assert prior.share[prior.places.name.index("zone tea")] > 0.5
    assert float((weighed.posterior @ tea)[0]) > float((later.posterior @ tea)[0]) + 0.08
    assert weighed.posterior.sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_array_equal(weighed.cov_m2, later.cov_m2)
    assert weighed.x_m[0] < later.x_m[0]


def test_it_goes_on_after_a_restart_as_if_nothing_had_happened() -> None:
    plan, cells = store()
    one, other = PlacePrior(plan, cells), PlacePrior(plan, cells)
    first = fixes(cells, pauses_at(7.5, 1, FEWEST))
    one.weigh(first)
    other.restore(one.state())
    second = fixes(cells, [*pauses_at(1.5, 1, FEWEST, t=40.0), (900, 2 * RELEARN_S, 7.5)])
    a, b = one.weigh(second), other.weigh(second)
    np.testing.assert_array_equal(a.posterior, b.posterior)
    np.testing.assert_array_equal(one.share, other.share)
    assert one.version > 1


def test_rows_that_hold_no_zeros_are_weighed_alike() -> None:
    _, cells = store()
    weight = np.linspace(0.1, 3.0, len(cells)).astype(np.float32)
    rows = np.stack([around(cells, 2.0, 2.0), around(cells, 9.0, 1.0)])
    thin = weigh_cells(sparse.csr_array(rows), weight)
    assert isinstance(thin, sparse.csr_array)
    np.testing.assert_allclose(thin.toarray(), weigh_cells(rows, weight), rtol=1e-5)
