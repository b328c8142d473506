"""What a shopper wants less of: things muted, caps of one's own below the shop's, hours of quiet of one's own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from engine.offers.hours import Hours
from engine.plan.model import Plan
from engine.vocabulary import DecisionReason, MuteKind

EVERYWHERE = ""
"""In place of a store: whatever the store."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Nothing more of this: a product (its sku) or a category of a store, the store, or all stores (no name)."""

    kind: MuteKind
    store: str
    name: str = ""

    def __post_init__(self) -> None:
        if (self.kind is MuteKind.ALL) != (self.store == EVERYWHERE):
            raise ValueError("a store is named for everything but all stores")
        if (self.kind in (MuteKind.PRODUCT, MuteKind.CATEGORY)) != bool(self.name):
            raise ValueError("a product and a category have a name, a store has none")


@dataclass(frozen=True, slots=True)
class About:
    """What a campaign is about: the product it is for or at, and the categories of its goods."""

    sku: str | None = None
    categories: frozenset[str] = frozenset()


NO_GOODS = About()


@dataclass(frozen=True, slots=True)
class Wishes:
    """All of one shopper's. None: as often as the shop may, at any hour."""

    mutes: frozenset[Mute] = frozenset()
    per_day: int | None = None
    per_week: int | None = None
    quiet: Hours | None = None

    def refusal(self, store: str, about: About, now: float, timezone: ZoneInfo) -> DecisionReason | None:
        """Why this shopper wants nothing of it now: `muted`, `own_quiet_hours`; None where nothing is against it.

        The hours are those of the store's clock.
        """
        if self.mutes_any(store, about):
            return DecisionReason.MUTED
        clock = dt.datetime.fromtimestamp(now, timezone).strftime("%H:%M")
        return DecisionReason.OWN_QUIET_HOURS if self.quiet is not None and self.quiet.holds(clock) else None

    def mutes_any(self, store: str, about: About) -> bool:
        """Whether the store, all stores, or anything that it is about is muted."""
        return bool(self.mutes & _mutes_of(store, about))


NO_WISHES = Wishes()


def as_in_plan(mute: Mute, plan: Plan) -> Mute | None:
    """The mute with its category spelt as the plan has it; None where the plan has no such product or category."""
    if mute.kind is MuteKind.PRODUCT:
        return mute if mute.name in plan.product_by_sku else None
    if mute.kind is not MuteKind.CATEGORY:
        return mute
    wanted = mute.name.casefold()
    spelt = sorted({p.category for p in plan.products if p.category.casefold() == wanted})
    exact = mute.name if mute.name in spelt else next(iter(spelt), None)
    return None if exact is None else replace(mute, name=exact)


def _mutes_of(store: str, about: About) -> frozenset[Mute]:
    """Each of these would silence it."""
    named = {Mute(MuteKind.CATEGORY, store, category) for category in about.categories}
    named |= {Mute(MuteKind.PRODUCT, store, about.sku)} if about.sku else set()
    return frozenset(named | {Mute(MuteKind.SHOP, store), Mute(MuteKind.ALL, EVERYWHERE)})


def asked_visit(day: str) -> str:
    """The visit of all that a shopper asks for on one day of the store: nobody has to be there for it."""
    return f"{_ASKED}{day}"


def is_asked(visit_id: str) -> bool:
    """Whether a coupon of this visit was asked for, rather than brought by where its shopper stood."""
    return visit_id.startswith(_ASKED)


def mailed_visit(campaign_id: str) -> str:
    """The visit of what a campaign sends by e-mail: one for each campaign, so that nobody is sent a second code."""
    return f"{_MAILED}{campaign_id}"


def is_mailed(visit_id: str) -> bool:
    """Whether a coupon of this visit was sent by e-mail to somebody who need not be in the shop."""
    return visit_id.startswith(_MAILED)


_MAILED = "mailed-"
_ASKED = "asked-"
