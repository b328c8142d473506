"""Next best offer on shoppers that it never saw: the bar, and that nothing is found where there is nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.plan.load import load_plan
from simulators.tastes.backtest import BAR, _aa, backtest
from simulators.tastes.people import AGREE_SHARE, CHOICES, USED_SHARE, make_world

PLAN = load_plan(Path("floorplans/supermarket"))


def test_it_brings_a_fifth_more_than_most_popular_on_people_it_never_saw() -> None:
    """The short form of `rayon offers backtest`; docs/guides/next-best.md has the long one."""
    result, model = backtest(PLAN, 300, seed=1)
    brought = {p.policy: p.margin_per_message for p in result.policies}
    assert result.passed
    assert result.over_popular >= BAR
    assert result.over_popular_interval[0] > 0
    assert brought["random"] < brought["most_popular"] < brought["next_best"]
    assert result.aa_alarms <= 0.1
    assert (result.shoppers, result.messages, result.learnt_from) == (150, 1_200, 1_200)
    assert model.messages == 1_200


def test_a_world_says_of_who_did_not_agree_where_they_stand_and_nothing_else() -> None:
    world, again = (make_world(PLAN, 60, seed=3) for _ in range(2))
    assert [m.at for m in world.moments] == [m.at for m in again.moments], "the same seed, the same people"
    known = [m.known for m in world.moments]
    silent = [k for k in known if not k.bought]
    assert 0.2 < len(silent) / len(known) < 1.3 - AGREE_SHARE
    assert all(not k.viewed and k.away_m for k in silent)
    assert all(at <= m.at for m in world.moments for _, at in (*m.known.bought, *m.known.viewed))
    assert {len(m.skus) for m in world.moments} == {CHOICES}
    assert abs(np.mean([m.chance for m in world.moments]) - USED_SHARE) < 1e-3


def test_the_same_policy_twice_raises_no_more_alarms_than_chance() -> None:
    rng = np.random.default_rng(5)
    made = rng.exponential(10.0, 1_500) * (rng.random(1_500) < 0.1)
    assert _aa(made, np.repeat(np.arange(300), 5), rng) <= 0.1
