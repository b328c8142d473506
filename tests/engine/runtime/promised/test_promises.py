"""Campaigns that state a precision: their targets' thresholds follow where people pause, also after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config
from engine.offers.campaigns import Campaign, load_campaigns
from engine.plan.cells import walkable_cells
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.presence.place_prior import PlacePrior
from engine.runtime.promised.promises import Promises
from engine.runtime.store_engine import StoreEngine

BOUTIQUE = Path(__file__).parents[4] / "floorplans" / "boutique"


@pytest.fixture(scope="module")
def shop() -> tuple[Plan, list[Campaign]]:
    plan = load_plan(BOUTIQUE)
    campaigns = load_campaigns(BOUTIQUE / "campaigns.yaml", plan)
    return plan, [c.model_copy(update={"precision": 0.8}) for c in campaigns if c.id != "femme"] + [
        c for c in campaigns if c.id == "femme"
    ]


def test_only_who_states_a_precision_is_held_to_it(shop: tuple[Plan, list[Campaign]]) -> None:
    plan, campaigns = shop
    cells = walkable_cells(plan, 1.0)
    promises = Promises(plan, cells)
    targets = {t.campaign_id: t for t in promises.targets(campaigns, PlacePrior(plan, cells))}
    femme = next(c for c in campaigns if c.id == "femme")
    assert "femme" not in promises.given
    assert (targets["femme"].min_probability, targets["femme"].keep_probability) == (femme.min_probability, None)
    assert len(promises.given) == len(campaigns) - 1
    for name, given in promises.given.items():
        assert targets[name].promised == given.kept
        if given.kept:
            assert targets[name].min_probability == given.threshold
            assert given.precision_low >= 0.8
    said = promises.figures(campaigns)
    assert said.keys() == promises.given.keys()
    assert {(one["asked"], one["by_labels"], one["precision_high"]) for one in said.values()} == {(0.8, False, None)}


def test_an_engine_that_comes_back_promises_the_same(shop: tuple[Plan, list[Campaign]]) -> None:
    plan, campaigns = shop
    one, other = StoreEngine(plan, Config()), StoreEngine(plan, Config())
    one.set_campaigns(campaigns)
    other.restore(one.state())
    other.set_campaigns(campaigns)
    assert other.promises == one.promises != {}
    other.restore(one.state())
    assert other.promises == one.promises


def test_a_checkpoint_of_before_knows_no_places(shop: tuple[Plan, list[Campaign]]) -> None:
    plan, campaigns = shop
    engine = StoreEngine(plan, Config())
    old = engine.state()
    del old["places"]
    engine.set_campaigns(campaigns)
    engine.restore(old)
    assert engine.promises
