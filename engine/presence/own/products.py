"""Products that the shopper stops at, again and again, with the evidence: the same as their hot spots, by product.

A stop is known with a chance, and weighs less as it grows old, as the stays of a spot do. Two visits are the least, and
what they weigh together has to be a whole stop still: so a product ends by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from engine.presence.own.spots import HALF_LIFE_S, LEAST_VISITS

LIKELY = 0.5
"""A stop counts from this chance on."""
LEAST_WEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class SeenStop:
    """In one visit they stopped at this product at `at` (s UTC), as likely as `chance`."""

    sku: str
    at: float
    chance: float


@dataclass(frozen=True, slots=True)
class OwnProduct:
    """A product, in how many visits they stopped at it, when they last did (s UTC), and what that weighs by now."""

    sku: str
    visits: int
    last_at: float
    weight: float


def own_products(stops: Sequence[SeenStop], now: float) -> list[OwnProduct]:
    """Those of one store, the strongest first."""
    of: dict[str, list[SeenStop]] = defaultdict(list)
    for stop in stops:
        if stop.chance >= LIKELY:
            of[stop.sku].append(stop)
    found = [
        OwnProduct(sku, len(seen), max(stop.at for stop in seen), sum(_weight(stop, now) for stop in seen))
        for sku, seen in of.items()
        if len(seen) >= LEAST_VISITS
    ]
    return sorted((p for p in found if p.weight >= LEAST_WEIGHT), key=lambda p: (-p.weight, p.sku))


def _weight(stop: SeenStop, now: float) -> float:
    return float(stop.chance * 0.5 ** (max(0.0, now - stop.at) / HALF_LIFE_S))
