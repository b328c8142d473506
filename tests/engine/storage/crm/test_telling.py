"""What customer files are told: of whom, of what, and no longer than that is agreed to."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func
from sqlmodel import select

from engine.commerce.records import Customer, Order, OrderLine, Purchase, Return
from engine.loyalty.ledger import earn
from engine.offers.codes import voucher_code
from engine.storage.commerce.events import keep_events
from engine.storage.crm.lines import note_taken, take_due
from engine.storage.crm.numbers import number_events
from engine.storage.crm.receivers import receiver_states
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.journal import VisitRow, save_checkpoint
from engine.storage.loyalty.ledger import post
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.crm import CrmEventTable, CrmSendingTable, CrmSubjectTable, CrmToldTable
from engine.storage.people.merges import merge_in, split
from engine.storage.people.rights import restrict
from engine.storage.people.shoppers import get_shopper, set_consents
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.tills import redeem, void
from engine.vocabulary import CrmKind, EntryKind, IdentifierKind, OrderState, Purpose, SalesChannel
from tests.engine.storage.crm.people import BUSY_S, answer, declare, deliver, said, shopper, tell_visits
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, basket, campaign, issue

CRM, SHOPPING = Purpose.CRM, Purpose.CRM_SHOPPING
TABLES = (CrmEventTable, CrmSendingTable, CrmSubjectTable, CrmToldTable)


def rows_of(db: Database) -> int:
    with db.read() as session:
        return sum(session.exec(select(func.count()).select_from(table)).one() for table in TABLES)


def test_without_a_receiver_nothing_is_written_down(db: Database) -> None:
    who = shopper(db, CRM, SHOPPING)
    tell_visits(db, who, ["shoes"])
    assert rows_of(db) == 0


def test_nothing_is_written_of_who_does_not_agree(db: Database) -> None:
    declare(db, "crm")
    tell_visits(db, shopper(db), ["shoes"])
    tell_visits(db, shopper(db, Purpose.STATISTICS), ["shoes"])
    tell_visits(db, shopper(db, SHOPPING), ["shoes"])  # visits have a purpose of their own
    assert said(deliver(db, "crm")) == [("profile", "Ada"), ("consent", "crm_shopping")]


def test_whoever_is_told_of_first_is_introduced(db: Database) -> None:
    who = shopper(db, CRM)  # before there was a receiver
    declare(db, "crm")
    tell_visits(db, who, ["shoes", "toys"])
    assert said(deliver(db, "crm")) == [("profile", "Ada"), ("visit", "shoes"), ("visit", "toys")]
    assert deliver(db, "crm") == []


def test_a_name_of_chance_is_all_that_says_whose(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM)
    tell_visits(db, who, ["shoes"])
    profile = get_shopper(db, who)
    events = deliver(db, "crm")
    assert len({event.ref for event in events}) == 1
    wire = json.dumps([[e.ref, e.data, e.message_id] for e in events])
    assert profile.shopper_id not in wire
    assert profile.member_id not in wire


def test_a_withdrawal_stops_at_once_and_says_so(db: Database) -> None:
    declare(db, "crm")
    who, other = shopper(db, CRM), shopper(db, CRM, name="Bob")
    deliver(db, "crm")
    tell_visits(db, who, ["shoes"])
    number_events(db, NOW)
    tell_visits(db, who, ["toys"])  # has no number yet
    tell_visits(db, other, ["books"])
    answer(db, who, CRM, False)
    tell_visits(db, who, ["food"])
    assert said(deliver(db, "crm")) == [("visit", "books"), ("consent", "crm no")]


def test_a_withdrawal_before_anything_left_tells_nobody(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM)
    number_events(db, NOW)
    answer(db, who, CRM, False)
    assert deliver(db, "crm") == []


def test_one_purpose_of_two_taken_back_leaves_the_other(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM, SHOPPING)
    deliver(db, "crm")
    tell_visits(db, who, ["shoes"])
    answer(db, who, SHOPPING, False)
    post(db, earn("k", "rayon", EntryKind.VISIT, get_shopper(db, who).member_id, 10, NOW))
    tell_visits(db, who, ["toys"])
    assert said(deliver(db, "crm")) == [("visit", "shoes"), ("consent", "crm_shopping no"), ("visit", "toys")]


def test_both_taken_back_at_once_are_both_told(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM, SHOPPING)
    deliver(db, "crm")
    answer(db, who, SHOPPING, False)
    answer(db, who, CRM, False)
    assert said(deliver(db, "crm")) == [("consent", "crm_shopping no"), ("consent", "crm no")]


def test_what_is_under_way_when_it_is_taken_back_comes_first(db: Database) -> None:
    """The call is out; were the withdrawal sent beside it, it could arrive before."""
    declare(db, "crm")
    who = shopper(db, CRM)
    number_events(db, NOW)
    [under_way] = take_due(db, "crm", NOW, 9, BUSY_S)
    answer(db, who, CRM, False)
    number_events(db, NOW)
    assert take_due(db, "crm", NOW + 1, 9, BUSY_S) == []
    assert not note_taken(db, under_way, NOW + 2)
    assert said(take_due(db, "crm", NOW + 3, 9, BUSY_S)) == [("consent", "crm no")]


def test_an_erasure_is_the_last_and_leaves_nothing(db: Database) -> None:
    declare(db, "one", "two")
    who = shopper(db, CRM)
    tell_visits(db, who, ["shoes"])
    assert len(deliver(db, "one")) == len(deliver(db, "two")) == 3
    tell_visits(db, who, ["toys"])
    number_events(db, NOW)
    erase_shopper(db, who, NOW)
    assert said(deliver(db, "one")) == [("erasure", "")]
    assert [state.waiting for state in receiver_states(db)] == [0, 1]
    assert said(deliver(db, "two")) == [("erasure", "")]
    assert rows_of(db) == 0
    assert deliver(db, "one") == deliver(db, "two") == []


def test_who_was_never_told_of_goes_without_a_word(db: Database) -> None:
    declare(db, "crm")
    erase_shopper(db, shopper(db), NOW)
    waits = shopper(db, CRM)
    number_events(db, NOW)
    erase_shopper(db, waits, NOW)
    assert deliver(db, "crm") == []
    assert rows_of(db) == 0


def test_an_erasure_after_a_withdrawal_still_travels(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM)
    deliver(db, "crm")
    answer(db, who, CRM, False)
    erase_shopper(db, who, NOW)
    assert said(deliver(db, "crm")) == [("erasure", "")]
    assert rows_of(db) == 0


def test_a_restricted_profile_is_told_of_no_more(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM)
    number_events(db, NOW)
    restrict(db, who, NOW)
    tell_visits(db, who, ["shoes"])
    assert deliver(db, "crm") == []
    assert [state.waiting for state in receiver_states(db)] == [2]


def test_a_merge_says_who_joined_whom(db: Database) -> None:
    declare(db, "crm")
    kept, merged = shopper(db, CRM), shopper(db, CRM, name="Bob")
    before = {event.ref: said([event]) for event in deliver(db, "crm")}
    assert len(before) == 2
    with db.write() as session:
        merge_id = merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW)
    tell_visits(db, merged, ["shoes"])
    joined, visit = deliver(db, "crm")
    assert joined.ref == visit.ref
    assert json.loads(joined.data)["joined"] == [ref for ref in before if ref != joined.ref]
    split(db, merge_id, kept, NOW + 1)
    tell_visits(db, merged, ["toys"])
    [apart] = deliver(db, "crm")
    assert [apart.ref] == json.loads(joined.data)["joined"]


def test_a_no_on_one_side_of_a_merge_is_told_of_the_other(db: Database) -> None:
    declare(db, "crm")
    kept, merged = shopper(db), shopper(db, CRM, name="Bob")
    answer(db, kept, CRM, False)
    deliver(db, "crm")
    with db.write() as session:
        merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW)
    assert said(deliver(db, "crm")) == [("consent", "crm no")]


def test_a_visit_is_told_once_however_often_the_engine_saves_it(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM, Purpose.STATISTICS)
    deliver(db, "crm")
    stay = VisitRow(shopper_id=who, store_visit_id="v1", zone="shoes", started_at=NOW - 60, ended_at=NOW, dwell_s=60.0)
    for _ in range(2):
        save_checkpoint(db, STORE, 0, b"", [], [], [stay], NOW)
    [event] = deliver(db, "crm")
    assert (event.kind, event.store) == (CrmKind.VISIT, STORE)
    assert json.loads(event.data) == {"zone": "shoes", "started_at": NOW - 60, "ended_at": NOW, "dwell_s": 60.0}


def test_a_coupon_and_its_use_are_told_without_its_code(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, CRM, SHOPPING)
    put_campaign(db, STORE, campaign())
    set_consents(db, who, [PAGE], "v", "page", NOW)
    deliver(db, "crm")
    code = voucher_code(SECRET, issue(db, who))
    used = redeem(db, code, basket(), STORE, "1", "k", NOW, secret=SECRET)
    assert redeem(db, code, basket(), STORE, "1", "k", NOW, secret=SECRET) == used
    void(db, used.redemption_id, NOW + 1)
    void(db, used.redemption_id, NOW + 2)
    events = deliver(db, "crm")
    assert [event.kind for event in events] == [CrmKind.COUPON, CrmKind.REDEMPTION, CrmKind.REDEMPTION]
    assert [json.loads(event.data).get("state") for event in events] == [None, "redeemed", "voided"]
    assert code not in json.dumps([event.data for event in events])


def test_points_are_told_with_the_balance_after_them(db: Database) -> None:
    declare(db, "crm")
    who = shopper(db, SHOPPING)
    deliver(db, "crm")
    member = get_shopper(db, who).member_id
    for n in (10, 20):
        for _ in range(2):
            post(db, earn(f"k{n}", "rayon", EntryKind.VISIT, member, n, NOW))
    told = [json.loads(event.data) for event in deliver(db, "crm")]
    assert [(one["available"], one["balance_available"]) for one in told] == [(10, 10), (20, 30)]


@pytest.mark.parametrize("agrees", [True, False])
def test_what_is_bought_is_told_under_its_own_purpose_only(db: Database, agrees: bool) -> None:
    declare(db, "crm")
    who = shopper(db, CRM, *([SHOPPING] if agrees else []))
    with db.write() as session:
        session.add(IdentifierTable(kind=IdentifierKind.CARD, digest="d", shopper_id=who, sealed="s", verified_at=NOW))
    deliver(db, "crm")
    line = OrderLine("1", "A1", 1_000, 500)
    mine = Customer(card="d")
    order = Order("web", "o1", 1, NOW, OrderState.PLACED, "EUR", 500, (line,), mine)
    bought = Purchase("web", "o1", 1, NOW + 1, SalesChannel.WEB, "EUR", 500, (line,), mine, vouchers=("CODE",))
    back = Return("web", "r1", 1, NOW + 2, "o1", "EUR", 500, (line,))
    strangers = Order("web", "o2", 1, NOW, OrderState.PLACED, "EUR", 500, (line,), Customer(card="other"))
    for _ in range(2):
        keep_events(db, [back, order, bought, strangers], NOW)
    told = [json.loads(event.data) for event in deliver(db, "crm")]
    assert [one["kind"] for one in told] == (["order", "purchase", "return"] if agrees else [])
    assert "CODE" not in json.dumps(told)
    assert all("customer" not in one for one in told)
