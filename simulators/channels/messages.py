"""Moments at which the shop has something to say, over all channels, and which of them the caps leave.

The rules are written out anew, without any of the engine's code: a visit's cap, exact windows of 24 hours and of seven
days over all channels together. Who is held out of a channel gets no message by it: a ghost of one takes its place in
the caps, so that both groups stand at moments of the same kind. Each channel's groups are drawn for themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.plan.model import Plan
from simulators.channels.browsing import Span, WebBasket
from simulators.channels.customers import Customers, MessageWay
from simulators.channels.visits import ShopTrip, whole
from simulators.scenario.channels import MessageHabit
from simulators.scenario.phones import PhonesConfig

DAY_S, WEEK_S = 86_400.0, 7 * 86_400.0


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
    `about` is the campaign: of a product or category at a shelf, else `basket`. `skus` are what one would buy."""

    who: int
    at: float
    way: MessageWay
    visit: str
    about: str
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeekMessage:
    """A moment, what became of it, and whether its shopper looks at it if it is sent."""

    moment: SayMoment
    fate: Fate
    opens: bool

    @property
    def opened(self) -> bool:
        """Whether it was sent and looked at."""
        return self.fate is Fate.SENT and self.opens

    @property
    def is_reached(self) -> bool:
        """Whether it was sent, or would have been to somebody else."""
        return self.fate in (Fate.SENT, Fate.HELD_OUT)


def moments_of(
    visits: Sequence[ShopTrip],
    baskets: Sequence[WebBasket],
    customers: Customers,
    plan: Plan,
    habits: tuple[MessageHabit, PhonesConfig],
    span: Span,
) -> list[SayMoment]:
    """All of them, by time: stops of who is followed, at promoted products; baskets that were left, by mail; and what
    was stopped at last and not bought, by a notification after the visit."""
    habit, phones = habits
    found = []
    for visit in visits:
        for stop in visit.stops if visit.followed else ():
            product = plan.product_by_sku[stop.sku]
            about = stop.sku if stop.sku in phones.responses else product.category
            if about in phones.responses and stop.until - stop.since >= habit.min_dwell_s:
                at = whole(stop.since + habit.min_dwell_s)
                found.append(SayMoment(visit.who, at, MessageWay.PAGE, visit.name, about, (stop.sku,)))
        found += _after_visit(visit, customers, habit, span)
    for basket in baskets:
        at = whole(basket.at + habit.mail_after_s)
        if basket.ordered_at is None and customers.mails[basket.who] and span.holds(at):
            found.append(SayMoment(basket.who, at, MessageWay.EMAIL, basket.name, "basket", basket.skus))
    return sorted(found, key=lambda moment: (moment.at, moment.who, moment.visit))


def send(
    moments: Sequence[SayMoment],
    customers: Customers,
    habit: MessageHabit,
    page_open_share: float,
    rng: np.random.Generator,
) -> list[WeekMessage]:
    """What becomes of each, in the order of time."""
    opens = {
        MessageWay.PAGE: page_open_share,
        MessageWay.EMAIL: habit.mail_open_share,
        MessageWay.PUSH: habit.push_open_share,
    }
    sent: dict[int, list[SayMoment]] = {}
    found = []
    for moment in moments:
        before, draw = sent.setdefault(moment.who, []), rng.random()
        fate = _fate(moment, before, habit)
        if fate is Fate.SENT:
            before.append(moment)
            fate = Fate.HELD_OUT if customers.held_out[moment.way][moment.who] else Fate.SENT
        found.append(WeekMessage(moment, fate, bool(draw < opens[moment.way])))
    return found


def _after_visit(visit: ShopTrip, customers: Customers, habit: MessageHabit, span: Span) -> list[SayMoment]:
    left = [stop.sku for stop in visit.stops if not stop.bought]
    at = whole(visit.left_at + habit.push_after_s)
    if not (visit.followed and customers.notified[visit.who] and left and span.holds(at)):
        return []
    return [SayMoment(visit.who, at, MessageWay.PUSH, f"after-{visit.name}", left[-1], (left[-1],))]


def _fate(moment: SayMoment, before: Sequence[SayMoment], habit: MessageHabit) -> Fate:
    counted = (
        (Fate.CAP_VISIT, sum(one.visit == moment.visit for one in before), habit.per_visit),
        (Fate.CAP_DAY, sum(one.at > moment.at - DAY_S for one in before), habit.per_day),
        (Fate.CAP_WEEK, sum(one.at > moment.at - WEEK_S for one in before), habit.per_week),
    )
    return next((fate for fate, so_far, most in counted if so_far >= most), Fate.SENT)
