"""Simulated phones against the real HTTP side and a real database; only the engine's decisions are the test's."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from api.server import ApiServer, run_api
from engine.config import Config
from engine.offers.campaigns import Campaign, load_campaigns
from engine.offers.caps import Limits
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.privacy.proofs import portal_secrets
from engine.privacy.secrets import Secrets
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.database import Database, open_database
from engine.storage.people.shoppers import linked_devices
from engine.storage.vouchers.campaigns import seed_campaigns
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.vouchers import counts
from engine.vocabulary import Channel
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.run import run_live
from simulators.world import World
from tests.clocks import HeldClock
from tests.databases import new_sqlite
from tests.simulators.live.lasting import LONGEST_S, Enough, happened, phones_until
from tests.simulators.made import scenario

STORE = "supermarket"
SECRETS = Secrets(b"s" * 32, "manager-key-for-tests", "till-key-for-tests")
PORTAL = portal_secrets(SECRETS, [STORE], {}).by_store[STORE]


class Discard:
    """A broker that takes everything."""

    def publish(self, topic: str, payload: bytes, timeout_s: float | None = None) -> None:
        assert topic.startswith(f"rayon/{STORE}/")
        assert payload


class Site:
    """The HTTP side on a free port, and a thread that gives every signed-in shopper the first campaign's coupon."""

    def __init__(self, folder: Path, offers: dict[str, Any] | None = None) -> None:
        stores = Path(str(files("floorplans")))
        self.plan: Plan = load_plan(stores / STORE)
        self.campaign: Campaign = load_campaigns(stores / STORE / "campaigns.yaml", self.plan)[0]
        self.db: Database = open_database(new_sqlite(folder / "rayon.db"))
        seed_campaigns(self.db, STORE, [self.campaign], time.time())
        self.config = Config.model_validate(
            {"api": {"port": 0}, "storage": {"data_dir": folder}, "offers": offers or {}}
        )
        self.server: ApiServer = run_api(self.config, self.db, SECRETS, {STORE: self.plan}).start()
        self.issued: dict[str, float] = {}
        self._ending = threading.Event()
        self._issuer = threading.Thread(target=self._issue)
        self._issuer.start()

    def close(self) -> None:
        self._ending.set()
        self._issuer.join(60)
        self.server.stop()
        self.db.close()

    def _issue(self) -> None:
        while not self._ending.wait(0.1):
            for device, shopper in linked_devices(self.db, STORE).items():
                if shopper.shopper_id not in self.issued:
                    self.issued[shopper.shopper_id] = time.time()
                    claim(
                        self.db, [self._candidate(device, shopper.shopper_id)], Limits(1, 3, 8), b"s" * 32, time.time()
                    )

    def _candidate(self, device: int, shopper_id: str) -> Candidate:
        now = time.time()
        visit = f"visit-{device:x}"
        trigger = Trigger(f"t{device:x}", self.campaign.id, DeviceId(device), visit, now - 5, now, 0.9, now - 0.25)
        return Candidate(f"d{device:x}", trigger, shopper_id, STORE, "EUR", Channel.PAGE, 24.0, 50, 50)


@pytest.fixture
def site(tmp_path: Path, rate_clock: HeldClock) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def run(site: Site, enough: Enough, least_s: float, till_key: str | None = SECRETS.till_key, **phones: Any) -> Tally:
    """A run until `enough` has happened, and at least so long."""
    wants = {"connected_share": 1.0, "sign_in_share": 1.0, "redeem_when": "soon", "haste": 8.0, **phones}
    dwell = {"median_s": 2 * LONGEST_S, "sigma_log": 0.1}
    people = {"arrivals_per_hour": 0, "start_inside": 8, "dwell": dwell}
    world = World(scenario(store=STORE, people=people, phones=wants), site.plan, LONGEST_S)

    def live(w: World, clock: LiveClock, tally: Tally) -> Awaitable[None]:
        return phones_until(enough, w, site.server.url, till_key, clock, tally, PORTAL, least_s=least_s)

    return asyncio.run(run_live(world, Discard(), phones=live))


def test_phones_sign_in_receive_redeem_and_share(site: Site) -> None:
    everybody: dict[str, Any] = {
        "consent_share": 1.0,
        "redeem_share": 1.0,
        "share_share": 1.0,
        "friend_open_share": 1.0,
    }
    enough = happened(redeemed=8, shares=8, friend_opens=8, preview_bot_opens=8, acknowledged=8, seen=8)
    tally = run(site, enough, 4.0, **everybody, preview_bot_share=1.0)
    assert dict(tally.errors) == {}
    assert tally.sign_in_pages == tally.signed_in == tally.streams_opened == 8
    assert tally.streams_open == 0
    assert tally.vouchers_received == tally.acknowledged == tally.seen == len(site.issued) == 8
    assert tally.redeemed == tally.shares == tally.friend_opens == tally.preview_bot_opens == 8
    assert len(tally.latencies_s) == 8
    assert min(tally.latencies_s) > 0.25
    stored = counts(site.db, STORE)
    assert stored["vouchers_redeemed"] == 8
    assert stored["shares"] == 8
    # every friend is another person: each brings its points, the bots bring none
    assert stored["points"] == 8 * 50


def test_phones_without_consent_get_nothing_and_ask_for_nothing(site: Site) -> None:
    tally = run(site, happened(signed_in_without_consent=8), 2.5, consent_share=0.0)
    assert dict(tally.errors) == {}
    assert (tally.sign_in_pages, tally.signed_in_without_consent, tally.signed_in) == (8, 8, 0)
    assert tally.streams_opened == tally.vouchers_received == len(site.issued) == 0


def test_without_a_till_key_nobody_redeems(site: Site) -> None:
    tally = run(site, happened(acknowledged=8), 7.0, None, consent_share=1.0, redeem_share=1.0, share_share=0.0)
    assert tally.acknowledged == 8
    assert tally.redeemed == 0
    assert dict(tally.errors) == {}


def test_a_wrong_till_key_is_counted_and_harms_nothing_else(site: Site) -> None:

    def refused(tally: Tally) -> bool:
        return tally.acknowledged == sum(tally.errors.values()) == 8

    key = "not-the-key-of-this-site"
    tally = run(site, refused, 4.0, key, consent_share=1.0, redeem_share=1.0, share_share=0.0)
    assert tally.acknowledged == 8
    assert tally.redeemed == 0
    assert dict(tally.errors) == {"redeem 401 unauthorized": 8}
