"""A consent said that a STOP is enough, and no gateway knew where to take one: each SMS brings the address."""

from __future__ import annotations

import time

import pytest

from api.shoppers.messages import Messages
from engine.config import Config, PrivacyConfig
from engine.records import Delivery
from engine.storage.people.shoppers import consent_log, get_shopper
from engine.storage.vouchers.channels import Outgoing
from engine.storage.vouchers.outbox import OutboxRow
from engine.vocabulary import Channel, DeliveryState
from tests.api.site import Site

PAYLOAD = {
    "store": "corner",
    "texts": {"fr": {"title": "Le thé vert", "text": "Ici."}, "en": {"title": "Green tea", "text": "Here."}},
    "offer": {"kind": "percent", "applies_to": "product", "sku": "tea-1", "basis_points": 2000},
    "place": {"product": "tea-1"},
    "currency": "EUR",
    "why": {"near_for_s": 9.0},
}


@pytest.fixture
def config(config: Config) -> Config:
    """A site that asks for SMS."""
    return config.model_copy(update={"privacy": PrivacyConfig(asked=("location_offers:page", "location_offers:sms"))})


def test_a_gateway_ends_sms_by_one_call_as_often_as_it_likes(site: Site) -> None:
    now = time.time()
    with site.client() as phone, site.client() as gateway:
        offers = [{"purpose": "location_offers", "channel": c, "granted": True} for c in ("page", "sms")]
        who = site.sign_in(phone, consents=offers)
        delivery = Delivery(1, "v" * 24, who, Channel.SMS, now, now + 120.0, DeliveryState.PENDING, now)
        message = Outgoing(OutboxRow(delivery, "corner", PAYLOAD), "visit", now + 120.0)
        ctx = site.server.app.state.ctx
        said = Messages(ctx).by_gateway(message, get_shopper(site.db, who), "t", Channel.SMS)["data"]
        stop = said["unsubscribe"].removeprefix(ctx.public_url)
        before = len(consent_log(site.db, who))
        assert [gateway.post(stop).status_code for _ in range(3)] == [200, 200, 200]
        [ended] = consent_log(site.db, who)[before:]
        assert (ended.channel, ended.granted, ended.place) == (Channel.SMS, False, "unsubscribe:sms")
        assert {channel for _, channel in get_shopper(site.db, who).grants} == {Channel.PAGE}
