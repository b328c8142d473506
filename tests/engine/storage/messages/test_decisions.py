"""Everything that a shopper is told is one decision: it counts beside coupons, once, and goes where they agreed."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import select

from engine.commerce.records import Customer, OrderLine, Purchase
from engine.offers.caps import DAY_S, Limits
from engine.offers.messages.choose import MessageRules, Occasion
from engine.privacy.consent import ConsentChoice
from engine.storage.clerks.due import DueWork, look_for_due
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.messages.bought import find_bought_since
from engine.storage.messages.counts import latest_messages, message_counts
from engine.storage.messages.decisions import Telling, decide_in, decide_waiting
from engine.storage.messages.outgoing import hand_to_next, take_messages
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.letters import MailboxMarkTable
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.vouchers import CapCountTable
from engine.storage.people.held import find_held
from engine.storage.people.shoppers import set_consents
from engine.storage.people.wishes import put_wishes
from engine.storage.sending.marks import mark_mailbox
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel, MailboxMark, MessageKind, MessageOutcome, MessageReason, SalesChannel
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, TELLING, at_once, campaign, candidate, shopper

TWO = Limits(per_visit=9, per_day=2, per_week=9)
TIGHT = Telling(MessageRules(TWO, frozenset(Channel)), SECRET)
MAIL, APP = (ConsentChoice("location_offers", channel, True) for channel in ("email", "app"))
DIGEST = "e" * 64


def reader(db: Database, *consents: ConsentChoice, device: int = 5) -> str:
    """Who reads what comes by e-mail and in the app."""
    who = shopper(db, device, consents=consents or (PAGE, MAIL, APP)).shopper_id
    with db.write() as session:
        session.add(IdentifierTable(kind="email", digest=DIGEST, shopper_id=who, sealed="", verified_at=NOW))
    return who


def tell(db: Database, who: str, name: str, at: float = NOW, telling: Telling = TIGHT) -> str:
    occasion = Occasion(name, MessageKind.POINTS_ENDING, who, STORE, at, at + 3 * DAY_S)
    with db.write() as session:
        chosen = decide_in(session, occasion, telling, at, {"points": 5})
    return "" if chosen is None else f"{chosen.outcome} {chosen.reason} {chosen.channel or ''}".strip()


def coupon(db: Database, who: str, number: int, at: float = NOW) -> str:
    made = candidate(who, visit=f"v{number}", name=f"d{number}", at=at)
    return str(claim(db, [made], TWO, SECRET, at).decisions[0].reason)


def test_coupons_and_messages_take_the_same_slots(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = reader(db)
    assert [tell(db, who, "a"), coupon(db, who, 1), coupon(db, who, 2)] == ["now ok app", "ok", "cap_day"]
    assert tell(db, who, "b", NOW + 60) == "later cap_day"
    assert tell(db, who, "a", NOW + 90) == "now ok app", "the same occasion has the decision that it had"
    assert decide_waiting(db, TIGHT, NOW + DAY_S - 1) == 0
    assert [look_for_due(db, NOW + DAY_S - s, wait_s=3).waited for s in (1, 0)] == [False, True]
    assert decide_waiting(db, TIGHT, NOW + DAY_S) == 1
    assert not look_for_due(db, NOW + DAY_S, wait_s=3).waited
    assert coupon(db, who, 3, NOW + DAY_S + 1) == "ok", "the coupon's slot is free by then, too"
    assert coupon(db, who, 4, NOW + DAY_S + 2) == "cap_day"


def test_ones_own_lower_cap_holds_on_every_channel(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = reader(db)
    put_wishes(db, who, 1, None, None, NOW)
    assert [coupon(db, who, 1), tell(db, who, "a")] == ["ok", "later cap_own_day"]


def test_many_at_once_never_pass_a_cap(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = reader(db)
    said = at_once(8, lambda i: coupon(db, who, i) if i % 2 else tell(db, who, f"m{i}"))
    assert said["ok"] + said["now ok app"] == 2


def test_a_new_profile_of_the_same_phone_has_the_same_caps(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = reader(db)
    assert [tell(db, who, name) for name in "ab"] == ["now ok app"] * 2
    erase_shopper(db, who, NOW + 1)
    with db.read() as session:
        assert session.exec(select(MessageTable)).all() == []
        assert {row.slot[:4] for row in session.exec(select(CapCountTable))} == {"cut-"}
    anew = reader(db)
    assert coupon(db, anew, 1, NOW + 2) == "cap_day"


def test_what_was_bought_on_any_channel_is_not_offered_again_unless_asked_for(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = reader(db)
    sold = Purchase(
        "web", "1", 1, NOW - 60, SalesChannel.WEB, "EUR", 250, (OrderLine("1", "A1", 1_000, 250),),
        Customer(email=DIGEST),
    )  # fmt: skip
    keep_events(db, [sold, replace(sold, id="2", lines=(OrderLine("1", "B2", 1_000, 9),), voided=True)], NOW)
    with db.read() as session:
        assert find_bought_since(session, who, NOW - DAY_S) == {"A1"}
        assert find_bought_since(session, who, NOW) == frozenset()
    with db.write() as session:
        session.add(IdentifierTable(kind="account", digest="a1", shopper_id=who, sealed="", verified_at=NOW))
    keep_events(
        db, [replace(sold, id="3", lines=(OrderLine("1", "C3", 1_000, 9),), customer=Customer(account="a1"))], NOW
    )
    with db.read() as session:
        assert find_bought_since(session, who, NOW - DAY_S) == {"A1", "C3"}
    assert coupon(db, who, 1) == "bought_already"
    asked = candidate(who, visit="asked-2027-01-15", name="asked")
    assert claim(db, [asked], TWO, SECRET, NOW).vouchers
    other = shopper(db, 6).shopper_id
    assert coupon(db, other, 2) == "ok"
    assert claim(db, [candidate(who, visit="v8", name="d8")], replace(TWO, bought_s=0), SECRET, NOW).vouchers


def test_a_message_goes_out_once_and_to_the_next_channel_where_one_fails(db: Database) -> None:
    who, channels = reader(db), frozenset({Channel.APP, Channel.EMAIL})
    tell(db, who, "a")
    assert look_for_due(db, NOW + 1, wait_s=3) == DueWork(arrived=False, waited=False, messages=True, coupons=False)
    [out] = take_messages(db, channels, NOW + 1)
    assert not look_for_due(db, NOW + 1, wait_s=3).messages
    assert (out.channel, out.words) == (Channel.APP, {"points": 5})
    assert take_messages(db, channels, NOW + 1) == []
    hand_to_next(db, out.message_id, NOW + 2)
    [again] = take_messages(db, channels, NOW + 3)
    assert again.channel is Channel.EMAIL
    hand_to_next(db, out.message_id, NOW + 4)
    assert take_messages(db, channels, NOW + 5) == []
    with db.read() as session:
        row = session.exec(select(MessageTable)).one()
        assert (row.outcome, row.reason, row.holds_slot) == ("silence", "not_taken", False)
        assert session.exec(select(CapCountTable)).all() == [], "nobody was told"


def test_consent_is_asked_for_once_more_before_it_goes(db: Database) -> None:
    who = reader(db, PAGE, MAIL)
    tell(db, who, "a")
    set_consents(db, who, [ConsentChoice("location_offers", "email", False)], "2026-01", "me", NOW + 1)
    assert take_messages(db, frozenset(Channel), NOW + 2) == []
    fates = {
        f.reason: n
        for f, n in message_counts(db, STORE, from_t=NOW - 1, to_t=NOW + 1, k=1, block_s=900.0, now=NOW).items()
    }
    assert fates == {MessageReason.NOT_TAKEN: 1}


def test_reports_count_people_by_whole_days_in_whole_ks_and_her_own_export_has_all(db: Database) -> None:
    people = [shopper(db, 100 + n, consents=(PAGE, APP)).shopper_id for n in range(5)]
    for who in people:
        tell(db, who, "x" + who, telling=TELLING)
    later = {"block_s": 900.0, "now": NOW + 900}
    [(fate, n)] = message_counts(db, STORE, from_t=NOW - 60, to_t=NOW + 60, k=2, **later).items()
    assert (fate.kind, fate.outcome, fate.channel, n) == (MessageKind.POINTS_ENDING, MessageOutcome.NOW, "app", 4)
    assert message_counts(db, STORE, from_t=NOW - 60, to_t=NOW + 60, k=20, **later) == {}
    assert message_counts(db, STORE, from_t=NOW - 60, to_t=NOW + 60, k=2, block_s=900.0, now=NOW + 1) == {}, "yet"
    assert message_counts(db, STORE, from_t=NOW - 60, to_t=NOW - 30, k=2, **later) == {fate: n}, "of whole days"
    assert len(latest_messages(db, STORE, from_t=NOW - 60, to_t=NOW + 60, limit=3)) == 3
    [row] = find_held(db, people[0])["message"]
    assert (row["kind"], row["outcome"], row["reason"]) == ("points_ending", "now", "ok")


def test_who_complained_is_told_nothing_that_sells_for_a_month_and_erasure_forgets_it(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = reader(db)
    assert mark_mailbox(db, DIGEST, MailboxMark.COMPLAINED, NOW - 1) == [who]
    assert [coupon(db, who, 1), tell(db, who, "a")] == ["complained", "silence complained"]
    assert coupon(db, who, 2, NOW + 31 * DAY_S) == "ok"
    erase_shopper(db, who, NOW)
    with db.read() as session:
        assert session.exec(select(MailboxMarkTable)).all() == []
