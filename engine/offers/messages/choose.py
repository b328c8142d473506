"""What is worth saying, where it is read, now or later, or silence: one rule for every message but a campaign's.

A coupon at a shelf is decided by `engine.offers.claims`, which asks the same slots: whatever is said on whichever
channel, by a campaign or not, takes one slot, and the shop's caps and the shopper's own count them all. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from engine.offers.caps import DAY_S, WEEK_S, Limits, Slot
from engine.offers.law.sms import channel_open
from engine.offers.wishes import NO_GOODS, NO_WISHES, About, Wishes
from engine.privacy.consent import Grants, allows
from engine.vocabulary import Channel, MessageKind, MessageOutcome, MessageReason, Purpose

COMPLAINED_S = 30 * DAY_S
"""Who has complained of a message is told nothing that sells for so long, on any channel."""

LOOK_S = 900.0
"""Hours begin and end on a quarter: that is how often it is looked when they are over."""

SERVICE = frozenset({MessageKind.PICKUP, MessageKind.ORDER_READY})
"""What shoppers wait for themselves, and advertises nothing: no mute and no complaint ends it, caps do."""

_AWAY = (Channel.PUSH, Channel.APP, Channel.EMAIL)
WAYS: Mapping[MessageKind, tuple[Channel, ...]] = {
    MessageKind.PICKUP: (Channel.PAGE, Channel.PUSH),
    MessageKind.ORDER_READY: _AWAY,
    MessageKind.POINTS_ENDING: _AWAY,
    MessageKind.REWARD_NEAR: _AWAY,
    MessageKind.FRIEND_CAME: _AWAY,
}
"""Where each kind is read, best first."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that may be said: the same `name` is the same occasion, however often it comes up.

    `visit_id` is empty where nobody has to be in the shop for it: then it can wait, until `until` (s UTC).
    """

    name: str
    kind: MessageKind
    shopper_id: str
    store: str
    at: float
    until: float
    visit_id: str = ""
    about: About = NO_GOODS


@dataclass(frozen=True, slots=True)
class Listener:
    """Who would be told: what they agreed to, which channels reach them, what they were told already (`slots`), what
    they want less of, which products they bought lately on any channel, and when they complained (s UTC)."""

    grants: Grants
    reach: frozenset[Channel]
    slots: Sequence[Slot]
    wishes: Wishes = NO_WISHES
    bought: frozenset[str] = frozenset()
    complained_at: float | None = None


@dataclass(frozen=True, slots=True)
class MessageRules:
    """What holds for all messages: caps, and the channels that the site has."""

    limits: Limits
    channels: frozenset[Channel]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The decision. `channel` is None in silence; `route` is what is tried after it; `not_before` of what waits."""

    outcome: MessageOutcome
    reason: MessageReason
    channel: Channel | None = None
    route: tuple[Channel, ...] = ()
    not_before: float = 0.0


def choose(occasion: Occasion, listener: Listener, rules: MessageRules, now: float, timezone: ZoneInfo) -> Chosen:
    """Now, later or silence, by the first rule that says something; the hours are those of `timezone`."""
    if now >= occasion.until:
        return _silence(MessageReason.TOO_LATE)
    if unwanted := _refuse_unwanted(occasion, listener, now):
        return _silence(unwanted)
    agreed = [c for c in WAYS[occasion.kind] if c in rules.channels and _has_agreed(occasion.kind, listener.grants, c)]
    reached = [c for c in agreed if c in listener.reach]
    if not reached:
        return _silence(MessageReason.NO_WAY if agreed else MessageReason.NO_CONSENT)
    if waits := _waits(occasion, listener, rules, reached, now, timezone):
        reason, free_at = waits
        if not occasion.visit_id and free_at is not None and free_at < occasion.until:
            return Chosen(MessageOutcome.LATER, reason, not_before=free_at)
        return _silence(reason)
    open_ = [c for c in reached if channel_open(c, now, timezone)]
    return Chosen(MessageOutcome.NOW, MessageReason.OK, open_[0], tuple(open_[1:]))


def has_complained_lately(complained_at: float | None, now: float) -> bool:
    """Whether a complaint still silences what sells."""
    return complained_at is not None and now - complained_at < COMPLAINED_S


def _silence(reason: MessageReason) -> Chosen:
    return Chosen(MessageOutcome.SILENCE, reason)


def _has_agreed(kind: MessageKind, grants: Grants, channel: Channel) -> bool:
    """Who has agreed to be called for an order is shown the way on the page, whatever else is shown there."""
    if kind is MessageKind.PICKUP and channel is Channel.PAGE:
        return allows(grants, Purpose.PICKUP, Channel.ANY)
    return allows(grants, Purpose.LOCATION_OFFERS, channel)


def _refuse_unwanted(occasion: Occasion, listener: Listener, now: float) -> MessageReason | None:
    """Why it would be better not said at all."""
    if occasion.kind in SERVICE:
        return None
    if has_complained_lately(listener.complained_at, now):
        return MessageReason.COMPLAINED
    if occasion.about.sku is not None and occasion.about.sku in listener.bought:
        return MessageReason.BOUGHT_ALREADY
    return MessageReason.MUTED if listener.wishes.mutes_any(occasion.store, occasion.about) else None


def _waits(
    occasion: Occasion,
    listener: Listener,
    rules: MessageRules,
    reached: Iterable[Channel],
    now: float,
    timezone: ZoneInfo,
) -> tuple[MessageReason, float | None] | None:
    """What is against this moment, and when it is over; None for the latter where it never is before the end."""
    quiet, until = listener.wishes.quiet, occasion.until
    if quiet is not None and quiet.holds(_clock(now, timezone)):
        over_at = _first(now, until, lambda t: not quiet.holds(_clock(t, timezone)))
        return MessageReason.OWN_QUIET_HOURS, over_at
    if capped := _find_cap(listener, rules.limits, now):
        return capped
    ways = list(reached)
    if not any(channel_open(c, now, timezone) for c in ways):
        over_at = _first(now, until, lambda t: any(channel_open(c, t, timezone) for c in ways))
        return MessageReason.CLOSED_HOURS, over_at
    return None


def _find_cap(listener: Listener, limits: Limits, now: float) -> tuple[MessageReason, float | None] | None:
    """The first cap that is reached, and when all of them have room again."""
    said = sorted((s.issued_at for s in listener.slots if s.counts), reverse=True)
    wishes = listener.wishes
    caps = (
        (MessageReason.CAP_DAY, limits.per_day, DAY_S),
        (MessageReason.CAP_WEEK, limits.per_week, WEEK_S),
        (MessageReason.CAP_OWN_DAY, wishes.per_day, DAY_S),
        (MessageReason.CAP_OWN_WEEK, wishes.per_week, WEEK_S),
    )
    full = [(reason, _free_at(said, most, window_s)) for reason, most, window_s in caps if most is not None]
    held = [(reason, free_at) for reason, free_at in full if free_at is None or free_at > now]
    if not held:
        return None
    ends = [free_at for _, free_at in held]
    return held[0][0], None if None in ends else max(e for e in ends if e is not None)


def _free_at(said: Sequence[float], most: int, window_s: float) -> float | None:
    """When a rolling window has room for one more of `most`: `said` is newest first. None: never."""
    if most == 0:
        return None
    return said[most - 1] + window_s if len(said) >= most else 0.0


def _first(now: float, until: float, holds: Callable[[float], bool]) -> float | None:
    """The next quarter of an hour at which it holds, before `until`; None where there is none within the longest
    window, a week."""
    first = (now // LOOK_S + 1) * LOOK_S
    quarters = (first + i * LOOK_S for i in range(int(WEEK_S // LOOK_S) + 1))
    return next((t for t in quarters if t >= until or holds(t)), None)


def _clock(t: float, timezone: ZoneInfo) -> str:
    return dt.datetime.fromtimestamp(t, timezone).strftime("%H:%M")
