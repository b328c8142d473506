"""The prior of places: what it learns from pauses that can be counted by hand, and that it goes on after a restart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from shapely.geometry import Point, box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Level, Opening, Plan, Zone
from engine.positioning.motion.standing import TILL_M
from engine.presence.pauses import LEAST_S, STILL_M, Pauses
from engine.presence.place_prior import FEWEST, RELEARN_S, PlacePrior, learn_shares
from engine.presence.places import DOOR_M, ROUND, Places, around_opening, places_of, weigh_cells
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


def two_floors() -> tuple[Plan, Cells]:
    """Two levels of 4 x 2 m, without anything on them."""
    levels = tuple(Level(str(i), i, "", 3.0, 3.0 * i, box(0, 0, 4, 2)) for i in (0, 1))
    plan = Plan("s", "S", "UTC", "EUR", None, levels)
    return plan, walkable_cells(plan, 1.0)


def mixed(cells: Cells, n: int, *at: tuple[int, float, float, float]) -> Fixes:
    """So many devices at 0 s whose posterior is of these (level, x, y, P)."""
    row = np.zeros(len(cells), np.float32)
    for level, x, y, p in at:
        row[np.argmin(np.hypot(cells.x_m - x, cells.y_m - y) + 100.0 * (cells.level != level))] = p
    return Fixes(
        np.zeros(n), np.arange(n, dtype=np.uint64), np.zeros(n, np.int32), np.zeros(n), np.zeros(n),
        np.tile(np.eye(2), (n, 1, 1)), np.full(n, 4, np.int32), np.tile(row, (n, 1)),
    )  # fmt: skip


def test_a_fix_is_on_the_likelier_level_and_in_the_middle_of_what_is_likely_there() -> None:
    plan, cells = two_floors()
    assert PlacePrior(plan, cells).places.name == ("floor 0", "floor 1")
    told = PlacePrior(plan, cells).weigh(mixed(cells, 1, (0, 3.5, 1.5, 0.4), (1, 0.5, 0.5, 0.45), (1, 2.5, 1.5, 0.15)))
    assert told.level.tolist() == [1]
    np.testing.assert_allclose([told.x_m[0], told.y_m[0]], [1.0, 0.75], atol=1e-5)
    below = PlacePrior(plan, cells).weigh(mixed(cells, 1, (0, 3.5, 1.5, 0.6), (1, 0.5, 0.5, 0.4)))
    assert (below.level[0], below.x_m[0], below.y_m[0]) == (0, pytest.approx(3.5), pytest.approx(1.5))


def test_how_far_fixes_spread_is_told_of_five_hundred() -> None:
    """Half of each at two cells 2 m apart: a variance of 1 m², and of a cell's own width a sixth of 1 m² for both
    axes."""
    plan, cells = two_floors()
    prior = PlacePrior(plan, cells)
    spread = (0, 0.5, 0.5, 0.5), (0, 2.5, 0.5, 0.5)
    prior.weigh(mixed(cells, 499, *spread))
    assert prior.sigma_m is None
    prior.weigh(mixed(cells, 1, *spread))
    sigma = (1.0 + 1.0 / 6.0) ** 0.5
    assert prior.sigma_m == pytest.approx(sigma, rel=1e-5)
    prior.restore(prior.state() | {"spread": [50_000.0, 100_000.0]})
    prior.weigh(mixed(cells, 1, *spread))
    assert prior.state()["spread"] == pytest.approx([50_000.0, (100_000.0 + sigma) * 50_000 / 50_001], rel=1e-7)
    prior.restore(prior.state() | {"spread": [49_999.0, 100_000.0]})
    prior.weigh(mixed(cells, 1, *spread))
    assert prior.state()["spread"] == pytest.approx([50_000.0, 100_000.0 + sigma], rel=1e-7)


@pytest.mark.parametrize(
    ("votes", "older", "share"),
    [
        (40, (0.0, 0.0), (40 + 15) / 70),  # the plan's word: 20, and a quarter of each vote
        (40, (10.0, 0.0), (40 + 10 + 16.25) / 82.5),
        (0, (10.0, 0.0), (10 + 11.25) / 32.5),
        (0, (0.0, 0.0), 0.5),
    ],
)
def test_of_votes_that_leave_no_doubt_shares_can_be_counted(
    votes: int, older: tuple[float, float], share: float
) -> None:
    told = np.tile(np.array([[3.0, 0.0]], np.float32), (votes, 1))
    found, split = learn_shares(told, np.array(older), np.array([0.5, 0.5]))
    np.testing.assert_allclose(found, [share, 1.0 - share], rtol=1e-6)
    np.testing.assert_allclose(split, np.tile([[1.0, 0.0]], (votes, 1)))


def test_votes_that_say_nothing_leave_what_was_planned() -> None:
    told = np.ones((100, 2), np.float32)
    found, split = learn_shares(told, np.zeros(2), np.array([0.75, 0.25]))
    np.testing.assert_allclose(found, [0.75, 0.25], rtol=1e-6)
    np.testing.assert_allclose(split[0], [0.75, 0.25], rtol=1e-6)


def learnt(prior: PlacePrior, cells: Cells, fresh: int, **state: object) -> PlacePrior:
    """From `state`, with so many pauses more, at the next time that it learns."""
    k = len(prior.places.name)
    kept = {"votes": np.ones((0, k), np.float16), "older": np.zeros(k)}
    prior.restore(prior.state() | kept | state)
    said = fixes(cells, pauses_at(1.5, 1, fresh))
    prior.weigh(said)
    prior.forget(np.unique(said.device))
    prior.weigh(fixes(cells, [(9_999, RELEARN_S, 1.5)]))
    return prior


@pytest.mark.parametrize(
    ("fresh", "older", "learns"), [(29, 0.0, False), (30, 0.0, True), (1, 28.0, False), (1, 29.0, True)]
)
def test_thirty_votes_are_enough_new_or_old(fresh: int, older: float, learns: bool) -> None:
    plan, cells = store()
    prior = PlacePrior(plan, cells)
    learnt(prior, cells, fresh, older=np.array([older, 0.0, 0.0, 0.0]))
    planned = prior.places.planned
    assert bool(np.abs(prior.share - planned).max() > 0.01) == learns


@pytest.mark.parametrize(("before", "after"), [(0.0, 1.0), (3_999.0, 4_000.0), (4_000.0, 4_000.0), (8_000.0, 4_000.0)])
def test_six_hundred_votes_are_kept_and_the_older_ones_fade(before: float, after: float) -> None:
    plan, cells = store()
    prior = PlacePrior(plan, cells)
    votes = np.tile(np.array([[0.0, 1.0, 0.0, 0.0]], np.float16), (600, 1))
    learnt(prior, cells, 1, votes=votes, older=np.array([0.0, 0.0, before, 0.0]))
    state = prior.state()
    assert len(state["votes"]) == 600
    assert state["votes"][:-1].tolist() == votes[1:].tolist()
    assert state["older"].sum() == pytest.approx(after)
    assert state["older"][1] == pytest.approx(after / (before + 1.0))


def test_it_learns_at_full_ten_minutes_and_tells_fixes_in_their_order() -> None:
    plan, cells = store()
    prior = PlacePrior(plan, cells)
    assert (prior.state()["epoch"], prior.version) == (None, 1)
    told = prior.weigh(fixes(cells, [(1, 601.0, 1.5), (2, 5.0, 7.5), (3, 1_200.0, 1.5)]))
    assert told.device.tolist() == [1, 2, 3]
    assert told.t.tolist() == [601.0, 5.0, 1_200.0]
    assert prior.state()["epoch"] == 2.0
    again = PlacePrior(plan, cells)
    again.restore(prior.state())
    assert again.state()["epoch"] == 2.0
    again.start_anew()
    assert again.state()["epoch"] is None
    again.restore(again.state())
    assert again.state()["epoch"] is None
    again.restore({"names": ["another plan"]})
    nobody = told.take(np.empty(0, np.int64))
    assert again.weigh(nobody) is nobody


def test_places_round_openings_come_first_and_take_from_zones() -> None:
    """A till's 2 m and a door's 1.5 m, the edge included; what is left of zones, then of the floor."""
    zone = Zone("tea", "0", "tea", "", box(0, 0, 6, 4))
    openings = tuple(Opening(kind, "0", kind, Point(x, 2.0)) for kind, x in (("entrance", 1.0), ("stairs", 9.0)))
    plan = Plan(
        "s", "S", "UTC", "EUR", None, (Level("0", 0, "", 3.0, 0.0, box(0, 0, 12, 4)),), zones=(zone,), openings=openings
    )
    cells = walkable_cells(plan, 0.5)
    places = places_of(plan, cells)
    assert places.name == ("opening entrance", "zone tea", "floor 0")
    near = np.hypot(cells.x_m - 1.0, cells.y_m - 2.0) <= DOOR_M
    np.testing.assert_array_equal(places.within[:, 0] > 0, near)
    np.testing.assert_array_equal(places.within[:, 1] > 0, ~near & (cells.x_m < 6.0))
    np.testing.assert_allclose(places.planned, [near.mean(), 0.5 - near.mean(), 0.5], rtol=1e-5)
    assert (DOOR_M, ROUND["pickup"], ROUND["exit"], ROUND["checkout"]) == (1.5, 1.5, 1.5, TILL_M)
    edge = replace(openings[0], geometry=Point(cells.x_m[0] - 1.5, cells.y_m[0]))
    assert around_opening(plan, cells, edge)[0]
    further = replace(openings[0], geometry=Point(cells.x_m[0] - 1.51, cells.y_m[0]))
    assert not around_opening(plan, cells, further)[0]


def test_a_third_of_the_time_people_may_be_anywhere() -> None:
    within = np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 0.5], [0.0, 0.5]], np.float32)
    places = Places(("a", "b"), within, np.array([0.5, 0.5]))
    np.testing.assert_allclose(places.occupancy(np.array([0.5, 0.5])), [1.0] * 4)
    np.testing.assert_allclose(places.occupancy(np.array([1.0, 0.0])), [0.65 * 2 + 0.35] * 2 + [0.35] * 2, rtol=1e-6)
    np.testing.assert_allclose(places.evidence(np.array([[1.0, 0, 0, 0], [0.25] * 4])), [[2.0, 0.0], [1.0, 1.0]])
    nothing = weigh_cells(np.array([[0.0, 0.0], [0.25, 0.25]], np.float32), np.array([1.0, 3.0], np.float32))
    np.testing.assert_allclose(nothing, [[0.0, 0.0], [0.25, 0.75]])
