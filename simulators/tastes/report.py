"""What a back-test says, as lines for a terminal or as one JSON object."""

from __future__ import annotations

import json

from engine.offers.next_best.model import NextBest
from engine.offers.next_best.moments import FEATURES
from engine.plan.model import Plan
from simulators.tastes.backtest import BAR, BacktestResult, backtest


def run_backtest(plan: Plan, shoppers: int, seed: int, *, as_json: bool) -> tuple[list[str], bool]:
    """(lines, whether the bar is held)."""
    result, model = backtest(plan, shoppers, seed)
    weights = {str(f): round(float(w), 3) for f, w in zip(FEATURES, model.weights, strict=True)}
    if as_json:
        return [json.dumps(result.as_dict() | {"weights": weights})], result.passed
    return _table(result, model), result.passed


def _table(result: BacktestResult, model: NextBest) -> list[str]:
    return [
        f"{result.shoppers} shoppers not learnt from, {result.messages} messages; learnt from {result.learnt_from}.",
        "",
        f"{'policy':<18}{'margin per message':>20}{'used':>9}",
        *(f"{p.policy:<18}{p.margin_per_message:>20.2f}{p.used_share:>9.1%}" for p in result.policies),
        "",
        _gain("over most popular", result.over_popular, result.over_popular_interval) + f", bar {BAR:+.0%}",
        _gain("over best on average", result.over_average, result.over_average_interval),
        f"A/A: {result.aa_alarms:.1%} of random halves differ, 5 % is chance",
        "",
        "weights, in spreads of their columns: "
        + ", ".join(f"{f} {w:+.2f}" for f, w in zip(FEATURES, model.weights, strict=True)),
    ]


def _gain(name: str, gain: float, interval: tuple[float, float]) -> str:
    return f"{name}: {gain:+.1%} ({interval[0]:+.1%} to {interval[1]:+.1%})"
