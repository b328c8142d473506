"""Web Push at a service that checks VAPID and phones that decrypt: what goes out, and what comes of each answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from engine.commerce.records import Customer, Order
from engine.config import MailConfig
from engine.delivery.mail import Credentials, Mailer
from engine.delivery.tokens import read_ack_token
from engine.delivery.web_push import retry_after_s, topic_of
from engine.offers.messages.choose import Occasion
from engine.privacy.consent import ConsentChoice
from engine.storage.clerks.pickups import follow_orders, note_arrival
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.messages.decisions import decide_in
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.letters import LetterTable
from engine.storage.models.vouchers import CampaignTable, DeliveryTable, VoucherTable
from engine.storage.people.shoppers import set_consents
from engine.storage.sending.subscriptions import delete_subscriptions, subscriptions_of
from engine.storage.sending.vapid_keys import load_push_keys, rotate_push_key
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import acknowledge_sent, hold
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, MessageKind, OrderState, Purpose, VoucherState
from tests.engine.delivery.phones import KEY, SEAL, Desk, issue_on, shopper_with, subscribe
from tests.engine.storage.scenes import NOW, STORE, TELLING, campaign
from tests.push_services import PushService

PUSH = Channel.PUSH


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    folder: Path = tmp_path_factory.mktemp("push")
    with PushService(folder) as service:
        service.clock = lambda: NOW  # type: ignore[method-assign]
        yield service


@pytest.fixture
def service(running: PushService) -> PushService:
    running.got, running.refused, running.answers = [], [], []
    return running


@pytest.fixture
def shop(db: Database) -> Database:
    put_campaign(db, STORE, campaign(ttl_s=120.0, budget={"max_vouchers": 5}))
    return db


def _row(db: Database) -> DeliveryTable:
    with db.read() as session:
        return session.exec(select(DeliveryTable)).one()


def _voucher_state(db: Database) -> tuple[str, int]:
    """(state of the one voucher, vouchers that the campaign counts)."""
    with db.read() as session:
        return session.exec(select(VoucherTable.state)).one(), session.exec(select(CampaignTable.vouchers_used)).one()


def test_a_coupon_arrives_encrypted_signed_and_in_time(shop: Database, service: PushService) -> None:
    who, phone = shopper_with(shop, PUSH), service.subscribe()
    subscribe(shop, who, phone)
    issue_on(shop, who, [PUSH])
    Desk(shop, service).step()
    assert service.refused == []
    [pushed] = service.got
    assert pushed.headers["ttl"] == "120"
    assert pushed.headers["urgency"] == "high"
    assert pushed.headers["topic"] == topic_of(KEY, STORE, "apples", "v1")
    assert pushed.key == load_push_keys(shop, SEAL, NOW)[0].public
    said = phone.read(pushed.body)
    assert said["title"] == "Pommes"
    assert said["tag"] == pushed.headers["topic"]
    assert who not in str(said)
    number, channel = read_ack_token(KEY, said["token"]) or (0, PUSH)
    assert (channel, _row(shop).delivery_id) == (PUSH, number)
    assert _row(shop).state == DeliveryState.PENDING  # the service's 201 is no delivery
    assert hold(shop, number, NOW + 1)
    assert acknowledge_sent(shop, number, PUSH, NOW + 1)
    assert acknowledge_sent(shop, number, PUSH, NOW + 2)
    assert _voucher_state(shop) == (VoucherState.DELIVERED, 1)


@pytest.mark.parametrize("status", [404, 410])
def test_a_phone_that_is_gone_is_forgotten_and_the_one_before_gets_it(
    shop: Database, service: PushService, status: int
) -> None:
    who, old, new = shopper_with(shop, PUSH), service.subscribe("old"), service.subscribe("new")
    subscribe(shop, who, old, NOW - 10)
    subscribe(shop, who, new, NOW)
    service.answers = [(status, {})]
    issue_on(shop, who, [PUSH])
    Desk(shop, service).step()
    assert [pushed.path for pushed in service.got] == ["old"]
    assert [s.endpoint for s in subscriptions_of(shop, who)] == [old.endpoint]


def test_with_nobody_left_to_push_to_slot_and_budget_go_back_at_once(shop: Database, service: PushService) -> None:
    who = shopper_with(shop, PUSH)
    subscribe(shop, who, service.subscribe())
    service.answers = [(410, {})]
    issue_on(shop, who, [PUSH])
    Desk(shop, service).step()
    row = _row(shop)
    assert (row.state, row.reason) == (DeliveryState.EXPIRED, DeliveryReason.PUSH_GONE)
    assert _voucher_state(shop) == (VoucherState.EXPIRED, 0)


def test_busy_is_waited_for_as_long_as_it_says(shop: Database, service: PushService) -> None:
    who = shopper_with(shop, PUSH)
    subscribe(shop, who, service.subscribe())
    service.answers = [(429, {"Retry-After": "7"}), (503, {})]
    issue_on(shop, who, [PUSH])
    desk = Desk(shop, service)
    desk.step()
    assert desk.slept[1] == 7.0
    [pushed] = service.got
    assert int(pushed.headers["ttl"]) <= 120 - 7  # what is left of the time


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((429, {"Retry-After": "500"}), DeliveryReason.PUSH_BUSY),
        ((400, {}), DeliveryReason.PUSH_REFUSED),
        ((413, {}), DeliveryReason.PUSH_REFUSED),
        ((302, {"Location": "http://169.254.169.254/"}), DeliveryReason.PUSH_REFUSED),
    ],
)
def test_what_cannot_arrive_in_time_is_given_back_with_its_reason(
    shop: Database, service: PushService, answer: tuple[int, dict[str, str]], reason: DeliveryReason
) -> None:
    who = shopper_with(shop, PUSH)
    subscribe(shop, who, service.subscribe())
    service.answers = [answer]
    issue_on(shop, who, [PUSH])
    desk = Desk(shop, service)
    desk.step()
    assert _row(shop).reason == reason
    assert desk.counted == {(PUSH, reason): 1}
    assert _voucher_state(shop) == (VoucherState.EXPIRED, 0)
    assert service.got == []


def test_a_service_that_is_broken_is_tried_until_it_is_too_late(shop: Database, service: PushService) -> None:
    who = shopper_with(shop, PUSH)
    subscribe(shop, who, service.subscribe())
    service.answers = [(500, {})] * 100
    issue_on(shop, who, [PUSH])
    desk = Desk(shop, service)
    desk.step()
    assert _row(shop).reason == DeliveryReason.PUSH_UNREACHABLE
    assert NOW + 90 < desk.now < NOW + 120
    assert 7 < len(desk.slept) < 25


def test_without_a_phone_there_is_nobody_to_push_to(shop: Database, service: PushService) -> None:
    issue_on(shop, shopper_with(shop, PUSH), [PUSH])
    Desk(shop, service).step()
    assert _row(shop).reason == DeliveryReason.NO_SUBSCRIPTION


def test_who_takes_the_consent_back_is_pushed_to_no_more(shop: Database, service: PushService) -> None:
    """In mid-visit: the notification is replaced under its topic, and nothing is known of the phone after."""
    who, phone = shopper_with(shop, PUSH), service.subscribe()
    subscribe(shop, who, phone)
    issue_on(shop, who, [PUSH])
    desk = Desk(shop, service)
    desk.step()
    shown = _row(shop).delivery_id or 0
    assert acknowledge_sent(shop, shown, PUSH, NOW + 1)
    set_consents(shop, who, [ConsentChoice(Purpose.LOCATION_OFFERS, PUSH, False)], "2026-01", "me", NOW + 2)
    desk.step()
    first, second = service.got
    assert second.headers["topic"] == first.headers["topic"]
    assert phone.read(second.body) == {"kind": "withdrawn", "tag": first.headers["topic"]}
    assert subscriptions_of(shop, who) == []
    assert _row(shop).state == DeliveryState.ACKNOWLEDGED
    assert not hold(shop, shown, NOW + 3)  # the first message again: a push service may repeat itself


def test_a_push_that_was_withdrawn_on_its_way_is_not_shown(shop: Database, service: PushService) -> None:
    who = shopper_with(shop, PUSH)
    subscribe(shop, who, service.subscribe())
    issue_on(shop, who, [PUSH])
    desk = Desk(shop, service)
    desk.step()
    set_consents(shop, who, [ConsentChoice(Purpose.LOCATION_OFFERS, PUSH, False)], "2026-01", "me", NOW + 2)
    row = _row(shop)
    assert (row.state, row.reason) == (DeliveryState.WITHDRAWN, DeliveryReason.WITHDRAWN)
    assert not hold(shop, row.delivery_id or 0, NOW + 3)
    assert not acknowledge_sent(shop, row.delivery_id or 0, PUSH, NOW + 3)
    assert _voucher_state(shop) == (VoucherState.VOIDED, 0)


def test_phones_of_an_older_key_are_signed_to_with_it(shop: Database, service: PushService) -> None:
    who = shopper_with(shop, PUSH)
    subscribe(shop, who, service.subscribe())
    old = load_push_keys(shop, SEAL, NOW)[0]
    new = rotate_push_key(shop, SEAL, NOW + 1)
    assert load_push_keys(shop, SEAL, NOW + 2)[0] == new
    issue_on(shop, who, [PUSH])
    Desk(shop, service).step()
    assert [pushed.key for pushed in service.got] == [old.public]
    assert load_push_keys(shop, b"x" * 32, NOW)[0].public not in (old.public, new.public)  # another site's key


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after_s("12", NOW) == 12.0
    assert retry_after_s("Fri, 15 Jan 2027 08:00:30 GMT", NOW) == 30.0
    assert retry_after_s("soon", NOW) is None
    assert retry_after_s(None, NOW) is None


@pytest.mark.parametrize(("wanted", "pushed"), [((PUSH,), 1), ((Channel.PAGE,), 0)])
def test_who_comes_in_for_an_order_is_shown_the_way_once(
    shop: Database, service: PushService, wanted: tuple[Channel, ...], pushed: int
) -> None:
    """On the phone that agreed to notifications; on the page it is in any case."""
    who, phone, digest = shopper_with(shop, *wanted), service.subscribe(), "e" * 64
    if PUSH in wanted:
        subscribe(shop, who, phone)
    set_consents(shop, who, [ConsentChoice(Purpose.PICKUP, Channel.ANY, True)], "2026-11-29", "me", NOW)
    with shop.write() as session:
        session.add(IdentifierTable(kind="email", digest=digest, shopper_id=who, sealed="", verified_at=NOW))
    ready = Order("web", "7", 1, NOW, OrderState.READY, "EUR", 1, (), Customer(email=digest), STORE)
    keep_events(shop, [ready], NOW)
    follow_orders(shop, NOW, secret=KEY)
    assert note_arrival(shop, STORE, who, NOW - 30, NOW, telling=TELLING) == 1
    desk = Desk(shop, service)
    for _ in range(2):
        desk.step()
    assert [phone.read(one.body)["kind"] for one in service.got] == ["pickup"] * pushed
    assert service.refused == []


def test_a_message_that_is_no_coupon_goes_to_the_phone_and_by_e_mail_where_that_is_gone(
    shop: Database, service: PushService
) -> None:
    """Points that end: once, with an end to unsubscribe by one click, and never to a phone that has signed off."""
    who, phone = shopper_with(shop, PUSH, Channel.EMAIL, email="ann@example.org"), service.subscribe()
    subscribe(shop, who, phone)
    said = Occasion("p|1", MessageKind.POINTS_ENDING, who, STORE, NOW, NOW + 86_400)
    with shop.write() as session:
        decide_in(session, said, TELLING, NOW)
    desk = Desk(shop, service, Mailer(MailConfig(host="mx.example", sender="shop@example.org"), shop, Credentials()))
    for _ in range(2):
        desk.step()
    assert [phone.read(one.body)["title"] for one in service.got] == ["points_ending"]
    with shop.write() as session:
        decide_in(session, replace(said, name="p|2"), TELLING, NOW)
        delete_subscriptions(session, who)
    for _ in range(2):
        desk.step()
    assert len(service.got) == 1
    with shop.read() as session:
        [letter] = session.exec(select(LetterTable)).all()
    assert (letter.recipient, letter.subject, letter.unsubscribe_url) == (
        *("ann@example.org", "points_ending"),
        "https://x.example/u",
    )
