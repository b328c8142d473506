"""The programme's terms, as the site's config says them."""

from __future__ import annotations

from datetime import time

from engine.config import LoyaltyConfig
from engine.config.loyalty import EarnConfig
from engine.loyalty.earning import EarnRule, EarnTerms, Tier

DAY_S = 86_400.0
WEEKDAYS = {name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}


def terms_of(config: LoyaltyConfig) -> EarnTerms:
    """What purchases and visits earn, and how long it lasts."""
    return EarnTerms(
        rules=tuple(_rule(rule) for rule in config.earn),
        pending_s=config.pending_days * DAY_S,
        expire_s=None if config.expire_days is None else config.expire_days * DAY_S,
        tiers=tuple(Tier(tier.name, tier.from_points) for tier in config.tiers),
        tier_s=config.tier_days * DAY_S,
        per_visit=config.per_visit,
    )


def _rule(said: EarnConfig) -> EarnRule:
    return EarnRule(
        said.points,
        said.per_minor,
        said.currency,
        frozenset(said.products),
        frozenset(said.categories),
        frozenset(said.stores),
        frozenset(said.tiers),
        frozenset(WEEKDAYS[day] for day in said.weekdays),
        None if said.since is None else time.fromisoformat(said.since),
        None if said.until is None else time.fromisoformat(said.until),
    )
