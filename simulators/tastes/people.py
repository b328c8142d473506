"""A population whose tastes nobody sees: its purchases over some months, its moments in the shop, and the chance that
each offer would be used.

A shopper likes few categories (Dirichlet), within them some products (log-normal), buys what runs out (a cycle for each
category) and what goes with what they have (a partner for each product). An offer is used the sooner the more its
product is liked, needed, and near; what was bought yesterday is not needed today. None of this is a model's own form:
what a model sees are receipts, page views and where its shopper stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.offers.next_best.moments import DAY_S, KnownShopper, OfferedGoods
from engine.plan.model import Plan
from engine.records import F64

HISTORY_DAYS = 120.0
MOMENTS_DAYS = 40.0
VISITS_A_MONTH = 4.0
CHOICES = 10
"""So many products each moment may offer: those of a campaign."""
MOMENTS = 8
AGREE_SHARE = 0.6
"""Who lets the shop look at what they bought and viewed; of the others a model sees the place alone."""
USED_SHARE = 0.06
"""Of messages with a product by chance."""


@dataclass(frozen=True, slots=True)
class OfferMoment:
    """A message that may be sent: to whom, what is known of them then, which products it may offer, and for each of
    these the true chance that the offer is used, with the one draw that decides for all policies."""

    shopper: int
    at: float
    known: KnownShopper
    skus: tuple[str, ...]
    chance: F64
    draw: F64


@dataclass(frozen=True, slots=True)
class TastesWorld:
    """The goods with their margins, each shopper's purchases, and all moments."""

    goods: OfferedGoods
    margin_minor: dict[str, float]
    histories: list[list[tuple[str, float]]]
    moments: list[OfferMoment]


def make_world(plan: Plan, shoppers: int, seed: int) -> TastesWorld:
    """`shoppers` people of a store; the same for the same seed."""
    rng = np.random.default_rng([seed, 71])
    products = plan.products
    price = np.array([float(p.price_minor) for p in products])
    goods = OfferedGoods(tuple(p.sku for p in products), tuple(p.category for p in products), price)
    kinds = sorted(set(goods.categories))
    kind_of = np.array([kinds.index(c) for c in goods.categories])
    shop = _Shop(
        goods,
        kind_of,
        appeal=rng.lognormal(0.0, 0.8, len(price)),
        cycle_s=rng.uniform(4.0, 25.0, len(kinds))[kind_of] * DAY_S,
        partner=rng.permutation(len(price)),
        margin=np.round(price * rng.uniform(0.1, 0.35, len(kinds))[kind_of]),
        xy=np.array([(p.x_m, p.y_m) for p in products]),
    )
    people = [_live(shop, np.random.default_rng([seed, 72, i])) for i in range(shoppers)]
    raw = np.concatenate([m.chance for _, moments in people for m in moments])
    scale = _scale(raw)
    histories = [bought for bought, _ in people]
    moments = [
        OfferMoment(i, m.at, m.known, m.skus, 1.0 - np.exp(-scale * m.chance), m.draw)
        for i, (_, theirs) in enumerate(people)
        for m in theirs
    ]
    margins = dict(zip(goods.skus, shop.margin.tolist(), strict=True))
    return TastesWorld(goods, margins, histories, moments)


@dataclass(frozen=True, slots=True)
class _Shop:
    """What is true of the products, each (n,) but for `xy` (n, 2)."""

    goods: OfferedGoods
    kind_of: np.ndarray[tuple[int], np.dtype[np.int64]]
    appeal: F64
    cycle_s: F64
    partner: np.ndarray[tuple[int], np.dtype[np.int64]]
    margin: F64
    xy: F64


def _live(shop: _Shop, rng: np.random.Generator) -> tuple[list[tuple[str, float]], list[OfferMoment]]:
    """A shopper's purchases before the first moment, and their moments, with what happened in between."""
    kinds = int(shop.kind_of.max()) + 1
    taste = rng.dirichlet(np.full(kinds, 0.6)) * kinds
    agrees = bool(rng.random() < AGREE_SHARE)
    liked = taste[shop.kind_of] * shop.appeal * rng.lognormal(0.0, 0.7, len(shop.appeal)) + 0.02
    end = (HISTORY_DAYS + MOMENTS_DAYS) * DAY_S
    rate = VISITS_A_MONTH * rng.gamma(2.0, 0.5)
    visits = np.sort(rng.uniform(0.0, end, rng.poisson(rate * end / (30.0 * DAY_S))))
    asked = np.sort(rng.uniform(HISTORY_DAYS * DAY_S, end, MOMENTS))
    last = np.full(len(liked), -np.inf)
    bought: list[tuple[str, float]] = []
    viewed = _views(shop, liked, end, rng)
    moments: list[OfferMoment] = []
    for at, is_visit in sorted([(float(t), True) for t in visits] + [(float(t), False) for t in asked]):
        wants = _wants(shop, liked, last, at)
        if is_visit:
            took = rng.choice(len(wants), size=1 + rng.poisson(4.0), p=wants / wants.sum())
            for i in sorted(set(took.tolist())):
                last[i] = at
                bought.append((shop.goods.skus[i], at))
        else:
            seen = (list(bought), viewed) if agrees else ([], [])
            moments.append(_moment(shop, wants, at, *seen, rng))
    return [b for b in bought if agrees and b[1] < HISTORY_DAYS * DAY_S], moments


def _wants(shop: _Shop, liked: F64, last: F64, at: float) -> F64:
    """How much each product is wanted now: liked, not in the cupboard, and going with what is."""
    need = 1.0 - np.exp(-np.clip(at - last, 0.0, 1e9) / shop.cycle_s)
    has_partner = np.isfinite(last[shop.partner])
    return np.asarray(liked * need * np.where(has_partner, 1.8, 1.0), np.float64)


def _views(shop: _Shop, liked: F64, end: float, rng: np.random.Generator) -> list[tuple[str, float]]:
    """What a third of the people look at on the web, mostly what they like."""
    if rng.random() >= 0.35:
        return []
    seen = rng.choice(len(liked), size=int(rng.poisson(12.0)), p=liked / liked.sum())
    return [(shop.goods.skus[int(i)], float(t)) for i, t in zip(seen, rng.uniform(0.0, end, len(seen)), strict=True)]


def _moment(
    shop: _Shop,
    wants: F64,
    at: float,
    bought: list[tuple[str, float]],
    viewed: Sequence[tuple[str, float]],
    rng: np.random.Generator,
) -> OfferMoment:
    """People stand where they shop: at a product that they want, with a campaign of ten products before them."""
    choices = rng.choice(len(wants), size=min(CHOICES, len(wants)), replace=False)
    here = shop.xy[int(rng.choice(len(wants), p=wants / wants.sum()))]
    away_m = np.hypot(*(shop.xy - here).T)
    chance = (wants / shop.appeal.mean() * (0.4 + 0.6 * np.exp(-away_m / 12.0)))[choices]
    skus = tuple(shop.goods.skus[int(i)] for i in choices)
    said = dict(zip(shop.goods.skus, away_m.tolist(), strict=True))
    known = KnownShopper(bought, [v for v in viewed if v[1] <= at], {}, said)
    return OfferMoment(0, at, known, skus, chance, rng.random(len(skus)))


def _scale(raw: F64) -> float:
    """By which the chances come to USED_SHARE for a product by chance; found by halving."""
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if float((1.0 - np.exp(-middle * raw)).mean()) < USED_SHARE:
            low = middle
        else:
            high = middle
    return low
