"""A logistic model with a handful of weights that anybody can read: how likely a shopper uses an offer of a product.

Ridge logistic regression by iteratively reweighted least squares (Hastie, Tibshirani and Friedman, *The Elements of
Statistical Learning*, 4.4.1), on nine columns: few enough to be learnt from some thousand messages, and each with a
sentence. What is learnt from is what was sent and what was used, of shoppers who agreed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from engine.errors import OperatorError, Problem
from engine.offers.next_best.moments import FEATURES, KnownShopper, Liking, OfferedGoods, companion_of, feature_rows
from engine.records import F64, Bools
from engine.vocabulary import OfferReason

RIDGE = 5.0
"""How many messages' worth of doubt each weight begins with."""
ROUNDS = 50
SAID = (
    OfferReason.BOUGHT_IT,
    OfferReason.BOUGHT_LIKE_IT,
    OfferReason.GOES_WITH,
    OfferReason.LOOKED_AT,
    OfferReason.LINGERS,
    OfferReason.NEAR,
    OfferReason.LIKED,
)
"""Reasons that a shopper is told; being sated and the price speak against or for a product, and are no reason."""


@dataclass(frozen=True, slots=True)
class SentOffer:
    """One message that was sent: what was known of its shopper then, which product it offered, and if it was used."""

    known: KnownShopper
    sku: str
    at: float
    used: bool


@dataclass(frozen=True, slots=True)
class RankedOffer:
    """A product, the chance that an offer of it is used, what it is worth in minor units, and why it is this one:
    `because` is the product that speaks for it, where one does."""

    sku: str
    probability: float
    gain_minor: float
    reason: OfferReason
    because: str | None


@dataclass(frozen=True, slots=True)
class NextBest:
    """A model that was learnt. `weights` (9,) are of FEATURES, in units of each column's spread; `intercept` alone is
    the chance where all columns are at their means."""

    goods: OfferedGoods
    liking: Liking
    weights: F64
    intercept: float
    means: F64
    spreads: F64
    messages: int

    def rank(
        self, known: KnownShopper, skus: Sequence[str], margin_minor: Mapping[str, float], now: float
    ) -> list[RankedOffer]:
        """These products, the one that brings most first: margin x chance. What the model does not know is left out."""
        index = self.goods.index
        wanted = [sku for sku in dict.fromkeys(skus) if sku in index]
        parts = (feature_rows(self.goods, known, self.liking, now) - self.means) / self.spreads * self.weights
        chance = expit(self.intercept + parts.sum(axis=1))
        ranked = [self._rank(known, sku, parts[index[sku]], float(chance[index[sku]]), margin_minor) for sku in wanted]
        return sorted(ranked, key=lambda r: (-r.gain_minor, r.sku))

    def _rank(
        self, known: KnownShopper, sku: str, parts: F64, chance: float, margin_minor: Mapping[str, float]
    ) -> RankedOffer:
        by_weight = sorted((-float(parts[FEATURES.index(reason)]), reason) for reason in SAID)
        for part, reason in by_weight:
            because = companion_of(self.goods, known, self.liking, sku, reason)
            if part < 0 and (because is not None or reason in (OfferReason.LINGERS, OfferReason.NEAR)):
                return RankedOffer(sku, chance, margin_minor.get(sku, 0.0) * chance, reason, because)
        return RankedOffer(sku, chance, margin_minor.get(sku, 0.0) * chance, OfferReason.LIKED, None)

    def as_json(self) -> str:
        """The whole model, as one may read it."""
        said = {
            "messages": self.messages,
            "intercept": round(self.intercept, 6),
            "weights": {str(f): round(float(w), 6) for f, w in zip(FEATURES, self.weights, strict=True)},
            "means": [round(float(x), 6) for x in self.means],
            "spreads": [round(float(x), 6) for x in self.spreads],
            "products": [
                {
                    "sku": sku,
                    "category": c,
                    "price_minor": int(p),
                    "used": round(u, 6),
                    "sold": round(s, 8),
                }
                for sku, c, p, u, s in zip(
                    self.goods.skus,
                    self.goods.categories,
                    self.goods.price_minor,
                    self.liking.used.tolist(),
                    self.liking.sold.tolist(),
                    strict=True,
                )
            ],
            "together": [
                [int(i), int(j), round(float(self.liking.together[i, j]), 4)]
                for i, j in np.argwhere(np.triu(self.liking.together, 1) >= 0.01).tolist()
            ],
        }
        return json.dumps(said, ensure_ascii=False, indent=1)


def read_model(text: str, file: str) -> NextBest:
    """The inverse of `as_json`. Raises OperatorError for anything else."""
    try:
        found = _read(json.loads(text))
        if wrong := _not_sound(found):
            raise ValueError(wrong)
        return found
    except (KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
        problem = Problem(file, "(whole file)", f"no model of offers: {error}", "make it anew with rayon offers train")
        raise OperatorError([problem]) from error


def _read(said: Any) -> NextBest:
    products = said["products"]
    n = len(products)
    together = np.zeros((n, n))
    for i, j, value in said["together"]:
        if min(i, j) < 0:
            raise IndexError(f"no product {min(i, j)}")
        together[i, j] = together[j, i] = value
    return NextBest(
        OfferedGoods(
            tuple(str(p["sku"]) for p in products),
            tuple(str(p["category"]) for p in products),
            np.array([p["price_minor"] for p in products], np.float64),
        ),
        Liking(
            np.array([p["used"] for p in products], np.float64),
            together,
            np.array([p["sold"] for p in products], np.float64),
        ),
        np.array([said["weights"][str(f)] for f in FEATURES], np.float64),
        float(said["intercept"]),
        np.array(said["means"], np.float64),
        np.array(said["spreads"], np.float64),
        int(said["messages"]),
    )


def _not_sound(model: NextBest) -> str:
    """What keeps a model from giving chances; empty where nothing does."""
    columns = (model.weights, model.means, model.spreads)
    goods, liking = model.goods, model.liking
    if not goods.skus or any(of.shape != (len(FEATURES),) for of in columns):
        return f"{len(FEATURES)} columns, of one product or more"
    if not np.isfinite(model.intercept) or any(
        not np.isfinite(of).all() for of in (*columns, goods.price_minor, liking.used, liking.together, liking.sold)
    ):
        return "a number that is none"
    if min(model.spreads.min(), liking.used.min(), liking.sold.min()) <= 0:
        return "spreads and shares are above 0"
    return ""


def learn(goods: OfferedGoods, histories: Sequence[Sequence[tuple[str, float]]], sent: Sequence[SentOffer]) -> NextBest:
    """A model from what was bought, shopper by shopper, and from messages that were sent. Raises ValueError where
    nothing was sent."""
    if not sent:
        raise ValueError("nothing was sent that could be learnt from")
    liking = learn_liking(goods, histories, sent)
    index = goods.index
    rows = np.stack([feature_rows(goods, one.known, liking, one.at)[index[one.sku]] for one in sent])
    used = np.array([one.used for one in sent], np.bool_)
    means, spreads = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    intercept, weights = fit_ridge((rows - means) / spreads, used)
    return NextBest(goods, liking, weights, intercept, means, spreads, len(sent))


def learn_liking(
    goods: OfferedGoods, histories: Sequence[Sequence[tuple[str, float]]], sent: Sequence[SentOffer]
) -> Liking:
    """What people like. Shares of used offers are shrunk to the mean of all by ten messages' worth."""
    index, n = goods.index, len(goods.skus)
    has = np.zeros((len(histories), n))
    sold = np.ones(n)
    for row, history in enumerate(histories):
        for sku, _ in history:
            if sku in index:
                has[row, index[sku]] = 1.0
                sold[index[sku]] += 1.0
    both = has.T @ has
    lift = np.sqrt(np.outer(np.diag(both), np.diag(both))) + 5.0
    together = both / lift
    np.fill_diagonal(together, 0.0)
    offered, used = np.zeros(n), np.zeros(n)
    for one in sent:
        offered[index[one.sku]] += 1
        used[index[one.sku]] += one.used
    mean = max(float(used.sum()) / max(float(offered.sum()), 1.0), 1e-4)
    return Liking((used + 10.0 * mean) / (offered + 10.0), together, sold / float(sold.sum()))


def fit_ridge(rows: F64, used: Bools, ridge: float = RIDGE) -> tuple[float, F64]:
    """(intercept, weights (m,)) of a logistic regression on `rows` (n, m), the weights pulled towards 0."""
    x = np.column_stack([np.ones(len(rows)), rows])
    penalty = np.diag([1e-6] + [ridge] * rows.shape[1])
    beta = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = expit(x @ beta)
        weight = np.maximum(p * (1 - p), 1e-6)
        step = np.linalg.solve(x.T @ (x * weight[:, None]) + penalty, x.T @ (used - p) - penalty @ beta)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return float(beta[0]), beta[1:]
