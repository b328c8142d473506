"""`kill -9` of the engine in mid-run, again and again: no reading, visit or voucher is lost, and none comes twice."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from engine.config import Config
from engine.ingest.decoders.native import NativeDecoder
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.offers.campaigns import load_campaigns
from engine.plan.model import Plan
from engine.privacy.consent import ConsentChoice
from engine.privacy.pseudonyms import Pseudonyms
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import Database, open_database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, sign_in
from engine.storage.presence.heatmaps import visits_of, zone_flows, zone_hours
from engine.storage.status import get_status
from engine.storage.vouchers.campaigns import seed_campaigns
from engine.storage.vouchers.vouchers import vouchers_of
from tests.brokers import Mosquitto
from tests.engine.runtime.made import FLOORPLANS, boutique, frames, payload, stands
from tests.sites import SITE_KEY, Site, until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
KILLS = 10
RUN_S = 75.0
LONG_AWAY_S = 12.0  # longer than the silence after which an idle store's clock moves on by itself
PRESENCE = {"silent_s": 20.0}  # visits end by silence within the test, not after the default two minutes
CONFIG = Config.model_validate({"presence": PRESENCE, "privacy": {"k": 1, "demo": True}})
CAMPAIGN_FILE = FLOORPLANS / "boutique" / "campaigns.yaml"


def _sign_everyone_in(db: Database, macs: list[str], at: float) -> dict[str, str]:
    """Shopper ids by MAC. `at` is before the run: what a phone did before its profile was made is not the profile's."""
    stable = Pseudonyms(SITE_KEY.encode()).stable
    consents = [ConsentChoice("location_offers", "page", granted=True)]
    out = {}
    for mac in macs:
        phone = PhoneClaim(stable(mac), redirect=f"signed for {mac}", redirect_until=at + 3600.0)
        request = SignIn("boutique", phone, None, None, None, "fr", consents, "2026-01", at)
        out[mac] = sign_in(db, request).shopper_id
    return out


class Outcome:
    """What a run left in the database, in terms that do not depend on the run."""

    def __init__(self, db: Database, shoppers: dict[str, str]) -> None:
        everything = {"from_t": 0.0, "to_t": 4e9}
        self.vouchers = Counter(
            (mac, v.voucher.campaign_id) for mac, who in shoppers.items() for v in vouchers_of(db, who)
        )
        self.visits = Counter(
            (mac, v.zone, round(v.started_at, 3), round(v.dwell_s, 3))
            for mac, who in shoppers.items()
            for v in visits_of(db, who)
        )
        self.zone_visits = {(z.hour_start, z.zone): z.visits for z in zone_hours(db, "boutique", **everything)}
        self.flows = {(f.hour_start, f.from_zone, f.to_zone): f.count for f in zone_flows(db, "boutique", **everything)}
        self.person_s = sum(h.person_s for h in heat_rows(db, "boutique", **everything))
        self.fixes = sum(h.fixes for h in heat_rows(db, "boutique", **everything))


def _undisturbed(folder: Path, plan: Plan, sent: list[tuple[float, bytes]], macs: list[str]) -> tuple[Outcome, int]:
    """The same frames through the same engine in one go, without broker or crash; and how many readings there were."""
    db = open_database(f"sqlite:///{folder / 'undisturbed.db'}")
    try:
        seed_campaigns(db, "boutique", load_campaigns(CAMPAIGN_FILE, plan))
        shoppers = _sign_everyone_in(db, macs, sent[0][0] - 60.0)
        runner = StoreRunner(plan, CONFIG, db, SITE_KEY.encode())
        runner.recover(sent[0][0])
        pseudonyms = Pseudonyms(SITE_KEY.encode(), sent[0][0])
        pseudonyms.refresh(runner.linked_devices())
        decoder = NativeDecoder({"boutique": plan.ap_index}, pseudonyms)
        for at, body in sent:
            frame = decoder.decode("rayon/boutique/readings/c1", body, at)
            runner.decide(runner.advance([frame], at), at)
        end = sent[-1][0]
        for late_s in (5.0, 30.0, 300.0):
            runner.decide(runner.advance([], end + late_s), end + late_s)
        runner.checkpoint(end + 300.0)
        return Outcome(db, shoppers), runner.figures()["counts"]["readings"]
    finally:
        db.close()


def test_ten_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    plan, chance = boutique(), random.Random(20)
    standing = stands(plan, 16, RUN_S)
    macs = sorted({s.mac for s in standing})
    site = Site(tmp_path, mosquitto.port, FLOORPLANS, ["boutique"], presence=PRESENCE, storage={"checkpoint_s": 3.0})
    db = open_database(site.database_url)
    seed_campaigns(db, "boutique", load_campaigns(CAMPAIGN_FILE, plan))
    shoppers = _sign_everyone_in(db, macs, time.time() - 60.0)
    site.start("engine")
    publisher = Publisher(Broker.from_url(mosquitto.url))
    sent: list[tuple[float, bytes]] = []
    try:
        site.wait_connected()
        publisher.start()
        origin = time.time()

        def publish() -> None:
            for at_s, readings in frames(plan, standing, RUN_S):
                time.sleep(max(0.0, origin + at_s - time.time()))
                body = payload(at_s, readings, origin)
                sent.append((origin + at_s, body))
                publisher.publish("rayon/boutique/readings/c1", body)

        shop = threading.Thread(target=publish)
        shop.start()
        for kill in range(KILLS):
            time.sleep(chance.uniform(0.5, 5.0))
            site.kill()
            time.sleep(LONG_AWAY_S if kill == KILLS // 2 else chance.uniform(0.0, 1.5))
            site.start("engine")
        shop.join()
        publisher.close(60)
        expected, n_readings = _undisturbed(tmp_path, plan, sent, macs)

        def used() -> int:
            values = {s.store: s.values for s in get_status(db) if s.component == "engine"}
            return int(values.get("boutique", {}).get("counts", {}).get("readings_used", 0))

        until(lambda: used() >= n_readings, 90, lambda: f"{used()} of {n_readings}\n{site.log[-3000:]}")
        until(
            lambda: sum(Outcome(db, shoppers).zone_visits.values()) >= sum(expected.zone_visits.values()),
            90,
            lambda: f"{Outcome(db, shoppers).zone_visits}\n{expected.zone_visits}",
        )
    finally:
        status = site.stop()
    assert status == 0, site.log[-3000:]
    result = Outcome(db, shoppers)
    db.close()

    assert used_exactly(site, n_readings)
    assert expected.vouchers, "the run must issue vouchers for this test to mean anything"
    assert result.vouchers == expected.vouchers
    assert result.visits == expected.visits
    assert result.zone_visits == expected.zone_visits
    assert sum(expected.flows.values()) >= 2 * len(macs), "everybody comes in and leaves"
    assert result.flows == expected.flows
    # Traces of a posterior wait in the engine's state until they add up: a per cent is not in the table yet.
    assert result.fixes == pytest.approx(expected.fixes, rel=0.02)
    assert result.person_s == pytest.approx(expected.person_s, rel=0.02)


def used_exactly(site: Site, n: int) -> bool:
    """Every reading once, none late, none twice."""
    db = open_database(site.database_url)
    try:
        values = next(s.values for s in get_status(db) if s.store == "boutique" and s.component == "engine")
    finally:
        db.close()
    return values["counts"]["readings_used"] == n and values["late"] == 0
