"""A visit under way when a profile is erased and a new one signs in on the same phone.

What happened: the visit was kept with the new profile from its beginning, so that the new profile's export told where
the phone had been while it was the old one's. Input: a phone stands in the shop for 80 s; after 40 s its profile is
erased and another is made. Right: the new profile has no visit that begins before it was made, and keeps its own part.
"""

from __future__ import annotations

from pathlib import Path

from engine.config import Config
from engine.ingest.decoders.native import NativeDecoder
from engine.privacy.consent import ConsentChoice
from engine.privacy.pseudonyms import Pseudonyms
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import Database, open_database
from engine.storage.erasure import erase_shopper
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, sign_in
from engine.storage.presence.heatmaps import visits_of
from tests.databases import new_sqlite
from tests.engine.runtime.made import Stand, boutique, frames, payload

KEY = b"a site key of more than sixteen bytes"
MAC = "02:00:00:00:01:00"
NOW = 1_800_000_000.0
CHANGES_AT = NOW + 40.0


def _sign_in(db: Database, at: float) -> str:
    yes = [ConsentChoice("location_offers", "page", granted=True)]
    phone = PhoneClaim(Pseudonyms(KEY).stable(MAC), redirect=f"signed at {at}", redirect_until=at + 60.0)
    return sign_in(db, SignIn("boutique", phone, None, None, None, "fr", yes, "2026-11", at)).shopper_id


def test_the_new_profile_keeps_only_its_own_part(tmp_path: Path) -> None:
    plan = boutique()
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    runner = StoreRunner(plan, Config.model_validate({"presence": {"silent_s": 20.0}}), db, KEY)
    pseudonyms = Pseudonyms(KEY, NOW)
    decoder = NativeDecoder({"boutique": plan.ap_index}, pseudonyms)
    first, second = _sign_in(db, NOW - 5.0), ""
    runner.recover(NOW)
    pseudonyms.refresh(runner.linked_devices())
    for sent_s, readings in frames(plan, [Stand(MAC, plan.products[0].sku, 0.0, 80.0)], 80.0):
        at = NOW + sent_s
        if not second and at >= CHANGES_AT:
            erase_shopper(db, first, at)
            second = _sign_in(db, at)
            runner.refresh()
        runner.advance([decoder.decode("rayon/boutique/readings/c1", payload(sent_s, readings, NOW), at)], at)
    for late_s in (5.0, 30.0, 300.0):
        runner.advance([], NOW + 80.0 + late_s)
    runner.checkpoint(NOW + 400.0)
    kept = visits_of(db, second)
    assert kept
    for visit in kept:
        assert CHANGES_AT <= visit.started_at < visit.ended_at
        assert visit.dwell_s == visit.ended_at - visit.started_at
    assert visits_of(db, first) == []
    db.close()
