"""From channel to channel: who gets a message when, and that no two ever carry the same coupon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from sqlmodel import select

from engine.offers.codes import voucher_code
from engine.privacy.consent import ConsentChoice
from engine.storage.clerks.due import look_for_due
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, DeliveryTable, VoucherTable
from engine.storage.people.shoppers import set_consents
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import (
    Outgoing,
    Routing,
    Windows,
    acknowledge_sent,
    fail,
    hand_over_late,
    hold,
    take,
)
from engine.storage.vouchers.outbox import acknowledge, pending_for
from engine.storage.vouchers.tills import redeem
from engine.storage.vouchers.vouchers import expire_undelivered
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, Purpose, VoucherState
from tests.engine.delivery.phones import issue_on, keep_browser
from tests.engine.delivery.phones import shopper_with as anybody_with
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, campaign

PAGE, PUSH, EMAIL, SMS = Channel.PAGE, Channel.PUSH, Channel.EMAIL, Channel.SMS
ALL = frozenset({PAGE, PUSH, EMAIL, SMS})
WINDOWS = Windows(page_s=4.0, no_page_s=0.4, push_s=20.0)
ROUTING = Routing(WINDOWS, ALL)


@pytest.fixture
def shop(db: Database) -> Database:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    return db


def shopper_with(db: Database, *wanted: Channel) -> str:
    """Somebody who can be reached on every channel they agreed to."""
    who = anybody_with(db, *wanted, email="a@example.org" if EMAIL in wanted else None)
    if PUSH in wanted:
        keep_browser(db, who)
    return who


def _row(db: Database) -> DeliveryTable:
    with db.read() as session:
        return session.exec(select(DeliveryTable)).one()


def test_a_page_that_is_open_has_its_time_and_push_comes_after(shop: Database) -> None:
    who = shopper_with(shop, PAGE, PUSH)
    issue_on(shop, who, [PAGE, PUSH])
    assert look_for_due(shop, NOW, wait_s=0.0).coupons
    assert hand_over_late(shop, NOW + 3.9, {who}, ROUTING) == 0
    assert len(pending_for(shop, who, PAGE, NOW + 3.9)) == 1
    assert hand_over_late(shop, NOW + 4.0, {who}, ROUTING) == 1
    assert pending_for(shop, who, PAGE, NOW + 4.0) == []
    assert take(shop, PAGE, NOW + 4, ROUTING) == []
    [message] = take(shop, PUSH, NOW + 4, ROUTING)
    assert message.ends_at == NOW + 120  # nobody comes after: all the time that there is
    assert take(shop, PUSH, NOW + 4, ROUTING) == []


def test_without_a_page_push_gets_it_at_once(shop: Database) -> None:
    who = shopper_with(shop, PAGE, PUSH)
    issue_on(shop, who, [PAGE, PUSH])
    assert hand_over_late(shop, NOW + 0.3, (), ROUTING) == 0  # of another process, perhaps
    assert hand_over_late(shop, NOW + 0.4, (), ROUTING) == 1


def test_a_page_takes_back_what_was_not_given_out_and_nothing_else(shop: Database) -> None:
    who = shopper_with(shop, PAGE, PUSH)
    issue_on(shop, who, [PAGE, PUSH])
    number = _row(shop).delivery_id or 0
    hand_over_late(shop, NOW + 1, (), ROUTING)
    assert acknowledge(shop, number, who, NOW + 1.1)
    assert take(shop, PUSH, NOW + 1.2, ROUTING) == []
    assert (_row(shop).channel, _row(shop).state) == (PAGE, DeliveryState.ACKNOWLEDGED)


def test_a_page_is_too_late_once_push_has_it(shop: Database) -> None:
    who = shopper_with(shop, PAGE, PUSH)
    issue_on(shop, who, [PAGE, PUSH])
    number = _row(shop).delivery_id or 0
    hand_over_late(shop, NOW + 1, (), ROUTING)
    take(shop, PUSH, NOW + 1, ROUTING)
    assert not acknowledge(shop, number, who, NOW + 1.1)
    assert acknowledge_sent(shop, number, PUSH, NOW + 2)
    assert not acknowledge(shop, number, who, NOW + 3)  # shown elsewhere: the page must not show it too


def test_a_phone_that_is_about_to_show_it_keeps_it(shop: Database) -> None:
    who = shopper_with(shop, PUSH, EMAIL)
    issue_on(shop, who, [PUSH, EMAIL])
    number = _row(shop).delivery_id or 0
    [message] = take(shop, PUSH, NOW, ROUTING)
    assert message.ends_at == NOW + 20
    assert hold(shop, number, NOW + 19)
    assert hand_over_late(shop, NOW + 21, (), ROUTING) == 0
    assert acknowledge_sent(shop, number, PUSH, NOW + 22)


def test_a_phone_that_wakes_after_the_next_channel_shows_nothing(shop: Database) -> None:
    who = shopper_with(shop, PUSH, EMAIL)
    issue_on(shop, who, [PUSH, EMAIL])
    number = _row(shop).delivery_id or 0
    take(shop, PUSH, NOW, ROUTING)
    assert hand_over_late(shop, NOW + 20, (), ROUTING) == 1
    assert not hold(shop, number, NOW + 20.1)
    assert not acknowledge_sent(shop, number, PUSH, NOW + 20.1)
    [_] = take(shop, EMAIL, NOW + 20.2, ROUTING)
    assert hand_over_late(shop, NOW + 100, (), ROUTING) == 0  # e-mail cannot be called back
    expire_undelivered(shop, NOW + 120)
    assert (_row(shop).state, _row(shop).reason) == (DeliveryState.EXPIRED, DeliveryReason.NOT_SHOWN)


@pytest.mark.parametrize("shown", [False, True])
def test_a_phone_that_wakes_after_its_use_shows_nothing(shop: Database, shown: bool) -> None:
    """Also where a push service brings the same message twice: a used coupon is announced by nothing."""
    who = shopper_with(shop, PUSH)
    voucher = issue_on(shop, who, [PUSH])
    number = _row(shop).delivery_id or 0
    take(shop, PUSH, NOW, ROUTING)
    if shown:
        assert hold(shop, number, NOW + 1)
        assert acknowledge_sent(shop, number, PUSH, NOW + 1)
    redeem(shop, voucher_code(SECRET, voucher), basket(), STORE, "till-1", "k1", NOW + 5, secret=SECRET)
    assert not hold(shop, number, NOW + 6)


def test_what_fails_goes_on_and_what_has_nowhere_to_go_is_given_back(shop: Database) -> None:
    who = shopper_with(shop, PUSH, EMAIL)
    issue_on(shop, who, [PUSH, EMAIL])
    number = _row(shop).delivery_id or 0
    take(shop, PUSH, NOW, ROUTING)
    fail(shop, number, PUSH, DeliveryReason.PUSH_GONE, NOW + 1, ROUTING)
    assert (_row(shop).channel, _row(shop).state) == (EMAIL, DeliveryState.PENDING)
    fail(shop, number, PUSH, DeliveryReason.PUSH_GONE, NOW + 1, ROUTING)  # said again, too late
    assert _row(shop).state == DeliveryState.PENDING
    take(shop, EMAIL, NOW + 1, ROUTING)
    fail(shop, number, EMAIL, DeliveryReason.NO_ADDRESS, NOW + 2, ROUTING)
    assert (_row(shop).state, _row(shop).reason) == (DeliveryState.EXPIRED, DeliveryReason.NO_ADDRESS)


def test_consent_is_asked_for_once_more_at_each_step(shop: Database) -> None:
    who = shopper_with(shop, PAGE, PUSH, EMAIL)
    issue_on(shop, who, [PAGE, PUSH, EMAIL])
    set_consents(shop, who, [ConsentChoice(Purpose.LOCATION_OFFERS, PUSH, False)], "2026-01", "me", NOW + 0.1)
    hand_over_late(shop, NOW + 1, (), ROUTING)
    assert take(shop, PUSH, NOW + 1, ROUTING) == []
    assert len(take(shop, EMAIL, NOW + 1, ROUTING)) == 1


def test_an_sms_waits_for_no_hour(shop: Database) -> None:
    """By night it is not sent, and not kept for the morning."""
    night = Routing(WINDOWS, ALL, lambda channel, store, now: channel is not SMS)
    who = shopper_with(shop, SMS)
    issue_on(shop, who, [SMS])
    assert take(shop, SMS, NOW, night) == []
    assert (_row(shop).state, _row(shop).reason) == (DeliveryState.EXPIRED, DeliveryReason.SMS_HOURS)


def test_eighty_phones_each_get_it_once_or_give_it_back(shop: Database) -> None:
    """A third asleep, a third with push, a third with the page; some of each slow, some lose their answers.

    Every voucher ends delivered or given back with a reason, none is on two screens, and the budget says the same.
    """
    rng = np.random.default_rng(12)
    kinds = ["asleep", "push", "page"]
    shoppers = {shopper_with(shop, PAGE, PUSH): kinds[k % 3] for k in range(80)}
    vouchers = {issue_on(shop, who, [PAGE, PUSH], f"d{who}"): who for who in shoppers}
    screens: Counter[str] = Counter()
    acks: list[tuple[float, Callable[[float], bool], str]] = []
    paged: set[int] = set()

    def page_shows(number: int, who: str, voucher: str, now: float) -> None:
        paged.add(number)
        if rng.random() < 0.9:  # else it is in a pocket: the stream is open, and nothing is shown
            acks.append((now + rng.exponential(2.0), lambda at: acknowledge(shop, number, who, at), voucher))

    def phone_shows(message: Outgoing, now: float) -> None:
        delivery = message.row.delivery
        if shoppers[delivery.shopper_id] == "asleep":
            return

        def wake(at: float) -> bool:
            return hold(shop, delivery.delivery_id, at) and acknowledge_sent(shop, delivery.delivery_id, PUSH, at)

        acks.append((now + rng.exponential(30.0), wake, delivery.voucher_id))

    with_page = [who for who, kind in shoppers.items() if kind == "page"]
    for now in np.arange(NOW, NOW + 130.0, 2.5).tolist():
        if now < NOW + 6:
            for who in with_page:
                for row in pending_for(shop, who, PAGE, now):
                    if row.delivery.delivery_id not in paged:
                        page_shows(row.delivery.delivery_id, who, row.delivery.voucher_id, now)
        hand_over_late(shop, now, set(with_page), ROUTING)
        for message in take(shop, PUSH, now, ROUTING):
            phone_shows(message, now)
        for ack in sorted([a for a in acks if a[0] <= now], key=lambda a: a[0]):
            acks.remove(ack)
            screens[ack[2]] += ack[1](now)
        expire_undelivered(shop, now)
    assert max(screens.values()) == 1
    with shop.read() as session:
        rows = {r.voucher_id: r for r in session.exec(select(DeliveryTable))}
        states = {v.voucher_id: (v.state, v.holds_slot) for v in session.exec(select(VoucherTable))}
        spent = session.exec(select(CampaignTable.vouchers_used)).one()
    for voucher, who in vouchers.items():
        row, (state, holds_slot) = rows[voucher], states[voucher]
        assert (state == VoucherState.DELIVERED) == (screens[voucher] == 1) == holds_slot, (shoppers[who], row)
        if state == VoucherState.DELIVERED:
            assert row.state == DeliveryState.ACKNOWLEDGED
        else:
            assert (row.state, state) == (DeliveryState.EXPIRED, VoucherState.EXPIRED)
            assert row.reason == DeliveryReason.NOT_SHOWN
    ends = Counter((shoppers[who], rows[voucher].state, rows[voucher].channel) for voucher, who in vouchers.items())
    delivered = sum(screens.values())
    assert spent == delivered
    assert 40 < delivered < 56, ends
    assert ends["asleep", DeliveryState.EXPIRED, PUSH] == sum(kind == "asleep" for kind in shoppers.values())
    assert ends["page", DeliveryState.ACKNOWLEDGED, PUSH] > 0  # of those in a pocket, some woke by push
