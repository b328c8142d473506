"""A site in which every page of the console has something to show: three stores, people, campaigns, coupons, sources.

The supermarket has many days of a busy store, the boutique a fortnight on two levels, and the corner shop, which is in
another currency and half an hour off, nothing yet.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from api.accounts.invitations import link_digest
from api.cli.bench.month import fill_days
from api.server import ApiServer, run_api
from engine.commerce.records import Customer, Order, OrderLine
from engine.config import Config
from engine.offers.campaigns import load_campaigns
from engine.offers.caps import Limits
from engine.offers.codes import voucher_code
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.presence.expected.rows import PRODUCT, TILL, ExpectedRow, StayLength
from engine.presence.local_hours import hours_in
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.invitations import make_link
from engine.storage.accounts.people import make_account
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.figures.keeping import keep_days
from engine.storage.journal import save_checkpoint
from engine.storage.status import ENGINE, EVERY_STORE, put_status
from engine.storage.vouchers.campaigns import seed_campaigns
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel, OrderState, Role
from tests.api.health.test_cluster import small_cluster
from tests.api.health.test_sources import QUIET
from tests.api.managers.site import FLOORPLANS, busy_now, counts, fill_decisions, flows, hours_before
from tests.api.site import SECRETS, Site, small_plan
from tests.databases import new_sqlite

BUSY, LEVELLED, EMPTY = "supermarket", "boutique", "corner"
BOUTIQUE_DAYS = 14
INVITED = "a-link-that-nobody-has-used-yet"
HQ_CAMPAIGN = "rentree"
PHONES = 24
DAY_S = 86_400.0


@dataclass
class Seeded:
    """A running site, the account that a page is about, and the stores' plans."""

    site: Site
    plans: dict[str, Plan]
    person: str
    campaign: str

    @property
    def url(self) -> str:
        """Where its pages are."""
        return self.site.url


def plans() -> dict[str, Plan]:
    """The three stores."""
    corner = replace(small_plan(EMPTY), timezone="Asia/Kathmandu", currency="CHF", name="Épicerie de Katmandou")
    return {BUSY: load_plan(FLOORPLANS / BUSY), LEVELLED: load_plan(FLOORPLANS / LEVELLED), EMPTY: corner}


@contextmanager
def seeded(days: int) -> Iterator[Seeded]:
    """The site while it runs, with so many days of the supermarket up to yesterday."""
    with tempfile.TemporaryDirectory(prefix="rayon-console-") as name:
        db = open_database(new_sqlite(Path(name) / "rayon.db"))
        found, config = plans(), _config(Path(name))
        _counts(db, found, days, time.time())
        for store in (BUSY, LEVELLED):
            campaigns = load_campaigns(FLOORPLANS / store / "campaigns.yaml", found[store])
            seed_campaigns(db, store, campaigns, time.time() - 30 * DAY_S)
        server = run_api(config, db, SECRETS, found, start_delivery=False, start_pages=True).start()
        try:
            yield _peopled(config, db, found, server)
        finally:
            server.stop()
            db.close()


def _config(folder: Path) -> Config:
    return Config.model_validate(
        {
            "api": {"port": 0},
            "storage": {"data_dir": str(folder / "data")},
            "privacy": {"asked": ["location_offers:page", "pickup:any", "clerk:any"]},
            "offers": {"four_eyes_above_minor": 100_000},
        }
    )


def _counts(db: Database, plans: dict[str, Plan], days: int, now: float) -> None:
    """What engines left: whole days, and of the busy ones the last hours."""
    rng = np.random.default_rng(8)
    for store, n in ((BUSY, days), (LEVELLED, min(days, BOUTIQUE_DAYS))):
        plan = plans[store]
        today = dt.datetime.fromtimestamp(now, ZoneInfo(plan.timezone)).date()
        past = [today - dt.timedelta(days=i) for i in range(n, 0, -1)]
        fill_days(db, plan, past)
        rows = [row for day in past for row in _of_goods(plan, day, rng)]
        save_checkpoint(db, store, days, b"", [], [], [], now, expected=rows)
        keep_days(db, store, hours_in(plan.timezone), now)  # as housekeeping does every hour
        heat, zone_hours = counts(plan, hours_before(now, 6), rng, busy_now(now))
        save_checkpoint(db, store, days + 1, b"", heat, zone_hours, [], now, flows=flows(plan, zone_hours))
        put_status(
            db, store, ENGINE, {"devices": 41, "clock_offsets_s": {"wlc": 0.4}, "points": _points(plan, now)}, now
        )
        fill_decisions(db, store, now, rng)
    sources = {
        "wlc": {"heard_at": now - 1, "newest_t": now - 2, "messages": 9e4, "readings": 8e5, "rate_per_min": 540.0},
        "esp-réserve": {"heard_at": now - 900, "messages": 12, "readings": 60},
        "cloud": {"heard_at": now - 1, "readings": 50, "refused": {"bad_rssi": 60, "unknown_ap": 4}},
        "spare": {},
    }
    said: dict[str, Any] = {name: QUIET | {"stores": [BUSY]} | figures for name, figures in sources.items()}
    told = {"sources": said, "unknown_aps": {BUSY: ["00:00:5e:00:53:ff"]}}
    put_status(db, EVERY_STORE, ENGINE, told, now)


def _of_goods(plan: Plan, day: dt.date, rng: np.random.Generator) -> Iterator[ExpectedRow]:
    """A day's stops at products, waiting at tills, and stays by their length."""
    zone = ZoneInfo(plan.timezone)

    def row(hour: int, name: str, n: float, each_s: float) -> ExpectedRow:
        t = dt.datetime.combine(day, dt.time(hour), zone).timestamp()
        return ExpectedRow(t, name, n * each_s, n, n * each_s, 0.0, 0.1 * n, n, 0.1, n, n * each_s**2, n * each_s)

    for product in plan.products:
        yield row(0, f"{PRODUCT}{product.sku}", float(rng.poisson(60)), 20.0)
    tills = [opening.id for opening in plan.openings if opening.category == "checkout"]
    for hour in range(9, 20):
        yield from (row(hour, f"{TILL}{till}", float(rng.poisson(25)), 90.0) for till in tills)
        kinds = zip(StayLength, (8, 20, 30, 25), (20.0, 150.0, 600.0, 1500.0), strict=True)
        yield from (row(hour, kind.value, float(rng.poisson(n)), each) for kind, n, each in kinds)


def _points(plan: Plan, now: float) -> dict[str, list[float]]:
    """The second access point is silent."""
    n = len(plan.access_points)
    return {"heard_at": [now - (900.0 if i == 1 else 1.0) for i in range(n)], "per_min": [540.0] * n}


def _peopled(config: Config, db: Database, plans: dict[str, Plan], server: ApiServer) -> Seeded:
    """Accounts, coupons that were shown and used, a campaign of HQ, an order at the desk, and a cluster that is not
    well."""
    site, now = Site(config, db, plans[BUSY], server), time.time()
    site.account("ana", (Role.ADMIN, "*"))
    zoe = site.account("Zoé de la Boutique-aux-très-longs-Noms", (Role.MANAGER, BUSY), (Role.TILL_ADMIN, BUSY))
    site.account("nils", (Role.HQ, EMPTY))
    with db.write() as session:
        new = make_account(session, COMMAND, "Ingrid", "ingrid@example.org", [(Role.VIEWER, LEVELLED)], now)
        make_link(session, COMMAND, new.account_id, link_digest(INVITED), now)
    campaign = load_campaigns(FLOORPLANS / BUSY / "campaigns.yaml", plans[BUSY])[0]
    _sell(site, campaign.id, campaign.place.product or "", now)
    lines = (OrderLine("1", plans[BUSY].products[0].sku, 2_000, 998),)
    order = Order("web", "10042", 1, now - 60, OrderState.READY, "EUR", 998, lines, Customer(email="d" * 64), BUSY)
    keep_events(db, [order], now)
    small_cluster(site)
    return Seeded(site, plans, zoe.account_id, campaign.id)


def _sell(site: Site, campaign_id: str, sku: str, now: float) -> None:
    """Coupons of one campaign over three weeks, the newest used at a till; and what HQ gives to two stores."""
    price = next(p.price_minor for p in site.plan.products if p.sku == sku)
    basket = {"currency": "EUR", "lines": [{"sku": sku, "quantity": 1, "unit_price_minor": price}]}
    for n in range(PHONES):
        with site.client() as phone:
            who, at, name = site.sign_in(phone), now - (n - 4 if n > 4 else n / 10) * 0.9 * DAY_S, f"{n:016x}"
        trigger = Trigger(name, campaign_id, DeviceId(77 + n), f"visit-{n}", at - 9.0, at, 0.91, at - 0.5)
        asked = Candidate(name, trigger, who, BUSY, "EUR", Channel.PAGE, 24.0, 99, 50)
        for voucher in claim(site.db, [asked], Limits(9, 9, 9), SECRETS.site_key, at).vouchers if n else ():
            _use(site, {"code": voucher_code(SECRETS.site_key, voucher.voucher_id), "basket": basket}, name, now - at)
    texts = {
        "fr": {"title": "Rentrée", "text": "-10 % en caisse."},
        "en": {"title": "Back to school", "text": "10% off."},
    }
    offer = {"kind": "percent", "applies_to": "basket", "basis_points": 1000, "max_discount_minor": 500}
    own = {"name": "Rentrée", "place": {"store": True}, "offer": offer, "margin_minor": 100, "redeem_probability": 0.2}
    given = {
        "stores": [BUSY, LEVELLED],
        "may_change": {"offer.basis_points": {"from": 500, "to": 1500}, "texts": True},
        "budget": {"max_vouchers": 2000},
        "campaign": own | {"texts": texts},
    }
    with site.manager() as manager:
        path = f"/v1/hq/campaigns/{HQ_CAMPAIGN}"
        manager.put(path, json=given, headers={"Idempotency-Key": "hq"}).raise_for_status()


def _use(site: Site, sale: dict[str, Any], key: str, age_s: float) -> None:
    """At a till, where the coupon still holds."""
    if age_s < 7_000:
        with site.till() as till:
            asked = sale | {"store": BUSY, "till": "1"}
            till.post("/v1/till/redeem", json=asked, headers={"Idempotency-Key": key}).raise_for_status()
