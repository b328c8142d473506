"""The honest question to a model of offers: on shoppers it never saw, how much margin does a message bring, beside a
product by chance and the product that most people like?

A random half of the people get a product by chance, and from what they did the model is learnt. On the other half each
policy chooses for the same moments, and the same draw decides for all of them what is used. The intervals are of whole
shoppers drawn anew (bootstrap), since one shopper's moments are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from engine.offers.next_best.model import NextBest, SentOffer, learn
from engine.plan.model import Plan
from engine.records import F64
from simulators.tastes.people import OfferMoment, TastesWorld, make_world

DRAWS = 400
AA_SPLITS = 200
BAR = 0.20
"""What the model has to bring more than the best of the plain policies."""

Choose = Callable[[OfferMoment], int]


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What a policy brought: redeemed margin per message (minor units) and the share of messages used."""

    policy: str
    margin_per_message: float
    used_share: float


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """All policies on the same messages; the model's gain over most popular, and over the product that brought most on
    average, with 95 % intervals; how often two halves of the same policy differed where they should in 5 % of cases."""

    shoppers: int
    messages: int
    learnt_from: int
    policies: tuple[PolicyResult, ...]
    over_popular: float
    over_popular_interval: tuple[float, float]
    over_average: float
    over_average_interval: tuple[float, float]
    aa_alarms: float
    passed: bool

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def backtest(plan: Plan, shoppers: int, seed: int) -> tuple[BacktestResult, NextBest]:
    """The result, and the model that was learnt. `shoppers` are all, half of them to learn from."""
    world, rng = make_world(plan, shoppers, seed), np.random.default_rng([seed, 73])
    learns = np.zeros(shoppers, np.bool_)
    learns[rng.permutation(shoppers)[: shoppers // 2]] = True
    sent = [_send(m, int(rng.integers(len(m.skus)))) for m in world.moments if learns[m.shopper]]
    model = learn(world.goods, [h for i, h in enumerate(world.histories) if learns[i]], sent)
    test = [m for m in world.moments if not learns[m.shopper]]
    chosen = {name: [choose(m) for m in test] for name, choose in _policies(world, model, sent, rng).items()}
    margins = {name: _margins(world, test, picks) for name, picks in chosen.items()}
    owners = np.array([m.shopper for m in test])
    popular = _gain(margins["next_best"], margins["most_popular"], owners, rng)
    average = _gain(margins["next_best"], margins["best_on_average"], owners, rng)
    alarms = _aa(margins["most_popular"], owners, rng)
    results = tuple(PolicyResult(name, float(made.mean()), float((made > 0).mean())) for name, made in margins.items())
    passed = popular[0] >= BAR and popular[1] > 0 and alarms <= 0.1
    held = int((~learns).sum())
    return BacktestResult(
        held, len(test), len(sent), results, popular[0], popular[1:], average[0], average[1:], alarms, passed
    ), model


def _send(moment: OfferMoment, pick: int) -> SentOffer:
    return SentOffer(moment.known, moment.skus[pick], moment.at, bool(moment.draw[pick] < moment.chance[pick]))


def _policies(
    world: TastesWorld, model: NextBest, sent: list[SentOffer], rng: np.random.Generator
) -> dict[str, Choose]:
    """What each would offer. Only the model looks at who it is for."""
    sold = dict(zip(model.goods.skus, model.liking.sold.tolist(), strict=True))
    used = dict(zip(model.goods.skus, model.liking.used.tolist(), strict=True))
    margin = world.margin_minor

    def best(moment: OfferMoment, worth: Callable[[str], float]) -> int:
        return max(range(len(moment.skus)), key=lambda i: worth(moment.skus[i]))

    return {
        "random": lambda m: int(rng.integers(len(m.skus))),
        "most_popular": lambda m: best(m, lambda sku: sold[sku]),
        "best_on_average": lambda m: best(m, lambda sku: used[sku] * margin[sku]),
        "next_best": lambda m: m.skus.index(model.rank(m.known, m.skus, margin, m.at)[0].sku),
    }


def _margins(world: TastesWorld, moments: list[OfferMoment], picks: list[int]) -> F64:
    """(messages,) the margin that each brought."""
    made = [
        world.margin_minor[m.skus[i]] if m.draw[i] < m.chance[i] else 0.0 for m, i in zip(moments, picks, strict=True)
    ]
    return np.array(made)


def _gain(
    ours: F64, theirs: F64, owners: np.ndarray[tuple[int], np.dtype[np.int64]], rng: np.random.Generator
) -> tuple[float, float, float]:
    """(relative gain, low, high): shoppers drawn anew, with all their messages."""
    _, who = np.unique(owners, return_inverse=True)
    mine, other = np.bincount(who, ours), np.bincount(who, theirs)
    draws = rng.multinomial(len(mine), np.full(len(mine), 1.0 / len(mine)), DRAWS)
    gains = (draws @ mine) / np.maximum(draws @ other, 1e-9) - 1.0
    low, high = np.quantile(gains, (0.025, 0.975)).tolist()
    return float(ours.sum() / max(theirs.sum(), 1e-9) - 1.0), low, high


def _aa(made: F64, owners: np.ndarray[tuple[int], np.dtype[np.int64]], rng: np.random.Generator) -> float:
    """Of random halves of the shoppers with one policy: how often their means differ by more than 1.96 of its error."""
    _, who = np.unique(owners, return_inverse=True)
    means = np.bincount(who, made) / np.bincount(who)
    alarms = 0
    for _ in range(AA_SPLITS):
        half = rng.permutation(len(means)) < len(means) // 2
        a, b = means[half], means[~half]
        error = float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
        alarms += abs(float(a.mean() - b.mean())) > 1.96 * error
    return alarms / AA_SPLITS
