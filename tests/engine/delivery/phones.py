"""Shoppers who agreed to channels, their phones, and a dispatcher on real services and a real database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx

from engine.config import DeliveryConfig
from engine.delivery.dispatch import Dispatcher, PushSide, Sides
from engine.delivery.mail import Mailer
from engine.delivery.opening import _tls
from engine.delivery.push_services import PublicTransport
from engine.delivery.senders import Poster
from engine.privacy.consent import ConsentChoice
from engine.records import Candidate
from engine.storage.clerks.pickups import Pickup
from engine.storage.database import Database
from engine.storage.messages.outgoing import OutgoingMessage
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import ShopperProfile, SignIn, sign_in
from engine.storage.sending.letters import Letter
from engine.storage.sending.subscriptions import Subscription, put_subscription
from engine.storage.sending.vapid_keys import load_push_keys
from engine.storage.vouchers.channels import Outgoing
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel, IdentifierKind, Purpose
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, STORE, TELLING, candidate
from tests.push_services import Browser, PushService

KEY = b"k" * 32
SEAL = b"s" * 32


class Words:
    """As short as can be."""

    def push(self, message: Outgoing, reader: ShopperProfile, token: str) -> dict[str, Any]:
        return {"kind": "coupon", "token": token, "title": message.row.payload["texts"][reader.locale]["title"]}

    def letter(self, message: Outgoing, reader: ShopperProfile, token: str) -> Letter:
        return Letter(str(reader.email), "Coupon", token, f"<p>{token}</p>", "https://x.example/u")

    def pickup(self, pickup: Pickup, reader: ShopperProfile) -> dict[str, Any]:
        return {"kind": "pickup", "title": pickup.store}

    def tell(self, message: OutgoingMessage, reader: ShopperProfile) -> dict[str, Any]:
        return {"kind": "told", "title": message.kind}

    def tell_by_letter(self, message: OutgoingMessage, reader: ShopperProfile) -> Letter:
        return Letter(str(reader.email), message.kind, "-", "<p>-</p>", "https://x.example/u")

    def tell_by_gateway(self, message: OutgoingMessage, reader: ShopperProfile) -> dict[str, Any]:
        return {"kind": message.kind}

    def mailbox(self, reader: ShopperProfile) -> str | None:
        return reader.email

    def by_gateway(self, message: Outgoing, reader: ShopperProfile, token: str, channel: Channel) -> dict[str, Any]:
        return {"token": token, "channel": channel}


def shopper_with(db: Database, *wanted: Channel, email: str | None = None) -> str:
    """The id of a shopper who wants offers on these channels, and has proved the mailbox that they named."""
    consents = [ConsentChoice(Purpose.LOCATION_OFFERS, channel, True) for channel in wanted]
    who = sign_in(db, SignIn(STORE, PhoneClaim(), None, None, email, "fr", consents, "2026-01", NOW)).shopper_id
    if email is not None:
        with db.write() as session:
            kind = IdentifierKind.EMAIL
            session.add(IdentifierTable(kind=kind, digest=who, shopper_id=who, sealed="", verified_at=NOW))
    return who


def keep_browser(db: Database, shopper_id: str) -> None:
    """A browser that takes push, by its row alone: for tests that push nothing over a network."""
    made = Subscription(f"https://push.example/{shopper_id}", "p", "a", "k")
    assert put_subscription(db, shopper_id, made, NOW)


def subscribe(db: Database, shopper_id: str, browser: Browser, at: float = NOW) -> None:
    """The browser asks to be pushed to."""
    [key, *_] = load_push_keys(db, SEAL, NOW)
    made = Subscription(browser.endpoint, browser.p256dh, browser.auth, key.key_id)
    assert put_subscription(db, shopper_id, made, at)


def issue_on(db: Database, shopper_id: str, channels: Sequence[Channel], name: str = "d1", at: float = NOW) -> str:
    """A voucher whose message takes these channels in turn."""
    plain = candidate(shopper_id, name=name, at=at)
    first, *others = channels
    routed = Candidate(
        plain.decision_id,
        plain.trigger,
        shopper_id,
        STORE,
        "EUR",
        first,
        plain.gain_minor,
        plain.worth_minor,
        plain.priority,
        tuple(others),
    )
    said = claim(db, [routed], NO_LIMITS, SECRET, at)
    assert said.vouchers, said.decisions[0].reason
    return said.vouchers[0].voucher_id


class Desk:
    """A dispatcher whose clock is held. `step()` runs it once and waits for what it began."""

    def __init__(self, db: Database, service: PushService | None, mailer: Mailer | None = None) -> None:
        self.now, self.slept = NOW, [0.0]
        self.pages: set[str] = set()
        self.counted: Counter[tuple[Channel, str]] = Counter()
        config = DeliveryConfig(push_hosts=() if service is None else (service.host,), push_s=20.0)
        self.db, self.config, self.service, self.mailer = db, config, service, mailer

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def step(self) -> None:
        """One look, and everything that came of it."""
        asyncio.run(self._step())

    async def _step(self) -> None:
        push = None
        if self.service is not None:
            transport = PublicTransport(self.config.push_hosts, _tls(self.service.ca_file), 5)
            poster = Poster(
                httpx.AsyncClient(transport=transport, timeout=60.0), clock=lambda: self.now, sleep=self._sleep
            )
            push = PushSide(lambda: load_push_keys(self.db, SEAL, NOW), "mailto:it@example.org", poster)
        desk = Dispatcher(
            self.db,
            self.config,
            Sides(push, self.mailer),
            Words(),
            KEY,
            with_page=lambda: self.pages,
            count=lambda channel, outcome: self.counted.update([(channel, outcome)]),
            clock=lambda: self.now,
            telling=TELLING,
        )
        await desk.step()
        await desk.wait_settled()
        if push is not None:
            await push.poster.aclose()
