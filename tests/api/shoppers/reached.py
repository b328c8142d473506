"""A site with a push service and an SMTP server, both of this machine, and shoppers who agreed to channels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from engine.config import ApiConfig, AskedConsent, Config, DeliveryConfig, PrivacyConfig, SegmentConfig
from engine.offers.caps import Limits
from engine.privacy.identifiers import identifier_digest, seal_value
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.people.identifiers import AskedLink, follow_link, keep_link
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel, IdentifierKind
from tests.api.conftest import served
from tests.api.site import SECRETS, Site, campaign, small_plan
from tests.databases import new_sqlite
from tests.mail_servers import MailServer
from tests.push_services import Browser, PushService

ASKED: tuple[AskedConsent, ...] = (
    "location_offers:page",
    "location_offers:push",
    "location_offers:email",
    "location_offers:sms",
)


@contextmanager
def reached(
    folder: Path, *, segments: tuple[SegmentConfig, ...] = (), **delivery: Any
) -> Iterator[tuple[Site, PushService, MailServer]]:
    """The three of them, running."""
    with PushService(folder) as service, MailServer() as post:
        config = Config(
            api=ApiConfig(port=0),
            mail=post.config(),
            privacy=PrivacyConfig(asked=ASKED),
            segments=segments,
            delivery=DeliveryConfig(push_hosts=(service.host,), push_ca_file=service.ca_file, **delivery),
        )
        with served(new_sqlite(folder / "rayon.db"), config, small_plan()) as site:
            often = campaign("tea-often", caps={"per_day": 100, "per_week": 100})
            put_campaign(site.db, site.plan.store, often)
            yield site, service, post


def agree(site: Site, phone: httpx.Client, *channels: Channel, email: str | None = None) -> str:
    """Signs in with offers on these channels; the shopper's id. An `email` is proved as by a link."""
    consents = [{"purpose": "location_offers", "channel": channel, "granted": True} for channel in channels]
    who = site.sign_in(phone, consents=consents, email=email)
    if email is not None:
        prove(site, who, email)
    return who


def prove(site: Site, shopper_id: str, email: str) -> None:
    """What following a link to the mailbox does."""
    digest, sealed = identifier_digest(SECRETS, IdentifierKind.EMAIL, email), seal_value(SECRETS, email)
    with site.db.write() as session:
        keep_link(session, AskedLink(f"link of {email}", digest, sealed, shopper_id, "hers", "Firefox", time.time()))
    assert follow_link(site.db, f"link of {email}", "hers", time.time()).fate == "added"


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
