"""Orders that wait in a store: who comes for them, and that each is handed over once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.commerce.records import Customer, Order, OrderLine
from engine.errors import NotFound
from engine.privacy.consent import ConsentChoice
from engine.storage.accounts.audit import Actor, entries
from engine.storage.clerks.due import DueWork, look_for_due
from engine.storage.clerks.pickups import (
    HandedOver,
    PickupGone,
    expected_shoppers,
    follow_orders,
    hand_over,
    note_arrival,
    pickup_code,
    pickups_of,
    take_untold,
    tell_ready,
    waiting_pickups,
)
from engine.storage.commerce.events import keep_events, take_events
from engine.storage.commerce.readings import SLACK_S, note_read, unread_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.messages.counts import latest_messages
from engine.storage.messages.outgoing import take_messages
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.held import find_held
from engine.storage.people.shoppers import set_consents
from engine.storage.people.wishes import put_wishes
from engine.storage.wallet_changes import changes_after
from engine.vocabulary import (
    Channel,
    MessageKind,
    MessageReason,
    OrderState,
    PickupState,
    ShopEventKind,
    WalletChangeKind,
)
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, TELLING, at_once, shopper

DIGEST = "e" * 64
COMES = ConsentChoice("pickup", "any", True)
COAT = (OrderLine("1", "COAT-38", 1_000, 18_900),)
READY = Order("web", "7", 3, NOW, OrderState.READY, "EUR", 18_900, COAT, Customer(email=DIGEST), STORE, "desk")
CLERK = Actor("Ada", "a1")
CODE = pickup_code(SECRET, "web", "7")


def told(db: Database, *orders: Order, at: float = NOW) -> int:
    keep_events(db, orders, at)
    return follow_orders(db, at, secret=SECRET)


def owner(db: Database, *consents: ConsentChoice, kind: str = "email") -> str:
    who = shopper(db, 77, consents=consents or (PAGE, COMES)).shopper_id
    with db.write() as session:
        session.add(IdentifierTable(kind=kind, digest=DIGEST, shopper_id=who, sealed="", verified_at=NOW))
    return who


def states(db: Database) -> list[PickupState]:
    return [one.state for one in waiting_pickups(db, STORE)]


def test_a_reader_takes_nothing_from_another(db: Database) -> None:
    keep_events(db, [READY], NOW)
    with db.write() as session:
        take_events(session, [READY])
    for reader in ("one", "two"):
        with db.write() as session:
            read = unread_events(session, reader, [ShopEventKind.ORDER], NOW)
            assert [event for _, event in read] == [READY]
            note_read(session, reader, read, NOW)
            assert unread_events(session, reader, [ShopEventKind.ORDER], NOW) == []
    newer = replace(READY, version=4, state=OrderState.COLLECTED)
    keep_events(db, [newer], NOW + 2 * SLACK_S)
    with db.read() as session:
        assert [event for _, event in unread_events(session, "one", [ShopEventKind.ORDER], NOW)] == [newer]


def test_what_came_in_late_is_read_and_what_was_read_is_not_read_again(db: Database) -> None:
    keep_events(db, [READY], NOW)
    with db.write() as session:
        note_read(session, "one", unread_events(session, "one", [ShopEventKind.ORDER], NOW), NOW)
    keep_events(db, [replace(READY, id="8")], NOW - SLACK_S / 2)
    late = NOW + 3 * SLACK_S
    keep_events(db, [replace(READY, id="9")], late)
    with db.write() as session:
        read = unread_events(session, "one", [ShopEventKind.ORDER], late)
        assert [event.id for _, event in read] == ["8", "9"]
        note_read(session, "one", read, late)
        assert unread_events(session, "one", [ShopEventKind.ORDER], late) == [], "those let go are behind the rest"


def test_only_an_order_that_is_ready_in_a_store_waits(db: Database) -> None:
    paid, home = replace(READY, id="8", state=OrderState.PAID), replace(READY, id="9", store="")
    assert told(db, READY, paid, home) == 3
    [waits] = waiting_pickups(db, STORE)
    assert (waits.order_id, waits.state, waits.place, waits.lines) == ("7", PickupState.WAITING, "desk", COAT)
    assert follow_orders(db, NOW + 1, secret=SECRET) == 0


@pytest.mark.parametrize("kind", ["email", "card"])
def test_its_shopper_is_expected_and_called_once(db: Database, kind: str) -> None:
    said = Customer(**{kind: DIGEST})
    told(db, replace(READY, customer=said))
    assert expected_shoppers(db, STORE) == {}, "nobody has proved that the mailbox is theirs"
    who = owner(db, kind=kind)
    assert expected_shoppers(db, STORE) == {who: "desk"}
    assert [note_arrival(db, STORE, who, NOW + 60, NOW + 66, telling=TELLING) for _ in range(2)] == [1, 0]
    assert expected_shoppers(db, STORE) == {}
    [called] = waiting_pickups(db, STORE)
    assert (called.state, called.arrived_at, called.shopper_id) == (PickupState.ARRIVED, NOW + 60, who)
    assert [change.kind for change in changes_after(db, 0)] == [WalletChangeKind.PICKUP]
    assert [one.order_id for one in pickups_of(db, who)] == ["7"]


def test_who_did_not_agree_comes_unseen(db: Database) -> None:
    told(db, READY)
    who = owner(db, PAGE)
    assert note_arrival(db, STORE, who, NOW, NOW, telling=TELLING) == 0
    set_consents(db, who, [COMES], "2026-11-29", "me", NOW)
    assert note_arrival(db, "another", who, NOW, NOW, telling=TELLING) == 0
    assert note_arrival(db, STORE, who, NOW, NOW, telling=TELLING) == 1


def test_an_order_is_handed_over_once_and_nobody_is_called_for_it_again(db: Database) -> None:
    told(db, READY)
    who = owner(db)
    said = at_once(6, lambda _: hand_over(db, STORE, CODE, CLERK, NOW + 9, secret=SECRET).state)
    assert said == {"handed_over": 1, "pickup_handed_over": 5}
    assert states(db) == []
    assert expected_shoppers(db, STORE) == {}
    assert note_arrival(db, STORE, who, NOW, NOW, telling=TELLING) == 0
    told(db, replace(READY, version=4), replace(READY, version=5, state=OrderState.COLLECTED), at=NOW + 20)
    assert states(db) == []
    [line] = entries(db, [STORE])
    assert (line.who, line.action, line.subject) == ("Ada", "pickup_handed_over", "7")
    with pytest.raises(HandedOver):
        hand_over(db, STORE, CODE, CLERK, NOW + 30, secret=SECRET)


@pytest.mark.parametrize("end", [OrderState.CANCELLED, OrderState.COLLECTED, OrderState.COMPLETED, OrderState.SENT])
def test_what_the_shop_took_back_waits_for_nobody(db: Database, end: OrderState) -> None:
    told(db, READY)
    who = owner(db)
    told(db, replace(READY, version=4, state=end), at=NOW + 5)
    assert (states(db), expected_shoppers(db, STORE), note_arrival(db, STORE, who, NOW, NOW, telling=TELLING)) == (
        [],
        {},
        0,
    )
    with pytest.raises(PickupGone):
        hand_over(db, STORE, CODE, CLERK, NOW, secret=SECRET)


def test_another_stores_order_and_a_wrong_code_are_nobodys(db: Database) -> None:
    told(db, READY)
    for store, code in (("another", CODE), (STORE, "0000 0000 0000"), (STORE, "")):
        with pytest.raises(NotFound):
            hand_over(db, store, code, CLERK, NOW, secret=SECRET)
    assert states(db) == [PickupState.WAITING]


def test_the_notification_is_taken_once_and_not_at_once(db: Database) -> None:
    told(db, READY)
    who = owner(db)
    note_arrival(db, STORE, who, NOW, NOW, telling=TELLING)
    assert take_untold(db, NOW + 1, wait_s=3) == []
    assert not look_for_due(db, NOW + 2.9, wait_s=3).arrived
    assert look_for_due(db, NOW + 3, wait_s=3) == DueWork(arrived=True, waited=False, messages=False, coupons=False)
    [(whose, pickup)] = take_untold(db, NOW + 4, wait_s=3)
    assert (whose, pickup.order_id) == (who, "7")
    assert take_untold(db, NOW + 5, wait_s=3) == []
    assert not look_for_due(db, NOW + 5, wait_s=3).arrived


def test_erased_nothing_says_who_came(db: Database) -> None:
    told(db, READY)
    who = owner(db)
    note_arrival(db, STORE, who, NOW, NOW, telling=TELLING)
    erase_shopper(db, who, NOW + 1)
    [left] = waiting_pickups(db, STORE)
    assert left.shopper_id == ""
    assert take_untold(db, NOW + 9, wait_s=3) == []


def test_who_was_told_as_much_as_they_want_is_shown_no_more_and_the_staff_know_all_the_same(db: Database) -> None:
    """The way to an order counts in the caps, on the page as by a notification; the order is not lost for it."""
    who = owner(db)
    put_wishes(db, who, 0, None, None, NOW)
    told(db, READY)
    assert note_arrival(db, STORE, who, NOW, NOW, telling=TELLING) == 1
    assert (states(db), changes_after(db, 0)) == ([PickupState.ARRIVED], [])
    assert take_untold(db, NOW + 9, wait_s=3) == []
    assert [one.order_id for one in pickups_of(db, who)] == ["7"]


def test_that_an_order_waits_is_told_once_and_not_after_it_was_fetched(db: Database) -> None:
    who = owner(db, PAGE, COMES, ConsentChoice("location_offers", "app", True))
    told(db, READY)
    assert [tell_ready(db, TELLING, NOW + n) for n in (1, 2)] == [1, 0]
    hand_over(db, STORE, CODE, CLERK, NOW + 3, secret=SECRET)
    assert take_messages(db, frozenset({Channel.APP}), NOW + 4) == []
    [(_, fate)] = latest_messages(db, STORE, from_t=NOW - 60, to_t=NOW + 60)
    assert (fate.kind, fate.reason) == (MessageKind.ORDER_READY, MessageReason.OVER)
    assert find_held(db, who)["message"]
