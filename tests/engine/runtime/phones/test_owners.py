"""Claims settled by a running engine: by a code beside which the phone stands, and over a real broker by a session."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from shapely.geometry import Point

from engine.config import Config
from engine.ingest.decoders.native import NativeDecoder
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.plan.model import Opening, Plan
from engine.privacy.consent import ConsentChoice
from engine.privacy.proofs import ADDRESS_KEY, address_digest
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.secrets import Secrets
from engine.runtime.phones.owners import PhoneOwners
from engine.runtime.process import EngineProcess
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import Database, open_database
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.phones import enter_code, phone_state
from engine.storage.people.shoppers import SignIn, linked_devices, sign_in
from tests.brokers import Mosquitto
from tests.databases import new_sqlite
from tests.engine.runtime.made import Stand, boutique, frames, payload
from tests.sites import until

SECRETS = Secrets(b"a site key of more than thirty-two bytes", "manager-key-", "till-key----")
MAC, NOW = "02:00:00:00:01:00", 1_800_000_000.0
HERS = Pseudonyms(SECRETS.site_key).stable(MAC)


def claims(db: Database, phone: PhoneClaim, at: float) -> str:
    yes = [ConsentChoice("location_offers", "page", granted=True)]
    return sign_in(db, SignIn("boutique", phone, None, None, None, "fr", yes, "1", at)).shopper_id


def with_screen(plan: Plan, sku: str) -> Plan:
    """The boutique with a screen where one faces this product."""
    product = plan.product_by_sku[sku]
    return replace(plan, openings=(Opening("screen", product.level, "checkout", Point(product.x_m, product.y_m)),))


@pytest.mark.parametrize(("screen_at", "state"), [(0, "bound"), (-1, "pending")])
def test_a_code_binds_the_phone_that_stands_beside_it(tmp_path: Path, screen_at: int, state: str) -> None:
    plan = boutique()
    here = plan.products[0]
    far = max(plan.products, key=lambda p: (p.level != here.level, abs(p.x_m - here.x_m) + abs(p.y_m - here.y_m)))
    plan = with_screen(plan, here.sku if screen_at == 0 else far.sku)
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    pseudonyms = Pseudonyms(SECRETS.site_key, NOW)
    decoder = NativeDecoder({"boutique": plan.ap_index}, pseudonyms)
    runner = StoreRunner(plan, Config(), db, SECRETS.site_key)
    owners = PhoneOwners(db, {"boutique": plan}, SECRETS, {"boutique": pseudonyms})
    who = claims(db, PhoneClaim(HERS), NOW)
    for sent_s, readings in frames(plan, [Stand(MAC, here.sku, 0.0, 40.0)], 40.0):
        at = NOW + sent_s
        if sent_s == 10.0:
            assert enter_code(db, "boutique", who, "screen", at)
        frame = decoder.decode("rayon/boutique/readings/c1", payload(sent_s, readings, NOW), at)
        owners.see("boutique", runner.advance([frame], at).fixes)
        owners.settle(["boutique"], at)
    assert phone_state(db, who, "boutique", NOW + 40.0) == state
    db.close()


def test_a_session_over_the_broker_binds_the_phone_that_has_the_address(tmp_path: Path, mosquitto: Mosquitto) -> None:
    config = Config.model_validate(
        {"mqtt": {"port": mosquitto.port, "client_id": "owners"}, "storage": {"data_dir": tmp_path}}
    )
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    process = EngineProcess(config, db, SECRETS, {"boutique": boutique()})
    thread = threading.Thread(target=process.run)
    thread.start()
    publisher = Publisher(Broker.from_url(mosquitto.url))
    try:
        assert process.ready.wait(60)
        assert process.subscriber.wait_connected(60)
        publisher.start(60)
        address = address_digest(SECRETS.derive_key(ADDRESS_KEY), "10.20.0.17")
        who = claims(db, PhoneClaim(HERS, address), time.time())
        said = {"mac": MAC, "event": "connect", "t": time.time(), "ip": "10.20.0.17"}
        publisher.publish("rayon/boutique/sessions/c1", json.dumps(said).encode())
        until(lambda: linked_devices(db, "boutique"), 60)
        assert linked_devices(db, "boutique")[HERS].shopper_id == who
        assert dict(process.unusable) == {}
    finally:
        publisher.close(60)
        process.stopping.set()
        thread.join(60)
        db.close()
