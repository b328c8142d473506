"""A small site for tests: one plan, one campaign, a real database file, and the real server on a free port."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from shapely.geometry import Point, Polygon

from api.server import ApiServer
from engine.config import Config
from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits
from engine.offers.codes import voucher_code
from engine.plan.model import AccessPoint, Level, Opening, Plan, Product, Zone
from engine.privacy.passwords import hash_password
from engine.privacy.proofs import portal_secrets, sign_redirect
from engine.privacy.secrets import Secrets
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.invitations import make_link, use_link
from engine.storage.accounts.people import ConsoleAccount, make_account
from engine.storage.database import Database
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.outbox import acknowledge, pending_for
from engine.vocabulary import Channel, Role
from tests.clocks import until

SECRETS = Secrets(b"0123456789abcdef0123456789abcdef", "manager-key-of-tests", "till-key-of-tests")
PASSWORD = "trois chats gris"
MAC = "02:aa:bb:cc:dd:01"
SQUARE = Polygon([(0, 0), (10, 0), (10, 8), (0, 8)])


def small_plan(store: str = "corner") -> Plan:
    """One level of 10 by 8 m, one zone, one access point, two products, a till."""
    return Plan(
        store=store,
        name="Épicerie du coin",
        timezone="Europe/Paris",
        currency="EUR",
        anchor=None,
        levels=(Level("ground", 0, "Rez-de-chaussée", 3.0, 0.0, SQUARE),),
        zones=(Zone("tea", "ground", "Thés & cafés", "drinks", SQUARE),),
        access_points=(AccessPoint("02:00:00:00:00:01", "ground", 5.0, 4.0, 2.5, "AP 1", None, None),),
        products=(
            Product("tea-1", "Thé vert", "drinks", 499, "ground", 2.0, 2.0, ""),
            Product("cup-1", "Tasse bleue", "dishes", 900, "ground", 7.0, 2.0, ""),
        ),
        openings=(Opening("till-1", "ground", "checkout", Point(9.0, 1.0)),),
    )


def campaign_json(campaign_id: str = "tea-20", **changes: Any) -> dict[str, Any]:
    """20 % off the tea, for who stands near it."""
    return {
        "id": campaign_id,
        "name": "Tea week",
        "place": {"product": "tea-1", "radius_m": 3.0},
        "offer": {"kind": "percent", "applies_to": "product", "sku": "tea-1", "basis_points": 2000},
        "margin_minor": 150,
        "redeem_probability": 0.2,
        "texts": {
            "fr": {"title": "Le thé vert à −20 %", "text": "Juste devant vous, jusqu'à ce soir."},
            "en": {"title": "Green tea, 20% off", "text": "Right in front of you, until tonight."},
        },
    } | changes


def campaign(campaign_id: str = "tea-20", **changes: Any) -> Campaign:
    """The same, as the engine knows it."""
    return Campaign.model_validate_json(json.dumps(campaign_json(campaign_id, **changes)))


@dataclass
class Site:
    """A running server and what is behind it."""

    config: Config
    db: Database
    plan: Plan
    server: ApiServer

    @property
    def url(self) -> str:
        return self.server.url

    def client(self, **headers: str) -> httpx.Client:
        """A browser-like caller with its own cookies."""
        return httpx.Client(
            base_url=self.url,
            headers={"User-Agent": "Mozilla/5.0 (Linux; Android 15)", **headers},
            timeout=60,
            verify=False,  # plain HTTP: reading the system's authorities would take longer than most tests
        )

    def manager(self) -> httpx.Client:
        return self.client(Authorization=f"Bearer {SECRETS.manager_key}")

    def till(self) -> httpx.Client:
        return self.client(Authorization=f"Bearer {SECRETS.till_key}")

    def account(self, name: str, *roles: tuple[Role, str], password: str | None = PASSWORD) -> ConsoleAccount:
        """Somebody who works here, with a password unless it is None."""
        now = time.time()
        with self.db.write() as session:
            made = make_account(session, COMMAND, name, f"{name}@example.org", roles, now)
            make_link(session, COMMAND, made.account_id, f"link of {name}", now)
        if password is not None:
            use_link(self.db, f"link of {name}", _kept(password), now)
        return made

    @contextmanager
    def colleague(self, name: str, *roles: tuple[Role, str]) -> Iterator[httpx.Client]:
        """A browser where somebody with these roles has just signed in."""
        self.account(name, *roles)
        with self.client(Accept="text/html") as client:
            answer = client.post("/account/sign-in", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield client

    def sign_in(self, client: httpx.Client, **body: Any) -> str:
        """Signs in with location offers on the page, and returns the shopper's id."""
        consents = [{"purpose": "location_offers", "channel": "page", "granted": True}]
        answer = client.post("/v1/sessions", json={"store": self.plan.store, "consents": consents, **body})
        assert answer.status_code == 201, answer.text
        shopper_id = answer.json()["shopper_id"]
        assert isinstance(shopper_id, str)
        return shopper_id

    def redirect(self, mac: str = MAC, at: float | None = None) -> dict[str, str]:
        """What the store's controller puts into the address that it sends a phone to, signed just now."""
        t = int(time.time() if at is None else at)
        secret = portal_secrets(SECRETS, [self.plan.store], {}).of(self.plan.store)
        signature = sign_redirect(secret, self.plan.store, mac, t)
        return {"client_mac": mac, "portal_t": str(t), "portal_sig": signature}

    def form(self, client: httpx.Client, query: dict[str, str] | None = None, path: str = "") -> dict[str, str]:
        """Opens the sign-in page and returns the hidden fields of its form."""
        page = client.get(path or f"/w/{self.plan.store}", params=query).text
        return dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page))

    def issue(self, shopper_id: str, now: float, campaign_id: str = "tea-20", visit: str = "visit-1") -> str:
        """A voucher as the engine issues it, and its id."""
        name = hashlib.sha256(f"{shopper_id}|{campaign_id}|{visit}".encode()).hexdigest()[:16]
        trigger = Trigger(name, campaign_id, DeviceId(77), visit, now - 9.0, now, 0.91, now - 0.5)
        asked = Candidate(name, trigger, shopper_id, self.plan.store, "EUR", Channel.PAGE, 24.0, 99, 50)
        said = claim(self.db, [asked], Limits(9, 9, 9), SECRETS.site_key, now)
        assert said.vouchers, said.decisions[0].reason
        return said.vouchers[0].voucher_id

    def issue_shown(self, shopper_id: str, campaign_id: str = "tea-20") -> str:
        """One that a page has shown, so that it lasts its hours: a message that nobody saw ends after two minutes, and
        a test on a busy machine takes longer."""
        now = time.time()
        voucher = self.issue(shopper_id, now, campaign_id)
        [row] = pending_for(self.db, shopper_id, Channel.PAGE, now)
        assert acknowledge(self.db, row.delivery.delivery_id, shopper_id, now)
        return voucher


@cache
def _kept(password: str) -> str:
    """Hashed once in a process: that is made to cost time."""
    return hash_password(password)


def eventually(true: Callable[[], object], within_s: float = 60.0) -> None:
    """Waits until `true()` holds; fails when it does not in time."""
    until(lambda: bool(true()), within_s, every_s=0.02)


def code_of(voucher_id: str) -> str:
    """What the phone shows."""
    return voucher_code(SECRETS.site_key, voucher_id)


def basket(**line: Any) -> dict[str, Any]:
    """One packet of tea."""
    return {"currency": "EUR", "lines": [{"sku": "tea-1", "quantity": 1, "unit_price_minor": 499, **line}]}
