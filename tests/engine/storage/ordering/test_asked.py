"""Orders that are asked for: once for one person, sent once, answered by the shop's order, gone with the person."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlmodel import select

from engine.commerce.records import Customer, Order, StockLevel
from engine.commerce.stock import Article
from engine.errors import BusinessRefusal
from engine.privacy.consent import ConsentChoice
from engine.storage.accounts.audit import Actor, entries
from engine.storage.clerks.pickups import expected_shoppers, follow_orders, hand_over, pickup_code, waiting_pickups
from engine.storage.clerks.recognitions import choose_recognition, end_choice, visitors
from engine.storage.commerce.events import keep_events
from engine.storage.commerce.stock import follow_stock
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.last_places import LastPlace, note_places
from engine.storage.models.identity import IdentifierTable, MergeLogTable
from engine.storage.ordering.answers import follow_answers
from engine.storage.ordering.asked import (
    GIVE_UP_S,
    MOST_OPEN,
    AskedOrder,
    OrderWish,
    ask_again,
    ask_for_visitor,
    ask_order,
    check_article,
    orders_asked_in,
    orders_of,
)
from engine.storage.ordering.outbox import FIRST_PAUSE_S, mark_taken, put_off, take_due, untaken_orders
from engine.storage.people.held import find_held
from engine.storage.people.merges import merge_in, split
from engine.storage.people.rights import restrict
from engine.storage.people.shoppers import set_consents
from engine.storage.wallet_changes import changes_after
from engine.vocabulary import AskedState, Channel, IdentifierKind, OrderState, OrderWay, Purpose, WalletChangeKind
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, at_once, shopper

COAT = Article("COAT", "38")
HOME = OrderWish(STORE, COAT, OrderWay.HOME)
THERE = OrderWish(STORE, COAT, OrderWay.STORE, STORE)
CLERK = Actor("Ada", "a1")


def known(db: Database, digest: str = "e" * 64, device: int | None = None) -> str:
    """Somebody who has proved a mailbox."""
    who = shopper(db, device, consents=(PAGE, ConsentChoice(Purpose.PICKUP, Channel.ANY, True))).shopper_id
    with db.write() as session:
        row = IdentifierTable(kind="email", digest=digest, shopper_id=who, sealed="sealed", verified_at=NOW)
        session.add(row)
    return who


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(BusinessRefusal) as said:
        work()
    return str(said.value.code)


def answer(asked: AskedOrder, state: OrderState, version: int = 1, name: str = "7", reason: str = "") -> Order:
    return Order("web", name, version, NOW, state, "EUR", 18_900, reference=asked.request_id, reason=reason)


def told(db: Database, *orders: Order, at: float = NOW) -> None:
    keep_events(db, orders, at)
    follow_answers(db, at)
    follow_orders(db, at, secret=SECRET)


def states(db: Database, who: str) -> list[tuple[AskedState, str]]:
    return [(one.state, one.reason) for one in orders_of(db, who, NOW)]


def test_however_often_the_button_is_pressed_it_is_asked_and_sent_once(db: Database) -> None:
    who = known(db)
    names = at_once(8, lambda _: ask_order(db, who, HOME, NOW).request_id)
    assert len(names) == 1
    taken = at_once(4, lambda _: len(take_due(db, NOW, 60.0)))
    assert taken == {"1": 1, "0": 3}
    mark_taken(db, next(iter(names)), NOW)
    assert take_due(db, NOW + 61, 60.0) == []
    assert ask_order(db, who, HOME, NOW + 2).request_id in names
    assert ask_order(db, who, THERE, NOW + 2).request_id not in names


def test_an_e_shop_that_is_away_is_asked_again_under_the_same_name_and_given_up(db: Database) -> None:
    who = known(db)
    asked = ask_order(db, who, HOME, NOW)
    at, pauses = NOW, list[float]()
    for _ in range(3):
        (due,) = take_due(db, at, 60.0)
        assert (due.request_id, due.sealed) == (asked.request_id, ((IdentifierKind.EMAIL, "sealed"),))
        put_off(db, due.request_id, at)
        pause = FIRST_PAUSE_S * 2 ** len(pauses)
        assert take_due(db, at + pause - 0.1, 60.0) == []
        at, pauses = at + pause, [*pauses, pause]
    assert take_due(db, NOW + GIVE_UP_S, 60.0) == []
    assert states(db, who) == [(AskedState.UNDELIVERED, "")]
    assert untaken_orders(db) == {(STORE, AskedState.UNDELIVERED): 1}
    assert refused(lambda: ask_again(db, "another", asked.request_id, CLERK, NOW)) == "not_found"
    ask_again(db, STORE, asked.request_id, CLERK, NOW + GIVE_UP_S)
    assert refused(lambda: ask_again(db, STORE, asked.request_id, CLERK, NOW)) == "not_found"
    assert [due.request_id for due in take_due(db, NOW + GIVE_UP_S, 60.0)] == [asked.request_id]
    assert take_due(db, NOW + 3 * GIVE_UP_S, 60.0) == []
    assert ask_order(db, who, HOME, NOW + 3 * GIVE_UP_S).request_id == asked.request_id, "her own button sends it again"


def test_its_state_comes_back_by_the_shop_s_order(db: Database) -> None:
    who = known(db)
    asked = ask_order(db, who, HOME, NOW)
    told(db, answer(asked, OrderState.PAID, 2))
    mark_taken(db, asked.request_id, NOW)  # its answer was quicker than its 200
    assert states(db, who) == [(AskedState.ACCEPTED, "")]
    told(db, answer(asked, OrderState.PLACED, 1), answer(asked, OrderState.CANCELLED, 9, "8"), at=NOW + 1)
    assert states(db, who) == [(AskedState.ACCEPTED, "")], "older, or another order of the same name"
    told(db, answer(asked, OrderState.CANCELLED, 3, reason="inventory"), at=NOW + 2)
    assert states(db, who) == [(AskedState.REFUSED, "inventory")]
    told(db, answer(asked, OrderState.PAID, 1, "9"), at=NOW + 3)
    assert states(db, who) == [(AskedState.ACCEPTED, "")], "the shop thought better of it"
    told(db, answer(replace(asked, request_id="rq_unknown"), OrderState.PAID, 1, "10"), at=NOW + 4)
    news = [(change.kind, change.voucher_id) for change in changes_after(db, 0)]
    assert news == [(WalletChangeKind.ORDER, asked.request_id)] * 3


def test_what_is_fetched_in_a_store_waits_there_for_who_asked(db: Database) -> None:
    """The shop's order names neither store nor customer: the request says both."""
    who = known(db)
    asked = ask_order(db, who, THERE, NOW)
    told(db, answer(asked, OrderState.READY))
    assert [(one.order_id, one.store) for one in waiting_pickups(db, STORE)] == [("7", STORE)]
    assert expected_shoppers(db, STORE) == {who: ""}
    assert states(db, who) == [(AskedState.READY, "")]
    theirs = answer(asked, OrderState.READY, 2)
    told(db, replace(theirs, customer=Customer(email="f" * 64)), at=NOW + 1)
    assert expected_shoppers(db, STORE) == {}, "the shop says that it is somebody else's"


def test_what_was_handed_over_is_ready_no_more(db: Database) -> None:
    who = known(db)
    asked = ask_order(db, who, THERE, NOW)
    told(db, answer(asked, OrderState.READY))
    hand_over(db, STORE, pickup_code(SECRET, "web", "7"), CLERK, NOW, secret=SECRET)
    assert states(db, who) == [(AskedState.DONE, "")]
    told(db, answer(asked, OrderState.READY, 2), at=NOW + 1)  # told late of what we know
    assert states(db, who) == [(AskedState.DONE, "")]


def test_what_is_sent_home_waits_nowhere(db: Database) -> None:
    asked = ask_order(db, known(db), HOME, NOW)
    told(db, answer(asked, OrderState.READY))
    assert waiting_pickups(db, STORE) == []


def test_nobody_s_order_is_refused(db: Database) -> None:
    nobody, many, calm = shopper(db).shopper_id, known(db), known(db, "f" * 64)
    restrict(db, calm, NOW)
    assert refused(lambda: ask_order(db, nobody, HOME, NOW)) == "order_nobody"
    assert refused(lambda: ask_order(db, calm, HOME, NOW)) == "not_found"
    assert refused(lambda: ask_order(db, "unknown", HOME, NOW)) == "not_found"
    for number in range(MOST_OPEN):
        ask_order(db, many, replace(HOME, article=Article("COAT", str(number))), NOW)
    assert refused(lambda: ask_order(db, many, replace(HOME, article=Article("HAT")), NOW)) == "too_many_orders"


def test_unknown_articles_are_unknown(db: Database) -> None:
    keep_events(db, [StockLevel("web", "s", 1, NOW, "COAT", 0, STORE, "38")], NOW)
    follow_stock(db, NOW)
    check_article(db, COAT, in_plan=False)
    check_article(db, Article("HAT"), in_plan=True)
    for wrong in (Article("COAT", "99"), Article("COAT"), Article("HAT", "38"), Article("SHOE")):
        assert refused(lambda wrong=wrong: check_article(db, wrong, in_plan=wrong.sku != "SHOE")) == "not_found"


@pytest.mark.parametrize("end", ["erased", "restricted", "unknown"])
def test_who_is_gone_before_it_is_sent_orders_nothing(db: Database, end: str) -> None:
    who = known(db)
    asked = ask_order(db, who, HOME, NOW)
    assert [row["request_id"] for row in find_held(db, who)["asked_order"]] == [asked.request_id]
    if end == "erased":
        erase_shopper(db, who, NOW)
    elif end == "restricted":
        restrict(db, who, NOW)
    else:
        with db.write() as session:
            session.delete(session.get(IdentifierTable, ("email", "e" * 64)))
    assert take_due(db, NOW, 60.0) == []
    left = [one.state for one in orders_asked_in(db, STORE, NOW)]
    assert left == ([] if end == "erased" else [AskedState.UNDELIVERED])
    told(db, answer(asked, OrderState.READY))  # a shop that had it, and comes too late
    assert expected_shoppers(db, STORE) == {}


def test_a_clerk_orders_for_who_is_recognised_and_for_nobody_else(db: Database) -> None:
    who = known(db, device=7)
    note_places(db, [LastPlace(STORE, who, "ground", 1.0, 1.0, 2.0, NOW)])
    choose_recognition(db, STORE, who, "2026-11-29", NOW)
    [here] = visitors(db, STORE, NOW)
    asked = ask_for_visitor(db, here.visitor, HOME, CLERK, NOW)
    assert ask_order(db, who, HOME, NOW) == asked, "her own button after the clerk's"
    [line] = [line for line in entries(db, [STORE]) if line.action == "order_asked"]
    assert (line.who, line.subject, line.detail["request"]) == ("Ada", here.visitor, asked.request_id)
    end_choice(db, STORE, who, "2026-11-29", NOW)
    assert refused(lambda: ask_for_visitor(db, here.visitor, THERE, CLERK, NOW)) == "visitor_unknown"
    assert len(orders_of(db, who, NOW)) == 1


def test_one_person_s_profiles_have_one_request_and_a_split_gives_it_back(db: Database) -> None:
    kept, merged = known(db), known(db, "f" * 64)
    asked = ask_order(db, merged, HOME, NOW)
    with db.write() as session:
        name = merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW)
    assert ask_order(db, kept, HOME, NOW) == asked
    assert ask_order(db, merged, HOME, NOW) == asked
    split(db, name, kept, NOW)
    assert (orders_of(db, kept, NOW), orders_of(db, merged, NOW)) == ([], [asked])


def test_who_asks_while_the_profile_is_being_joined_has_asked_already(db: Database) -> None:
    """The button waits for the merge that holds its profile, and is the kept one's when it comes to its turn."""
    kept, merged = known(db), known(db, "f" * 64)
    asked = ask_order(db, kept, HOME, NOW)
    again: list[AskedOrder] = []
    late = threading.Thread(target=lambda: again.append(ask_order(db, merged, HOME, NOW + 1)))
    with db.write() as session:
        merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW)
        session.flush()
        late.start()
        late.join(0.2)  # as far as it gets
    late.join(60)
    assert again == [asked]


@pytest.mark.parametrize("first", ["kept", "merged"])
def test_two_equal_requests_of_one_person_become_one_and_a_split_gives_both_back(db: Database, first: str) -> None:
    kept, merged = known(db), known(db, "f" * 64)
    early, late = (kept, merged) if first == "kept" else (merged, kept)
    stays = ask_order(db, early, HOME, NOW)
    goes = ask_order(db, late, HOME, NOW + 1)
    other = ask_order(db, late, THERE, NOW + 1)
    with db.write() as session:
        name = merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW + 2)
    by_id = {one.request_id: one.state for one in orders_of(db, kept, NOW + 2)}
    assert by_id == {
        stays.request_id: AskedState.ASKED,
        goes.request_id: AskedState.WITHDRAWN,
        other.request_id: AskedState.ASKED,
    }
    sent = [due.request_id for due in take_due(db, NOW + 2, 60.0)]
    assert sent == [stays.request_id, other.request_id]
    assert goes.request_id in [change.voucher_id for change in changes_after(db, 0)]
    with db.read() as session:
        log = session.exec(select(MergeLogTable)).one()
    assert json.loads(log.moved)["folded_orders"] == 1
    split(db, name, kept, NOW + 3)
    assert [due.request_id for due in take_due(db, NOW + 3, 60.0)] == [goes.request_id]
    assert {one.request_id for one in orders_of(db, late, NOW + 3)} == {goes.request_id, other.request_id}


def test_what_the_e_shop_has_goes_on_before_what_it_has_not_and_both_where_it_has_both(db: Database) -> None:
    kept, merged = known(db), known(db, "f" * 64)
    waits, has = ask_order(db, kept, HOME, NOW), ask_order(db, merged, HOME, NOW + 1)
    both = [ask_order(db, who, THERE, NOW) for who in (kept, merged)]
    for one in (has, *both):
        mark_taken(db, one.request_id, NOW + 1)
    with db.write() as session:
        name = merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW + 2)
    gone = [one.request_id for one in orders_of(db, kept, NOW + 2) if one.state is AskedState.WITHDRAWN]
    assert gone == [waits.request_id]
    late = NOW + GIVE_UP_S
    split(db, name, kept, late)
    assert [one.state for one in orders_of(db, kept, late) if one.wish == HOME] == [AskedState.UNDELIVERED]


def test_a_split_brings_back_nothing_that_was_asked_for_anew_and_nothing_that_arrived(db: Database) -> None:
    kept, merged = known(db), known(db, "f" * 64)
    stays, goes = ask_order(db, merged, HOME, NOW), ask_order(db, kept, HOME, NOW + 1)
    arrived = [ask_order(db, who, THERE, NOW + n) for n, who in enumerate((merged, kept))][1]
    with db.write() as session:
        name = merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW + 2)
    told(db, answer(stays, OrderState.CANCELLED), answer(arrived, OrderState.PLACED, name="8"))
    anew = ask_order(db, kept, HOME, NOW + 3)
    split(db, name, kept, NOW + 4)
    hers = {one.request_id: one.state for one in orders_of(db, kept, NOW + 4)}
    assert hers == {
        goes.request_id: AskedState.WITHDRAWN,
        anew.request_id: AskedState.ASKED,
        arrived.request_id: AskedState.ACCEPTED,
    }


def test_taking_offers_back_keeps_what_was_ordered(db: Database) -> None:
    who = known(db)
    asked = ask_order(db, who, HOME, NOW)
    set_consents(db, who, [ConsentChoice(Purpose.LOCATION_OFFERS, Channel.PAGE, False)], "2026-11-29", "page", NOW)
    assert [due.request_id for due in take_due(db, NOW, 60.0)] == [asked.request_id]
