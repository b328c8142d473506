"""Campaigns that state a precision: their targets' thresholds follow where people pause, also after a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from engine.config import Config
from engine.offers.campaigns import Campaign, load_campaigns
from engine.offers.measured.calibration import Calibrated
from engine.offers.measured.labelled import LabelledTriggers
from engine.offers.promise import Promise
from engine.offers.targets import Target
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


class Labelled:
    """What labels say of every target."""

    def __init__(self, found: Calibrated | None, *, enough: bool = True) -> None:
        self.found, self.devices, self._enough = found, 40, enough

    def enough(self, _: Target) -> bool:
        return self._enough

    def calibrate(self, _: Target, precision: float) -> Calibrated | None:
        assert precision == 0.8
        return self.found


@pytest.mark.parametrize("enough", [True, False])
@pytest.mark.parametrize("found", [Calibrated(0.6, 0.87654, 0.81234, 0.95678, 0.45678), None])
def test_the_word_of_labels_goes_before_the_plans(
    shop: tuple[Plan, list[Campaign]], found: Calibrated | None, enough: bool
) -> None:
    plan, campaigns = shop
    cells = walkable_cells(plan, 2.0)
    promises, places = Promises(plan, cells), PlacePrior(plan, cells)
    (before,) = promises.targets(campaigns[:1], places)
    expected = promises.given[campaigns[0].id]
    (after,) = promises.targets(campaigns[:1], places, cast("LabelledTriggers", Labelled(found, enough=enough)))
    (said,) = promises.figures(campaigns).values()
    given = promises.given[campaigns[0].id]
    if not enough:
        assert (given, after.min_probability) == (expected, before.min_probability)
        assert (said["labelled"], said["by_labels"]) == (0, False)
    elif found is None:
        assert given == replace(expected, threshold=None, labelled=40)
        assert not after.promised
    else:
        assert given == Promise(0.6, 0.87654, 0.81234, 0.45678, 40, 0.95678)
        assert (after.min_probability, after.promised) == (0.6, True)
        assert said == {
            "asked": 0.8, "threshold": 0.6, "precision": 0.877, "precision_low": 0.812, "precision_high": 0.957,
            "recall": 0.457, "labelled": 40, "by_labels": True,
        }  # fmt: skip


def test_before_anything_was_heard_a_track_is_off_by_a_metre_and_a_half_and_a_tenth_of_the_bound(
    shop: tuple[Plan, list[Campaign]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _ = shop
    cells = walkable_cells(plan, 2.0)
    n = len(cells.x_m)
    bound = np.where(np.arange(n) < 2, 4.0, 9.0)
    asked: list[float] = []
    monkeypatch.setattr("engine.runtime.promised.promises.expected_error", lambda *_: bound)
    monkeypatch.setattr("engine.runtime.promised.promises.promise", lambda *given: asked.append(given[3]))
    promises, places = Promises(plan, cells), PlacePrior(plan, cells)
    assert places.sigma_m is None
    for member in (np.where(np.arange(n) < 3, 0.5, 0.49), np.zeros(n)):
        promises.promise(member.astype(np.float32), places, 0.8)
    assert asked == pytest.approx([1.5 + 0.1 * (4.0 + 4.0 + 9.0) / 3, 1.5])
