"""The referees of coupons and transitions share no rule with the engine that they judge."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest

from simulators.truth import coupon_rules, coupons, flows, points

JUDGED = (
    "engine.offers.decide",
    "engine.offers.claims",
    "engine.offers.caps",
    "engine.offers.triggers",
    "engine.offers.experiments",
    "engine.presence",
    "engine.loyalty",
    "engine.referee",
)


def imports(module: ModuleType) -> set[str]:
    """Every module that is named in an import, wherever it stands, with the names taken from it."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports would hide where a name comes from"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", [coupons, coupon_rules, flows, points])
def test_a_referee_imports_no_rule_of_what_it_judges(module: ModuleType) -> None:
    named = imports(module)
    assert "numpy" in named or any(name.startswith("collections") for name in named)
    assert not [name for name in named for rule in JUDGED if f"{name}.".startswith(f"{rule}.")]


def test_of_the_engine_the_coupons_know_records_and_words_only() -> None:
    of_engine = {name for name in imports(coupons) | imports(coupon_rules) if name.startswith("engine.")}
    assert of_engine == {
        "engine.config.OffersConfig",
        "engine.files.outcomes.CouponTable",
        "engine.offers.campaigns.Campaign",
        "engine.offers.campaigns.CampaignState",
        "engine.plan.model.Plan",
        "engine.records.Bools",
        "engine.vocabulary.DecisionOutcome",
        "engine.vocabulary.DecisionReason",
    }
