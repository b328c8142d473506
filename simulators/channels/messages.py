"""Moments at which the shop has something to say, over all channels, and which of them the caps leave.

The rules are written out anew, without any of the engine's code: a visit's cap, exact windows of 24 hours and of seven
days over all channels together, nobody of the control group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.plan.model import Plan
from simulators.channels.browsing import Span, WebBasket
from simulators.channels.customers import Customers
from simulators.channels.visits import ShopTrip, whole
from simulators.scenario.channels import MessageHabit
from simulators.scenario.phones import PhonesConfig

DAY_S, WEEK_S = 86_400.0, 7 * 86_400.0


class MessageWay(StrEnum):
    """By which channel."""

    PAGE = "page"
    EMAIL = "email"


class Fate(StrEnum):
    """What became of a moment."""

    SENT = "sent"
    HELD_OUT = "held-out"
    CAP_VISIT = "cap-visit"
    CAP_DAY = "cap-day"
    CAP_WEEK = "cap-week"


@dataclass(frozen=True, slots=True)
class SayMoment:
    """Something to say to somebody at a time, s UTC. `visit` is the store visit, or the basket that was left.
    `about` is the campaign: of a product or category at a shelf, else `basket`."""

    who: int
    at: float
    way: MessageWay
    visit: str
    about: str
    sku: str


@dataclass(frozen=True, slots=True)
class WeekMessage:
    """A moment, what became of it, and whether what was sent was looked at."""

    moment: SayMoment
    fate: Fate
    opened: bool


def moments_of(
    visits: Sequence[ShopTrip],
    baskets: Sequence[WebBasket],
    customers: Customers,
    plan: Plan,
    habits: tuple[MessageHabit, PhonesConfig],
    span: Span,
) -> list[SayMoment]:
    """All of them, by time: stops of who is followed, at promoted products; baskets that were left, by mail."""
    habit, phones = habits
    found = []
    for visit in visits:
        for stop in visit.stops if visit.followed else ():
            product = plan.product_by_sku[stop.sku]
            about = stop.sku if stop.sku in phones.responses else product.category
            if about in phones.responses and stop.until - stop.since >= habit.min_dwell_s:
                at = whole(stop.since + habit.min_dwell_s)
                found.append(SayMoment(visit.who, at, MessageWay.PAGE, visit.name, about, stop.sku))
    for basket in baskets:
        at = whole(basket.at + habit.mail_after_s)
        if basket.ordered_at is None and customers.mails[basket.who] and span.holds(at):
            found.append(
                SayMoment(basket.who, at, MessageWay.EMAIL, f"basket-{basket.who}-{int(basket.at)}", "basket", "")
            )
    return sorted(found, key=lambda moment: (moment.at, moment.who, moment.visit))


def send(
    moments: Sequence[SayMoment],
    customers: Customers,
    habit: MessageHabit,
    page_open_share: float,
    rng: np.random.Generator,
) -> list[WeekMessage]:
    """What becomes of each, in the order of time."""
    sent: dict[int, list[SayMoment]] = {}
    found = []
    for moment in moments:
        before, draw = sent.setdefault(moment.who, []), rng.random()
        fate = Fate.HELD_OUT if customers.control[moment.who] else _fate(moment, before, habit)
        share = page_open_share if moment.way is MessageWay.PAGE else habit.mail_open_share
        if fate is Fate.SENT:
            before.append(moment)
        found.append(WeekMessage(moment, fate, fate is Fate.SENT and bool(draw < share)))
    return found


def _fate(moment: SayMoment, before: Sequence[SayMoment], habit: MessageHabit) -> Fate:
    counted = (
        (Fate.CAP_VISIT, sum(one.visit == moment.visit for one in before), habit.per_visit),
        (Fate.CAP_DAY, sum(one.at > moment.at - DAY_S for one in before), habit.per_day),
        (Fate.CAP_WEEK, sum(one.at > moment.at - WEEK_S for one in before), habit.per_week),
    )
    return next((fate for fate, so_far, most in counted if so_far >= most), Fate.SENT)
