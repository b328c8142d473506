"""A subscription whose host is a name that cannot be decoded (`xn--` and nonsense) is taken. Every push to it ends in a
fault of the library: the error log fills, and a consent taken back leaves the phone's address behind.

Input: `https://xn--fcm-x.push.apple.com/x`, and a sender that fails at a retraction. Right: refused when the browser
subscribes; and whatever happens to the retraction, nothing is known of the phone afterwards.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest

from engine.config import DeliveryConfig
from engine.delivery.dispatch import Dispatcher, PushSide, Sides
from engine.delivery.push_services import NotAPushService, endpoint_host
from engine.delivery.senders import Poster
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.people.shoppers import set_consents
from engine.storage.sending.subscriptions import subscriptions_of
from engine.storage.sending.vapid_keys import load_push_keys
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import acknowledge_sent
from engine.vocabulary import Channel, Purpose
from tests.engine.delivery.phones import KEY, SEAL, Words, issue_on, shopper_with, subscribe
from tests.engine.storage.scenes import NOW, STORE, campaign
from tests.push_services import Browser


@pytest.mark.parametrize("name", ["xn--fcm-x.push", "xn--a.push", "a.xn--aaaaaaaa.push", "XN--FCM-X.push"])
def test_a_name_in_another_alphabet_is_no_push_service(name: str) -> None:
    with pytest.raises(NotAPushService):
        endpoint_host(f"https://{name}.apple.com/x")


def test_a_retraction_that_fails_leaves_no_phone_behind(db: Database) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0, budget={"max_vouchers": 5}))
    who = shopper_with(db, Channel.PUSH)
    subscribe(db, who, Browser("https://fcm.googleapis.com/fcm/send/x"))
    issue_on(db, who, [Channel.PUSH])
    faults: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if faults:
            raise UnicodeError(faults[0])
        return httpx.Response(201)

    async def run() -> None:
        client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        push = PushSide(lambda: load_push_keys(db, SEAL, NOW), "mailto:it@example.org", Poster(client))
        desk = Dispatcher(db, DeliveryConfig(), Sides(push), Words(), KEY, clock=lambda: NOW)
        await desk.step()
        await desk.wait_settled()
        assert acknowledge_sent(db, 1, Channel.PUSH, NOW)
        faults.append("Invalid A-label")
        no = ConsentChoice(Purpose.LOCATION_OFFERS, Channel.PUSH, False)
        set_consents(db, who, [no], "2026-01", "me", NOW + 2)
        await desk.step()
        await desk.wait_settled()

    assert len(subscriptions_of(db, who)) == 1
    asyncio.run(run())
    assert subscriptions_of(db, who) == []
