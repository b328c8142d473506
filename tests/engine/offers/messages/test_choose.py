"""One decision for whatever a shopper may be told: now, later or silence, and never more than the caps."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.offers.caps import DAY_S, WEEK_S, Limits, Slot
from engine.offers.claims import Standing, claim_event
from engine.offers.hours import Hours
from engine.offers.messages.choose import (
    COMPLAINED_S,
    SERVICE,
    WAYS,
    Listener,
    MessageRules,
    Occasion,
    choose,
)
from engine.offers.wishes import EVERYWHERE, About, Mute, Wishes
from engine.records import Candidate, DeviceId, Trigger
from engine.vocabulary import Channel, MessageKind, MessageOutcome, MessageReason, MuteKind, Purpose
from tests.engine.offers.plans import campaign

PARIS = ZoneInfo("Europe/Paris")
NOON = 1_794_999_600.0  # Wednesday 18 November 2026, 12:00 in Paris
NIGHT = NOON + 11 * 3600
RULES = MessageRules(Limits(1, 3, 8), frozenset(Channel))
EVERY = frozenset((Purpose.LOCATION_OFFERS, c) for c in Channel if c is not Channel.ANY)
LISTENS = Listener(EVERY, frozenset(Channel), ())
SAYS = Occasion("points|1", MessageKind.POINTS_ENDING, "her", "shop", NOON, NOON + 5 * DAY_S)
NIGHTS = Hours.model_validate({"from": "21:00", "to": "08:00"})


def said(*ages_s: float, counts: bool = True) -> tuple[Slot, ...]:
    return tuple(Slot(("", "x"), "", NOON - age, counts) for age in ages_s)


def test_it_is_said_now_on_the_best_way_that_she_agreed_to_and_that_reaches_her() -> None:
    chosen = choose(SAYS, LISTENS, RULES, NOON, PARIS)
    assert (chosen.outcome, chosen.channel) == (MessageOutcome.NOW, Channel.PUSH)
    assert chosen.route == (Channel.APP, Channel.EMAIL)
    mail = replace(LISTENS, reach=frozenset({Channel.EMAIL}))
    assert choose(SAYS, mail, RULES, NOON, PARIS).channel is Channel.EMAIL


@pytest.mark.parametrize(
    ("listener", "reason"),
    [
        (replace(LISTENS, grants=frozenset()), MessageReason.NO_CONSENT),
        (replace(LISTENS, reach=frozenset()), MessageReason.NO_WAY),
        (replace(LISTENS, complained_at=NOON - COMPLAINED_S + 1), MessageReason.COMPLAINED),
        (replace(LISTENS, bought=frozenset({"TEA"})), MessageReason.BOUGHT_ALREADY),
        (replace(LISTENS, wishes=Wishes(frozenset({Mute(MuteKind.ALL, EVERYWHERE)}))), MessageReason.MUTED),
        (replace(LISTENS, wishes=Wishes(per_day=0)), MessageReason.CAP_OWN_DAY),
    ],
)
def test_silence_has_its_reason(listener: Listener, reason: MessageReason) -> None:
    chosen = choose(replace(SAYS, about=About("TEA")), listener, RULES, NOON, PARIS)
    assert (chosen.outcome, chosen.reason, chosen.channel) == (MessageOutcome.SILENCE, reason, None)


def test_a_complaint_ends_by_itself_and_never_hides_an_order() -> None:
    complained = replace(LISTENS, complained_at=NOON - COMPLAINED_S)
    assert choose(SAYS, complained, RULES, NOON, PARIS).outcome is MessageOutcome.NOW
    muted = replace(LISTENS, complained_at=NOON, wishes=Wishes(frozenset({Mute(MuteKind.SHOP, "shop")})))
    for kind in SERVICE:
        assert choose(replace(SAYS, kind=kind), muted, RULES, NOON, PARIS).outcome is MessageOutcome.NOW


def test_what_can_wait_waits_for_the_end_of_quiet_hours_and_what_cannot_is_dropped() -> None:
    quiet = replace(LISTENS, wishes=Wishes(quiet=NIGHTS))
    chosen = choose(SAYS, quiet, RULES, NIGHT, PARIS)
    assert (chosen.outcome, chosen.reason) == (MessageOutcome.LATER, MessageReason.OWN_QUIET_HOURS)
    assert chosen.not_before == NOON + 20 * 3600
    assert choose(SAYS, quiet, RULES, chosen.not_before, PARIS).outcome is MessageOutcome.NOW
    for dropped in (replace(SAYS, visit_id="v"), replace(SAYS, until=NIGHT + 60)):
        assert choose(dropped, quiet, RULES, NIGHT, PARIS).outcome is MessageOutcome.SILENCE


def test_a_full_cap_waits_until_the_oldest_message_leaves_its_window() -> None:
    full = replace(LISTENS, slots=said(100, 2_000, 80_000))
    chosen = choose(SAYS, full, RULES, NOON, PARIS)
    assert (chosen.reason, chosen.not_before) == (MessageReason.CAP_DAY, NOON - 80_000 + DAY_S)
    assert choose(SAYS, full, RULES, chosen.not_before, PARIS).outcome is MessageOutcome.NOW
    never_came = replace(LISTENS, slots=said(100, 2_000, 80_000, counts=False))
    assert choose(SAYS, never_came, RULES, NOON, PARIS).outcome is MessageOutcome.NOW
    both = replace(full, wishes=Wishes(per_week=1))
    assert choose(SAYS, both, RULES, NOON, PARIS).outcome is MessageOutcome.SILENCE, "after the points' end"


def test_every_kind_but_the_coupon_has_its_ways() -> None:
    assert set(WAYS) == set(MessageKind) - {MessageKind.COUPON}


CAMPAIGN = campaign(caps={"per_day": 100, "per_week": 100})


def candidate(visit: str, at: float, number: int) -> Candidate:
    trigger = Trigger(f"t{number}", CAMPAIGN.id, DeviceId(1), visit, at - 5, at, 0.8, at)
    return Candidate(f"d{number}", trigger, "her", "shop", "EUR", Channel.PAGE, 24.0, 50, 50)


EVENT = st.tuples(
    st.sampled_from([*WAYS, MessageKind.COUPON]),
    st.floats(0, 40 * 3600),
    st.integers(0, 3),
    st.booleans(),
)


@given(
    events=st.lists(EVENT, max_size=60),
    limits=st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)),
    own=st.tuples(st.none() | st.integers(0, 4), st.none() | st.integers(0, 8)),
)
def test_over_any_sequence_no_window_holds_more_than_the_caps(
    events: list[tuple[MessageKind, float, int, bool]],
    limits: tuple[int, int, int],
    own: tuple[int | None, int | None],
) -> None:
    """The shop's caps and her own lower ones; whatever waits is decided again when its time has come."""
    caps, wishes = Limits(*limits), Wishes(per_day=own[0], per_week=own[1])
    rules, slots, now = MessageRules(caps, frozenset(Channel)), list[Slot](), NOON
    waiting: list[tuple[float, Occasion]] = []
    for number, (kind, pause_s, visit, in_store) in enumerate(events):
        now += pause_s
        due = [o for at, o in waiting if at <= now]
        waiting = [(at, o) for at, o in waiting if at > now]
        if kind is MessageKind.COUPON:
            standing = Standing(slots, EVERY, {CAMPAIGN.id: CAMPAIGN}, {}, wishes)
            [made] = claim_event([candidate(f"v{visit}", now, number)], standing, caps, now)
            if made.holds_slot:
                slots.append(Slot(("shop", CAMPAIGN.id), f"v{visit}", now, counts=True))
        else:
            name, visit_id = f"{kind}|{number}", f"v{visit}" if in_store else ""
            due.append(Occasion(name, kind, "her", "shop", now, now + 3 * DAY_S, visit_id))
        for occasion in due:
            heard = Listener(EVERY, frozenset(Channel), slots, wishes)
            chosen = choose(occasion, heard, rules, now, PARIS)
            if chosen.outcome is MessageOutcome.NOW:
                slots.append(Slot(("", str(occasion.kind)), "", now, counts=True))
            if chosen.outcome is MessageOutcome.LATER:
                assert now < chosen.not_before < occasion.until
                waiting.append((chosen.not_before, occasion))
    times = [s.issued_at for s in slots]
    for window_s, most in ((DAY_S, (caps.per_day, own[0])), (WEEK_S, (caps.per_week, own[1]))):
        least = min(n for n in most if n is not None)
        assert all(sum(0 <= t - s < window_s for t in times) <= least for s in times)
    for visit in range(4):
        assert sum(s.visit_id == f"v{visit}" for s in slots) <= caps.per_visit


@pytest.mark.parametrize(
    ("kind", "channels", "grants", "channel", "reason"),
    [
        ("pickup", {Channel.PAGE, Channel.PUSH}, {(Purpose.PICKUP, Channel.ANY)}, Channel.PAGE, "ok"),
        ("pickup", {Channel.PAGE, Channel.PUSH}, {(Purpose.LOCATION_OFFERS, Channel.PUSH)}, Channel.PUSH, "ok"),
        ("pickup", {Channel.PAGE}, {(Purpose.LOCATION_OFFERS, Channel.PAGE)}, None, "no_consent"),
        ("pickup", {Channel.EMAIL}, EVERY, None, "no_consent"),
        ("order_ready", {Channel.PAGE, Channel.EMAIL}, EVERY, Channel.EMAIL, "ok"),
        ("points_ending", {Channel.PAGE, Channel.SMS}, EVERY, None, "no_consent"),
        ("reward_near", {Channel.EMAIL, Channel.APP}, EVERY, Channel.APP, "ok"),
    ],
)
def test_each_kind_goes_where_it_is_read_and_agreed_to(
    kind: str, channels: set[Channel], grants: set[tuple[Purpose, Channel]], channel: Channel | None, reason: str
) -> None:
    """Who has agreed to be called for an order is shown it on the page, and nowhere else by that."""
    rules = MessageRules(RULES.limits, frozenset(channels))
    said_ = choose(
        replace(SAYS, kind=MessageKind(kind)), replace(LISTENS, grants=frozenset(grants)), rules, NOON, PARIS
    )
    assert (said_.channel, said_.reason) == (channel, reason)


@pytest.mark.parametrize(
    ("until_s", "outcome", "reason"), [(0.0, "silence", "too_late"), (-1.0, "silence", "too_late"), (0.1, "now", "ok")]
)
def test_at_its_end_it_is_too_late(until_s: float, outcome: str, reason: str) -> None:
    chosen = choose(replace(SAYS, until=NOON + until_s), LISTENS, RULES, NOON, PARIS)
    assert (chosen.outcome, chosen.reason) == (outcome, reason)


def test_reasons_of_silence_have_an_order_and_goods_without_a_name_were_not_bought() -> None:
    at = replace(LISTENS, complained_at=NOON - 30 * DAY_S, bought=frozenset({"TEA"}))
    assert choose(SAYS, at, RULES, NOON, PARIS).outcome is MessageOutcome.NOW
    assert choose(replace(SAYS, about=About("CUP")), at, RULES, NOON, PARIS).outcome is MessageOutcome.NOW
    both = replace(at, complained_at=NOON, wishes=Wishes(frozenset({Mute(MuteKind.SHOP, "shop")})))
    assert choose(replace(SAYS, about=About("TEA")), both, RULES, NOON, PARIS).reason is MessageReason.COMPLAINED
    bought = replace(both, complained_at=None)
    assert choose(replace(SAYS, about=About("TEA")), bought, RULES, NOON, PARIS).reason is MessageReason.BOUGHT_ALREADY
    assert choose(SAYS, bought, RULES, NOON, PARIS).reason is MessageReason.MUTED


@pytest.mark.parametrize(
    ("ages_s", "limits", "wishes", "reason", "free_s"),
    [
        ([100], Limits(9, 9, 9), Wishes(per_day=1), "cap_own_day", DAY_S - 100),
        ([100], Limits(9, 9, 9), Wishes(per_week=1), "cap_own_week", None),  # after the five days that it has
        ([3 * DAY_S], Limits(9, 9, 9), Wishes(per_week=1), "cap_own_week", 4 * DAY_S),
        ([3 * DAY_S], Limits(9, 9, 1), Wishes(), "cap_week", 4 * DAY_S),
        ([2 * DAY_S], Limits(9, 9, 1), Wishes(), "cap_week", None),  # at its end
        ([100, 3 * DAY_S], Limits(9, 1, 2), Wishes(), "cap_day", 4 * DAY_S),  # the first, until all have room
        ([DAY_S], Limits(9, 1, 9), Wishes(), "ok", None),
        ([], Limits(9, 0, 9), Wishes(), "cap_day", None),
        ([100], Limits(9, 1, 0), Wishes(), "cap_day", None),
        ([100, 200, 300], Limits(0, 2, 9), Wishes(), "cap_day", DAY_S - 200),  # the older of the last two
    ],
)
def test_a_cap_is_over_when_its_window_has_room(
    ages_s: list[float], limits: Limits, wishes: Wishes, reason: str, free_s: float | None
) -> None:
    heard = replace(LISTENS, slots=said(*ages_s[::-1]), wishes=wishes)
    chosen = choose(SAYS, heard, MessageRules(limits, frozenset(Channel)), NOON, PARIS)
    later = MessageOutcome.LATER if free_s is not None else MessageOutcome.SILENCE
    assert (chosen.outcome, chosen.reason) == (MessageOutcome.NOW if reason == "ok" else later, reason)
    assert chosen.not_before == (0.0 if free_s is None else NOON + free_s)


@pytest.mark.parametrize(
    ("quiet", "now", "over_s"),
    [
        (("11:00", "12:10"), NOON, 900.0),  # the next quarter after its end
        (("11:00", "12:15"), NOON, 900.0),  # its end is not of it
        (("11:00", "12:16"), NOON, 1800.0),
        (("11:00", "12:15"), NOON + 899.0, 1.0),
        (("12:01", "12:15"), NOON, None),
        (("12:00", "12:15"), NOON, 900.0),
    ],
)
def test_quiet_hours_end_on_a_quarter(quiet: tuple[str, str], now: float, over_s: float | None) -> None:
    begin, end = quiet
    heard = replace(LISTENS, wishes=Wishes(quiet=Hours.model_validate({"from": begin, "to": end})))
    chosen = choose(SAYS, heard, RULES, now, PARIS)
    assert chosen.not_before == (0.0 if over_s is None else now + over_s)
    assert (chosen.outcome is MessageOutcome.NOW) == (over_s is None)
    soon = replace(SAYS, until=now + (over_s or 1.0))
    assert (choose(soon, heard, RULES, now, PARIS).outcome is MessageOutcome.NOW) == (over_s is None), "not at its end"
