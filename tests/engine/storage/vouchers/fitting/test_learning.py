"""A store learns of its own coupons which product fits whom, of who agreed, and decides by it where campaigns meet."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from engine.commerce.records import Customer, OrderLine, ProductView, Purchase
from engine.offers.audience import LinkedShopper
from engine.offers.decide import DecisionRules, campaign_book, decide
from engine.offers.next_best.model import NextBest, SentOffer, learn
from engine.offers.next_best.moments import KnownShopper
from engine.privacy.consent import ConsentChoice
from engine.records import DeviceId, Trigger
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.vouchers.campaigns import campaigns_version
from engine.storage.vouchers.fitting import learning
from engine.storage.vouchers.fitting.learning import fits_of, goods_of_plan, learn_store, model_of, read_known
from engine.vocabulary import OfferReason, SalesChannel
from tests.engine.offers.plans import PLAN, campaign
from tests.engine.storage.scenes import NOW, PAGE, STORE, shopper

CRM = ConsentChoice("crm", "any", True)
DAY_S = 86_400.0
GOODS = goods_of_plan(PLAN)


def customer(db: Database, *consents: ConsentChoice) -> str:
    """Somebody who bought soap twenty days ago and looked at a book, signed in at the e-shop."""
    who = shopper(db, consents=consents).shopper_id
    with db.write() as session:
        for kind, digest in (("email", who), ("account", f"account of {who}")):
            session.add(IdentifierTable(kind=kind, digest=digest, shopper_id=who, sealed="", verified_at=NOW))
    named, at = Customer(email=who), NOW - 20 * DAY_S
    line = (OrderLine("1", "SOAP", 1_000, 500),)
    sold = Purchase("web", who, 1, at, SalesChannel.WEB, "EUR", 500, line, named)
    keep_events(db, [sold, ProductView("web", who, 1, at, "BOOK", Customer(account=f"account of {who}"))], NOW)
    return who


def known(db: Database, who: str) -> KnownShopper:
    with db.read() as session:
        return read_known(session, who, NOW, {})


@cache
def model() -> NextBest:
    """Of soap for who bought soap, and of apples for nobody."""
    rng = np.random.default_rng(3)
    washes, sent = KnownShopper([("SOAP", NOW - 20 * DAY_S)]), []
    for i in range(800):
        who, sku = (washes, KnownShopper())[i % 2], ("SOAP", "APPLE")[int(rng.integers(2))]
        used = rng.random() < (0.7 if sku == "SOAP" and i % 2 == 0 else 0.1)
        sent.append(SentOffer(who, sku, NOW, bool(used)))
    return learn(GOODS, [washes.bought] * 20, sent)


def test_only_of_who_agreed_is_looked_at_what_they_bought_and_viewed(db: Database) -> None:
    agreed, silent = customer(db, PAGE, CRM), customer(db, PAGE)
    assert known(db, agreed) == KnownShopper([("SOAP", NOW - 20 * DAY_S)], [("BOOK", NOW - 20 * DAY_S)])
    assert known(db, silent) == KnownShopper()
    assert known(db, "erased") == KnownShopper()
    fits = fits_of(db, model(), {who: ["SOAP", "APPLE"] for who in (agreed, silent)}, {}, NOW)
    assert fits[agreed, "SOAP"].reason is OfferReason.BOUGHT_IT
    assert fits[silent, "SOAP"].because is None
    assert fits[agreed, "SOAP"].probability > 2 * fits[silent, "SOAP"].probability


def test_where_campaigns_meet_the_one_that_fits_wins_and_says_why() -> None:
    """Both state the same chance: without a model the id decides, with it what the shopper bought."""
    spec: dict[str, Any] = {"place": {"store": True}, "min_probability": 0.5}
    offers = {sku: {"kind": "percent", "applies_to": "product", "sku": sku, "basis_points": 1000} for sku in GOODS.skus}
    both = [campaign("a", offer=offers["APPLE"], **spec), campaign("b", offer=offers["SOAP"], **spec)]
    who = LinkedShopper("her", frozenset({("location_offers", "page")}))  # type: ignore[arg-type]
    triggers = [Trigger(f"t{c.id}", c.id, DeviceId(1), "v", NOW - 9, NOW, 0.9, NOW) for c in both]
    book, washes = campaign_book(both, PLAN), KnownShopper([("SOAP", NOW - 20 * DAY_S)])
    plain = decide(triggers, book, {1: who}, NOW).events[0]
    assert [c.trigger.campaign_id for c in plain] == ["a", "b"]
    fits = {("her", r.sku): r for r in model().rank(washes, ["SOAP", "APPLE"], {}, NOW)}
    judged = decide(triggers, book, {1: who}, NOW, DecisionRules(fits=fits)).events[0]
    assert [c.trigger.campaign_id for c in judged] == ["b", "a"]
    assert judged[0].fit == ("bought_it", "SOAP")


def test_a_store_learns_of_its_own_coupons_once_a_night_and_its_engine_hears_of_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "LEAST_SENT", 40)
    monkeypatch.setattr(learning, "LEAST_USED", 5)
    people = [customer(db, PAGE, CRM) for _ in range(4)]
    rows = []
    for i in range(48):
        sku = ("SOAP", "APPLE")[i % 2]
        rows.append(
            VoucherTable(
                voucher_id=f"v{i}",
                store=STORE,
                campaign_id="c",
                shopper_id=people[i % 4],
                visit_id=f"v{i}",
                decision_id=f"d{i}",
                code_hmac=f"h{i}",
                state="expired",
                issued_at=NOW - 9_000,
                expires_at=NOW - 900,
                holds_slot=True,
                reserved_minor=0,
                worth_minor=1,
                currency="EUR",
                uses=int(sku == "SOAP"),
                offer=json.dumps({"sku": sku}),
                texts="{}",
            )
        )
    assert (learn_store(db, PLAN, NOW), model_of(db, STORE)) == (False, None), "too little"
    with db.write() as session:
        session.add_all(rows)
    before = campaigns_version(db, STORE)
    assert [learn_store(db, PLAN, NOW), learn_store(db, PLAN, NOW + 60)] == [True, False]
    assert campaigns_version(db, STORE) > before
    learnt = model_of(db, STORE)
    assert learnt is not None
    assert learnt.messages == 48
    best, *_ = learnt.rank(known(db, people[0]), ["SOAP", "APPLE"], {"SOAP": 1.0, "APPLE": 1.0}, NOW)
    assert best.sku == "SOAP"
