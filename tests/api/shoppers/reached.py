"""A site with a push service and an SMTP server, both of this machine, and shoppers who agreed to channels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from engine.config import ApiConfig, Config, DeliveryConfig
from engine.offers.caps import Limits
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel
from tests.api.conftest import served
from tests.api.site import SECRETS, Site, campaign, small_plan
from tests.mail_servers import MailServer
from tests.push_services import Browser, PushService


@contextmanager
def reached(folder: Path, **delivery: Any) -> Iterator[tuple[Site, PushService, MailServer]]:
    """The three of them, running."""
    with PushService(folder) as service, MailServer() as post:
        config = Config(
            api=ApiConfig(port=0),
            mail=post.config(),
            delivery=DeliveryConfig(push_hosts=(service.host,), push_ca_file=service.ca_file, **delivery),
        )
        with served(f"sqlite:///{folder / 'rayon.db'}", config, small_plan()) as site:
            often = campaign("tea-often", caps={"per_day": 100, "per_week": 100})
            put_campaign(site.db, site.plan.store, often)
            yield site, service, post


def agree(site: Site, phone: httpx.Client, *channels: Channel, email: str | None = None) -> str:
    """Signs in with offers on these channels; the shopper's id."""
    consents = [{"purpose": "location_offers", "channel": channel, "granted": True} for channel in channels]
    return site.sign_in(phone, consents=consents, email=email)


def subscribe(phone: httpx.Client, browser: Browser, **changes: Any) -> httpx.Response:
    """What a browser sends after `pushManager.subscribe`."""
    body = {
        "endpoint": browser.endpoint,
        "expirationTime": None,
        "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
        "public_key": phone.get("/v1/me/push").json()["public_key"],
    }
    return phone.put("/v1/me/push", json=body | changes)


def issue(site: Site, shopper_id: str, *channels: Channel, visit: str = "v1") -> str:
    """A voucher that takes these channels in turn, issued now."""
    now = time.time()
    name = f"{shopper_id}-{visit}"
    trigger = Trigger(name, "tea-often", DeviceId(77), visit, now - 9.0, now, 0.91, now - 0.5)
    first, *others = channels
    asked = Candidate(name, trigger, shopper_id, site.plan.store, "EUR", first, 24.0, 99, 50, tuple(others))
    said = claim(site.db, [asked], Limits(99, 99, 99), SECRETS.site_key, now)
    assert said.vouchers, said.decisions[0].reason
    return said.vouchers[0].voucher_id
