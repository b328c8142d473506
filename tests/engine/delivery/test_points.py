"""The running site's jobs bring what shops tell to the ledger, by the rules of its config and its plans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.config import Config
from engine.delivery.outboxes import programme_jobs
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.plan.load import load_plan
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.loyalty.ledger import balance
from tests.engine.storage.programme.told import has_card, receipt
from tests.engine.storage.scenes import NOW, shopper

PLAN = load_plan(Path("floorplans/boutique"))


def test_jobs_of_a_site_earn_by_its_rules(db: Database) -> None:
    product = PLAN.products[0]
    rule = {"points": 2, "per_minor": 100, "currency": "EUR", "categories": [product.category]}
    config = Config.model_validate({"loyalty": {"earn": [rule]}})
    who = shopper(db)
    has_card(db, who.shopper_id)
    bought = receipt("r", 5_000)
    line = replace(bought.lines[0], sku=product.sku)
    told = replace(bought, store=PLAN.store, lines=(line,))
    keep_events(db, [told], NOW)
    jobs = programme_jobs(db, config, {PLAN.store: PLAN})
    assert {name: job(NOW) for name, job in jobs.items()} == {
        "accounts of shops looked at": 1,
        "segments worked out": 0,
        "events of shops looked at": 1,
        "points from elsewhere looked at": 0,
        "visits that earned": 0,
    }
    assert balance(db, PROGRAMME, who.member_id) == Balance(100, 0)
