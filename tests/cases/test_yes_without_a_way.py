"""A yes to a channel that has no way to the shopper must not cost them the coupon.

Somebody agreed to page and e-mail and left the address empty. The coupon went to e-mail after 0.4 s, e-mail had no
address, and the voucher was over (`no_address`) when the page was opened 13 s later, within the message's 120 s. Right:
the page shows it. The same for push without a browser, SMS at night, and push that fails after it was given the coupon.
"""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import select

from engine.delivery.outboxes import page_hub
from engine.delivery.pages import Pending
from engine.storage.database import Database
from engine.storage.models.vouchers import DeliveryTable, VoucherTable
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import Routing, Windows, fail, hand_over_late, take
from engine.storage.vouchers.outbox import acknowledge, pending_for
from engine.storage.vouchers.vouchers import expire_undelivered
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, VoucherState
from tests.databases import database_url, db, postgres
from tests.engine.delivery.phones import issue_on, keep_browser, shopper_with
from tests.engine.storage.scenes import NOW, STORE, campaign

__all__ = ["database_url", "db", "postgres"]
PAGE, PUSH, EMAIL, SMS = Channel.PAGE, Channel.PUSH, Channel.EMAIL, Channel.SMS
NIGHT = Routing(Windows(), frozenset(Channel), lambda channel, store, now: channel is not SMS)


@pytest.fixture
def shop(db: Database) -> Database:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    return db


def _row(shop: Database) -> DeliveryTable:
    with shop.read() as session:
        return session.exec(select(DeliveryTable)).one()


def _state(shop: Database) -> str:
    with shop.read() as session:
        return session.exec(select(VoucherTable)).one().state


@pytest.mark.parametrize("others", [[EMAIL], [PUSH], [SMS], [PUSH, EMAIL, SMS]])
def test_the_page_shows_what_no_other_channel_can_bring(shop: Database, others: list[Channel]) -> None:
    who = shopper_with(shop, PAGE, *others)
    issue_on(shop, who, [PAGE, *others])
    hand_over_late(shop, NOW + 4.0, (), NIGHT)
    assert [take(shop, channel, NOW + 4.0, NIGHT) for channel in others] == [[]] * len(others)
    [row] = pending_for(shop, who, PAGE, NOW + 13.0)
    assert acknowledge(shop, row.delivery.delivery_id, who, NOW + 13.0)
    assert _state(shop) == VoucherState.DELIVERED


def test_a_page_that_never_opens_lets_it_go_at_the_end_of_its_time(shop: Database) -> None:
    who = shopper_with(shop, PAGE, EMAIL)
    issue_on(shop, who, [PAGE, EMAIL])
    hand_over_late(shop, NOW + 4.0, (), NIGHT)
    expire_undelivered(shop, NOW + 119.0)
    assert _state(shop) == VoucherState.ISSUED
    expire_undelivered(shop, NOW + 120.0)
    assert (_row(shop).channel, _row(shop).reason) == (PAGE, DeliveryReason.NOT_SHOWN)


def test_a_channel_without_a_way_is_skipped_for_one_that_has_one(shop: Database) -> None:
    who = shopper_with(shop, PAGE, PUSH, EMAIL, email="a@example.org")
    issue_on(shop, who, [PAGE, PUSH, EMAIL])
    hand_over_late(shop, NOW + 1.0, (), NIGHT)
    assert len(take(shop, EMAIL, NOW + 1.0, NIGHT)) == 1


def test_what_push_could_not_bring_comes_back_to_the_page_that_is_open_by_now(shop: Database) -> None:
    who = shopper_with(shop, PAGE, PUSH)
    keep_browser(shop, who)
    issue_on(shop, who, [PAGE, PUSH])
    hand_over_late(shop, NOW + 0.4, (), NIGHT)
    [message] = take(shop, PUSH, NOW + 0.4, NIGHT)
    number = message.row.delivery.delivery_id
    at = [NOW + 0.5]

    async def open_page() -> Pending:
        hub = page_hub(shop)
        hub._clock = lambda: at[0]
        async with hub.page(who) as stream:
            assert stream.queue.empty()
            fail(shop, number, PUSH, DeliveryReason.PUSH_GONE, NOW + 9.0, NIGHT)
            at[0] = NOW + 9.2
            await hub._look()
            await hub._look()
            assert stream.queue.qsize() == 1
            came = stream.queue.get_nowait()
            assert isinstance(came, Pending)
            return came

    assert asyncio.run(open_page()).delivery.delivery_id == number
    assert acknowledge(shop, number, who, NOW + 10.0)
    assert _row(shop).state == DeliveryState.ACKNOWLEDGED


def test_an_sms_that_may_have_gone_out_does_not_come_to_the_page_as_well(shop: Database) -> None:
    routing = Routing(Windows(), frozenset(Channel))
    who = shopper_with(shop, PAGE, SMS)
    issue_on(shop, who, [PAGE, SMS])
    hand_over_late(shop, NOW + 4.0, (), routing)
    [message] = take(shop, SMS, NOW + 4.0, routing)
    fail(shop, message.row.delivery.delivery_id, SMS, DeliveryReason.WEBHOOK_UNREACHABLE, NOW + 60.0, routing)
    assert (_row(shop).state, _row(shop).reason) == (DeliveryState.EXPIRED, DeliveryReason.WEBHOOK_UNREACHABLE)
