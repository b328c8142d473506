"""What a coupon does to its shopper: with and without it from the same draw, so that the true uplift is known."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulators.scenario.phones import PhonesConfig

SHOPS = ("shopper", "companion")
"""Kinds of people who shop, and may answer a coupon."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """One shopper and one coupon. `buys` and `would_buy_without` are one person's two fates: only one comes true."""

    target: str
    opens: bool
    mutes: bool
    buys: bool
    would_buy_without: bool


def target_of(offer: Mapping[str, Any]) -> str:
    """What a coupon is for: a product's sku, a category, or `basket`."""
    return str(offer.get("sku") or offer.get("category") or "basket")


def reaction(config: PhonesConfig, target: str, seed: int, shopper: int) -> Reaction:
    """What this shopper does about a coupon for `target`; always the same for the same three.

    The draws depend on the target, not on the campaign: whether a person buys the milk anyway is one fact, whichever of
    two campaigns for the milk it is asked of. Who does not open it does what they would have done without. Targets
    without a `Response` are redeemed by `redeem_share`, as if nobody would have bought without.
    """
    rng = np.random.default_rng([seed, 4, shopper, zlib.crc32(target.encode())])
    opens, mutes, buys = rng.random(3).tolist()
    looked = opens < config.open_share
    base, more = _base_and_more(config, target)
    without = buys < base
    with_it = buys < base + more if looked else without
    return Reaction(target, looked, looked and mutes < config.mute_share, with_it, without)


def buy_shares(config: PhonesConfig, target: str) -> tuple[float, float]:
    """The chances behind `Reaction.would_buy_without` and `Reaction.buys`; their difference is the true uplift.

    That of who got the coupon, looked at or not: `open_share` of the uplift of those who look.
    """
    base, more = _base_and_more(config, target)
    return base, base + config.open_share * more


def _base_and_more(config: PhonesConfig, target: str) -> tuple[float, float]:
    response = config.responses.get(target)
    return (0.0, config.redeem_share) if response is None else (response.buy_share, response.uplift)
