"""Pauses and the places they vote for, by hand: when one begins and ends, what it says, and what the plan says."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point, box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Fixture, Level, Opening, Plan, Zone
from engine.presence.pauses import Pauses
from engine.presence.place_prior import KEPT, PLAN_SHARE, PLAN_VOTES, PlacePrior, learn_shares
from engine.presence.places import EVEN_SHARE, places_of
from engine.records import Fixes

Step = tuple[float, float, float, int]
"""Time, x, what the fix says of the one place, level."""


def votes(*steps: Step, forget: bool = True) -> list[float]:
    """Of one device and one place."""
    pauses = Pauses(1)
    for t, x, says, level in steps:
        pauses.update(np.array([7], np.uint64), np.array([t]), np.array([level], np.int32), np.array([[x, 0.0]]),
                      np.array([[says]], np.float32))  # fmt: skip
    if forget:
        pauses.forget(np.array([7], np.uint64))
    return [float(v) for v in pauses.take()[:, 0]]


def still(*times: float, x: float = 0.0, says: float = 1.0, level: int = 0) -> list[Step]:
    return [(t, x, says, level) for t in times]


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ((0.0, 4.0, 8.0), 1),
        ((0.0, 4.0, 7.9), 0),  # 8 s are the least
        ((0.0, 8.0), 0),  # and three fixes
        ((0.0, 30.0, 60.0), 1),  # a silence of half a minute is bridged
        ((0.0, 4.0, 34.1, 38.0), 0),  # one that is longer ends the pause
        ((0.0, 4.0, 8.0, 38.1, 42.0, 46.1), 2),
    ],
)
def test_what_a_pause_is(times: tuple[float, ...], found: int) -> None:
    assert len(votes(*still(*times))) == found


def test_a_pause_votes_with_the_mean_of_its_fixes() -> None:
    assert votes((0.0, 0.0, 1.0, 0), (4.0, 0.0, 2.0, 0), (8.0, 0.0, 6.0, 0)) == [3.0]


def test_who_goes_on_by_more_than_two_and_a_half_metres_has_ended_the_pause() -> None:
    assert votes(*still(0.0, 4.0, 8.0), *still(9.0, x=2.6), forget=False) == [1.0]
    assert votes(*still(0.0, 4.0, 8.0), *still(9.0, x=2.5), forget=False) == []
    # measured from the mean of all its fixes: of 0, 0 and 2 that is 0.67 m, of 0, 2 and 2 it is 1.33 m
    assert votes(*still(0.0, 4.0), *still(8.0, x=2.0), *still(9.0, x=3.2), forget=False) == [1.0]
    assert votes(*still(0.0), *still(4.0, 8.0, x=2.0), *still(9.0, x=3.2), forget=False) == []


def test_who_moves_on_begins_anew_with_the_fix_there() -> None:
    """The fix that ends the first pause is the first of the second: of 2 m, not of anything before."""
    assert votes(*still(0.0, 4.0, 8.0), *still(10.0, 14.0, 18.0, x=9.0, says=5.0)) == [1.0, 5.0]
    assert votes(*still(0.0, 4.0, 8.0), *still(10.0, 14.0, 17.9, x=9.0, says=5.0)) == [1.0]


def test_another_level_is_another_pause() -> None:
    assert votes(*still(0.0, 4.0, 8.0), *still(10.0, 14.0, 18.0, level=1, says=2.0)) == [1.0, 2.0]


def test_a_late_fix_says_nothing() -> None:
    assert votes(*still(0.0, 4.0, 8.0), (7.0, 0.0, 9.0, 0)) == [1.0]
    assert votes(*still(0.0, 4.0), (4.0, 0.0, 4.0, 0), (8.0, 0.0, 2.0, 0)) == [2.0], "one at the same time does"


def test_votes_are_taken_once_and_kept_over_a_restart() -> None:
    made, again = Pauses(2), Pauses(2)
    for t in (0.0, 4.0, 8.0):
        made.update(np.array([7], np.uint64), np.array([t]), np.zeros(1, np.int32), np.zeros((1, 2)),
                    np.array([[1.0, 2.0]], np.float32))  # fmt: skip
    made.forget(np.array([7, 8], np.uint64))
    again.restore(made.state())
    for each in (made, again):
        assert each.take().tolist() == [[1.0, 2.0]]
        assert each.take().shape == (0, 2)


def cells_of(plan: Plan) -> Cells:
    return walkable_cells(plan, 1.0)


def plan(*openings: Opening, zones: tuple[Zone, ...] = (), fixtures: tuple[Fixture, ...] = ()) -> Plan:
    """Two floors of 20 x 10 m."""
    levels = tuple(Level(str(i), i, str(i), 3.0, 3.0 * i, box(0, 0, 20, 10)) for i in range(2))
    return Plan("s", "S", "UTC", "EUR", None, levels, zones=zones, fixtures=fixtures, openings=openings)


def test_openings_are_places_with_a_radius_of_their_kind_on_their_own_floor() -> None:
    """Cells have their centres at 0.5, 1.5 …: around (10, 5) four are within 1.5 m, and sixteen within 2.5 m but for
    the four at (±1.5, ±1.5) that are 2.12 m away and in, and none at 2.55 m."""
    made = plan(
        Opening("till", "0", "checkout", Point(5, 5)), Opening("counter", "1", "pickup", Point(5, 5)),
        Opening("door", "0", "entrance", Point(15, 5)), Opening("back", "1", "exit", Point(15, 5)),
        Opening("drive", "1", "drive", Point(10, 5)),
    )  # fmt: skip
    cells = cells_of(made)
    places = places_of(made, cells)
    assert places.name == ("opening till", "opening counter", "opening door", "opening back", "floor 0", "floor 1")
    size = (places.within > 0).sum(axis=0)
    assert size.tolist() == [16, 4, 4, 4, 200 - 20, 200 - 8]
    floor = [set(cells.level[column > 0].tolist()) for column in places.within.T]
    assert floor == [{0}, {1}, {0}, {1}, {0}, {1}]
    np.testing.assert_allclose(places.planned, size / 400, rtol=1e-6)
    np.testing.assert_allclose(places.within.sum(axis=0), 1.0, rtol=1e-5)


def test_a_cell_is_of_one_place_unless_zones_overlap() -> None:
    """A till in a zone, and another within a metre of it: the first takes the floor that both would have."""
    zone = Zone("a", "0", "a", "", box(0, 0, 10, 10))
    tills = [Opening(name, "0", "checkout", Point(x, 5)) for name, x in (("one", 5.0), ("two", 6.0))]
    places = places_of(made := plan(*tills, zones=(zone,)), cells_of(made))
    assert places.name == ("opening one", "opening two", "zone a", "floor 0", "floor 1")
    assert ((places.within > 0).sum(axis=1) == 1).all()
    assert (places.within > 0).sum(axis=0).tolist() == [16, 4, 80, 100, 200]


def test_where_a_plan_has_fixtures_and_no_products_half_of_the_pauses_are_beside_them() -> None:
    shelf = Fixture("f", "0", "Shelf", "", 3.0, False, box(8, 4, 12, 6))
    made = plan(fixtures=(shelf,))
    cells = cells_of(made)
    mass = places_of(made, cells).within[:, 0] * places_of(made, cells).planned[0]
    mass += places_of(made, cells).within[:, 1] * places_of(made, cells).planned[1]
    beside = mass > 1.5 * np.median(mass)
    share = beside.sum() / len(cells)
    assert mass.sum() == pytest.approx(1.0)
    assert float(mass[beside].sum()) == pytest.approx(0.5 + 0.5 * share, abs=1e-5)
    assert np.unique(np.round(mass * len(cells), 4)).tolist() == pytest.approx([0.5, 0.5 + 0.5 / share], abs=1e-3)


def test_evidence_is_against_the_whole_floor_and_people_walk_anywhere() -> None:
    made = plan(zones=(Zone("a", "0", "a", "", box(0, 0, 10, 10)),))
    places = places_of(made, cells_of(made))
    cells = len(places.within)
    there = (places.within[:, 0] > 0).astype(np.float32) / 100
    np.testing.assert_allclose(places.evidence(there[None]), [[4.0, 0.0, 0.0]], rtol=1e-5)
    np.testing.assert_allclose(places.evidence(np.full((1, cells), 1 / cells, np.float32)), 1.0, rtol=1e-5)
    all_there = places.occupancy(np.array([1.0, 0.0, 0.0]))
    assert EVEN_SHARE == 0.35
    np.testing.assert_allclose(np.unique(all_there), [0.35, 0.35 + 0.65 * 4], rtol=1e-5)


def test_shares_are_those_of_the_votes_with_the_plans_word_beside() -> None:
    """A hundred sure votes for the first of two places; the plan's word is 20 votes and a quarter for each."""
    assert (PLAN_VOTES, PLAN_SHARE) == (20.0, 0.25)
    planned = np.array([0.2, 0.8])
    share, split = learn_shares(np.tile(np.array([[1.0, 0.0]], np.float32), (100, 1)), np.zeros(2), planned)
    assert share == pytest.approx([(100 + 0.2 * 45) / 145, 0.8 * 45 / 145])
    assert split.tolist() == [[1.0, 0.0]] * 100
    older, _ = learn_shares(np.empty((0, 2), np.float32), np.array([30.0, 10.0]), planned)
    assert older == pytest.approx([(30 + 0.2 * 30) / 70, (10 + 0.8 * 30) / 70])


def test_vague_votes_are_split_where_shares_no_longer_move() -> None:
    """The fixed point: s = (sum of a s / (a s + b (1 - s)) + given) / all."""
    likely, planned = np.array([[3.0, 1.0]] * 30 + [[1.0, 2.0]] * 10, np.float32), np.array([0.5, 0.5])
    share, split = learn_shares(likely, np.zeros(2), planned)
    again = likely * share / (likely * share).sum(axis=1, keepdims=True)
    expected = (again.sum(axis=0) + planned * 30.0) / 70.0
    np.testing.assert_allclose(share, expected, atol=2e-5)
    np.testing.assert_allclose(split, again, atol=1e-4)
    np.testing.assert_allclose(split.sum(axis=1), 1.0)


def one_place() -> tuple[Plan, Cells]:
    made = plan(zones=(Zone("a", "0", "a", "", box(0, 0, 10, 10)),))
    return made, cells_of(made)


def sure(cells: Cells, device: int, t: float, x: float, y: float) -> Fixes:
    """A fix right on the cell there, of the ground floor."""
    row = np.zeros((1, len(cells)), np.float32)
    row[0, int(np.argmin(np.hypot(cells.x_m - x, cells.y_m - y) + 99 * cells.level))] = 1.0
    return Fixes(np.array([t]), np.array([device], np.uint64), np.zeros(1, np.int32), np.array([x]), np.array([y]),
                 np.eye(2)[None], np.full(1, 4, np.int32), row)  # fmt: skip


def test_a_weighed_fix_is_at_the_mean_of_its_likelier_floor_and_keeps_its_order() -> None:
    made, cells = one_place()
    prior = PlacePrior(made, cells)
    both = Fixes.concat([sure(cells, 1, 1300.0, 4.5, 2.5), sure(cells, 2, 10.0, 14.5, 7.5)])
    mixed = both.posterior.mean(axis=0, keepdims=True)
    upper = np.zeros_like(mixed)
    upper[0, int(np.flatnonzero(cells.level == 1)[0])] = 0.4
    found = prior.weigh(Fixes.concat([both, both.take(np.array([0]))]))
    assert found.device.tolist() == [1, 2, 1], "in their own order, though the second is of an earlier time"
    assert (found.x_m.tolist(), found.y_m.tolist()) == ([4.5, 14.5, 4.5], [2.5, 7.5, 2.5])
    third = both.take(np.array([0]))
    vague = Fixes(third.t + 600, third.device, third.level, third.x_m, third.y_m, third.cov_m2, third.n_ap,
                  0.6 * mixed + upper)  # fmt: skip
    [at] = zip(*(lambda f: (f.level.tolist(), f.x_m.tolist(), f.y_m.tolist()))(prior.weigh(vague)), strict=True)
    assert at == (0, pytest.approx(9.5, abs=1e-3), pytest.approx(5.0, abs=1e-3)), "what is on other floors is no part"


def test_how_far_weighed_fixes_spread_is_told_from_five_hundred_on() -> None:
    """Each is sure of its cell of 1 m: a radial variance of 1/6 m²."""
    made, cells = one_place()
    prior = PlacePrior(made, cells)
    many = Fixes.concat([sure(cells, d, 10.0, 4.5, 2.5) for d in range(499)])
    prior.weigh(many)
    assert prior.sigma_m is None
    prior.weigh(sure(cells, 900, 11.0, 4.5, 2.5))
    assert prior.sigma_m == pytest.approx((1 / 6) ** 0.5, rel=1e-3)


def test_old_votes_are_kept_as_they_were_shared_out() -> None:
    """650 pauses in the zone: the last 600 stay votes, 50 are counted by their split."""
    made, cells = one_place()
    prior = PlacePrior(made, cells)
    for t in (0.0, 4.0, 8.0):
        prior.weigh(Fixes.concat([sure(cells, d, t, 4.5, 2.5) for d in range(650)]))
    prior.forget(np.arange(650, dtype=np.uint64))
    assert prior.version == 1
    prior.weigh(sure(cells, 900, 600.0, 4.5, 2.5))
    assert prior.version == 2
    state = prior.state()
    assert (KEPT, len(state["votes"])) == (600, 600)
    assert state["older"] == pytest.approx([50.0, 0.0, 0.0], abs=1e-6)
    planned = np.array([0.25, 0.25, 0.5])
    given = PLAN_VOTES + PLAN_SHARE * 650
    assert prior.share == pytest.approx((np.array([650.0, 0, 0]) + planned * given) / (650 + given), abs=1e-4)
    prior.weigh(sure(cells, 901, 1200.0, 4.5, 2.5))
    assert prior.version == 2, "nobody voted since"


@pytest.mark.parametrize(("pauses", "learnt"), [(29, False), (30, True)])
def test_shares_are_learnt_from_thirty_votes_on_every_ten_minutes(pauses: int, learnt: bool) -> None:
    made, cells = one_place()
    prior = PlacePrior(made, cells)
    for t in (0.0, 4.0, 8.0):
        prior.weigh(Fixes.concat([sure(cells, d, t, 4.5, 2.5) for d in range(pauses)]))
    prior.forget(np.arange(pauses, dtype=np.uint64))
    prior.weigh(sure(cells, 900, 599.0, 4.5, 2.5))
    assert prior.version == 1, "the ten minutes are not over"
    prior.weigh(sure(cells, 900, 600.0, 4.5, 2.5))
    assert (prior.version == 2) is learnt
    prior.start_anew()
    assert prior.state()["epoch"] is None


def test_what_another_plan_learnt_is_let_go() -> None:
    made, cells = one_place()
    other = PlacePrior(plan(), cells_of(plan()))
    prior = PlacePrior(made, cells)
    prior.weigh(sure(cells, 1, 0.0, 4.5, 2.5))
    other.restore(prior.state())
    assert other.version == 1
    assert other.state()["epoch"] is None
