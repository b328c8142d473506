"""`POST /in/{source}` of shop systems: proved, kept once and whole, or held and counted."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from api.cli.sources.again import try_held
from api.ratelimits import WRONG_KEYS_PER_MINUTE
from api.times import rfc3339
from engine.commerce.records import Order, Purchase
from engine.config import Config
from engine.ingest.sources.shops import declare_shops
from engine.loyalty.earning import EarnTerms
from engine.privacy.customers import customer_digest, open_message
from engine.storage.commerce.events import find_event
from engine.storage.commerce.held import held_counts, held_messages
from engine.storage.programme.earning import Programme, earn_from_shops
from engine.vocabulary import OrderState, ShopEventKind
from tests.api.conftest import served
from tests.api.site import SECRETS, Site, small_plan
from tests.databases import new_sqlite
from tests.payloads.shops_recorded import recorded

OWN_SECRET = "whsec_" + base64.b64encode(b"a made-up key of 24 byte").decode()
SHOPIFY_SECRET, TILL_SECRET = "shpss_made-up", "the till shows this"
SOURCES = [
    {
        "name": name,
        "kind": kind,
        "stores": ["corner"],
        "receiver": True,
        "secret_env": variable,
        "options": {"currency": "EUR", "timezone": "Europe/Paris", "places": "3=corner"},
    }
    for name, kind, variable in (
        ("own", "shop", "T_OWN"),
        ("guessed", "shop", "T_OWN"),
        ("late", "shop", "T_OWN"),
        ("web", "shopify", "T_SHOPIFY"),
        ("woo", "woocommerce", "T_SHOPIFY"),
        ("till", "receipts-csv", "T_TILL"),
    )
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("shops")
    config = Config.model_validate({"api": {"port": 0}, "sources": SOURCES})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("T_OWN", OWN_SECRET), ("T_SHOPIFY", SHOPIFY_SECRET), ("T_TILL", TILL_SECRET)):
            patch.setenv(name, value)
        with served(new_sqlite(folder / "rayon.db"), config, small_plan()) as made:
            yield made


def purchase(name: str, **changes: Any) -> bytes:
    said = {
        "kind": "purchase", "id": name, "at": "2026-11-28T10:00:00Z", "channel": "store", "store": "corner",
        "currency": "EUR", "total_minor": 499, "customer": {"email": "Jeanne@example.com"},
        "lines": [{"id": "1", "sku": "tea-1", "quantity_milli": 1000, "amount_minor": 499}],
    }  # fmt: skip
    return json.dumps(said | changes).encode()


def own(body: bytes, name: str = "", at: float | None = None, secret: str = OWN_SECRET) -> dict[str, str]:
    at = time.time() if at is None else at
    name = name or hashlib.sha256(body).hexdigest()[:16]
    signature = Webhook(secret).sign(name, datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook-id": name, "webhook-timestamp": str(int(at)), "webhook-signature": signature}


def shopify(body: bytes, topic: str, delivery: str = "1") -> dict[str, str]:
    signature = base64.b64encode(hmac.new(SHOPIFY_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    return {"X-Shopify-Hmac-SHA256": signature, "X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": delivery}


def post(site: Site, source: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(f"{site.server.url}/in/{source}", content=body, headers=headers or {}, timeout=60, verify=False)


def kept(site: Site, source: str, kind: ShopEventKind, name: str) -> Any:
    with site.db.read() as session:
        return find_event(session, source, kind, name)


def test_a_purchase_is_kept_before_it_is_answered(site: Site) -> None:
    body = purchase("p1")
    assert post(site, "own", body, own(body)).status_code == 200
    found = kept(site, "own", ShopEventKind.PURCHASE, "p1")
    assert isinstance(found, Purchase)
    assert found.total_minor == 499
    assert found.customer.email == customer_digest(SECRETS)("own", "email", "jeanne@EXAMPLE.com")
    with site.db.read() as session:
        rows = session.connection().execute(text("SELECT * FROM shop_event")).all()
    assert "jeanne" not in str(rows).lower()


def test_the_same_delivery_is_answered_again_and_does_nothing(site: Site) -> None:
    body = purchase("p2")
    headers = own(body)
    assert [post(site, "own", body, headers).status_code for _ in range(3)] == [200, 200, 200]


def test_states_of_an_order_out_of_order(site: Site) -> None:
    order = json.loads(recorded("shopify", "order-paid").body)
    early = json.dumps(order | {"financial_status": "pending", "updated_at": "2026-11-28T10:30:00+01:00"}).encode()
    late = json.dumps(order | {"fulfillment_status": "fulfilled"}).encode()
    for k, body in enumerate((late, early, late)):
        assert post(site, "web", body, shopify(body, "orders/updated", str(k))).status_code == 200
    found = kept(site, "web", ShopEventKind.ORDER, str(order["id"]))
    assert isinstance(found, Order)
    assert found.state is OrderState.SENT


def test_a_compressed_table_of_receipts_with_the_tills_key(site: Site) -> None:
    body = gzip.compress(recorded("receipts-csv", "night").body)
    headers = {"Authorization": f"Bearer {TILL_SECRET}", "Content-Encoding": "gzip"}
    answer = post(site, "till", body, headers)
    assert (answer.status_code, answer.text) == (202, "held: unknown_currency"), "one of five receipts"
    assert kept(site, "till", ShopEventKind.PURCHASE, "T1-000123").store == "corner"
    assert kept(site, "till", ShopEventKind.PURCHASE, "T1-000126") is None
    assert held_counts(site.db)["till"] == {"unknown_currency": 1}


LINE_WITHOUT_SKU = json.dumps(
    {"kind": "return", "id": "r1", "at": "2026-11-28T10:00:00Z", "purchase_id": "p1", "currency": "EUR",
     "total_minor": 100, "lines": [{"id": "2", "amount_minor": 100}]}
).encode()  # fmt: skip


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (purchase("h1", currency="EURO"), "unknown_currency"),
        (purchase("h2", store="elsewhere"), "unknown_place"),
        (b"[[", "not_json"),
        (b'"sold"', "bad_shape (an event is an object with a `kind`)"),
        (LINE_WITHOUT_SKU, "bad_shape (Object missing required field `sku` - at `$.lines[0]`)"),
        (purchase("h3", colour="red"), "bad_shape (unknown keys: colour)"),
    ],
)
def test_what_is_proved_and_cannot_be_used_is_held_sealed(site: Site, body: bytes, reason: str) -> None:
    answer = post(site, "own", body, own(body))
    assert (answer.status_code, answer.text) == (202, f"held: {reason}")
    newest = held_messages(site.db, "own")[-1]
    assert dict(newest.reasons) == {reason.partition(" ")[0]: 1}
    assert body not in newest.sealed
    assert body in open_message(SECRETS, newest.sealed)
    again = post(site, "own", body, own(body, "another delivery"))
    assert again.status_code == 202
    assert held_messages(site.db, "own")[-1] == newest, "held once"


def test_who_may_not_speak(site: Site) -> None:
    body = purchase("x1")
    wrong = own(body, secret="whsec_" + base64.b64encode(b"somebody else's key.....").decode())
    for source, headers, status in (
        ("own", {}, 401),
        ("own", wrong, 401),
        ("own", own(body + b" "), 401),
        ("own", own(body, at=time.time() - 301), 400),
        ("web", {"X-Shopify-Topic": "orders/paid"}, 401),
        ("till", {"Authorization": "Bearer another"}, 401),
        ("nobody", own(body), 404),
    ):
        answer = post(site, source, body, headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert kept(site, "own", ShopEventKind.PURCHASE, "x1") is None
    huge = b"x" * (8 * 1024 * 1024 + 1)
    assert post(site, "own", huge, {"webhook-signature": "v1,AAAA"}).status_code == 413


@pytest.mark.usefixtures("rate_clock")  # however long forty of them take
def test_a_guesser_is_stopped_and_the_right_one_is_not(site: Site) -> None:
    body = purchase("g1")
    guesses = [post(site, "guessed", body, own(body) | {"webhook-signature": "v1,AAAA"}).status_code for _ in range(40)]
    assert guesses.count(401) == WRONG_KEYS_PER_MINUTE
    assert guesses[-1] == 429
    assert post(site, "guessed", body, own(body)).status_code == 200


def test_woocommerces_ping_is_answered_though_nobody_signs_it(site: Site) -> None:
    ping = recorded("woocommerce", "ping").body
    assert post(site, "woo", ping).status_code == 200
    assert post(site, "woo", b"webhook_id=x").status_code == 401
    assert post(site, "woo", recorded("woocommerce", "order").body).status_code == 401


def test_counts_stand_with_those_of_other_receivers(site: Site) -> None:
    body = purchase("c1", currency="EURO")
    post(site, "own", body, own(body))
    manager = {"Authorization": f"Bearer {SECRETS.manager_key}"}
    shown = httpx.get(f"{site.server.url}/metrics", headers=manager, timeout=60).text
    assert 'rayon_receiver_messages_total{outcome="unknown_currency",source="own"}' in shown
    assert httpx.get(f"{site.server.url}/in/own", timeout=60).status_code == 204


def test_the_declaration_is_checked(tmp_path: Path) -> None:
    from engine.errors import OperatorError
    from engine.ingest.sources.declared import declare

    wrong = {
        "name": "presta", "kind": "prestashop", "stores": ["corner"], "receiver": True, "secret_env": "T_OWN",
        "options": {"currency": "EURO", "colour": "red", "states": "9=gone", "places": "1=elsewhere"},
    }  # fmt: skip
    config = Config.model_validate({"sources": [wrong]})
    with pytest.raises(OperatorError) as refused:
        declare(config.sources, {"corner": small_plan()}, {"T_OWN": "secret"})
    places = sorted(problem.place.rpartition(".")[2] for problem in refused.value.problems)
    assert places == ["colour", "currency", "places", "states", "timezone"]


def test_what_was_held_is_used_once_it_is_told_what_was_missing(site: Site) -> None:
    order = json.loads(recorded("woocommerce", "order").body) | {"status": "ready-pickup", "id": 900}
    body = json.dumps(order).encode()
    signature = base64.b64encode(hmac.new(SHOPIFY_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"X-WC-Webhook-Signature": signature, "X-WC-Webhook-Topic": "order.updated"}
    assert post(site, "woo", body, headers).text == "held: unknown_state"
    states = {"currency": "EUR", "states": "ready-pickup=ready"}
    declared = [dict(one) | ({"options": states} if one["name"] == "woo" else {}) for one in SOURCES]
    configs = Config.model_validate({"sources": declared}).sources
    for sources, counts in ((site.config.sources, (0, 1)), (configs, (1, 0)), (configs, (0, 0))):
        shop = declare_shops(sources, ["corner"], {}, customer_digest(SECRETS))["woo"]
        assert try_held(site.db, SECRETS, shop, time.time()) == counts
    assert kept(site, "woo", ShopEventKind.ORDER, "900").state is OrderState.READY


def test_shops_stand_beside_the_other_sources(site: Site) -> None:
    """They were nowhere: whether a shop's webhooks came in could be seen in the database alone."""
    body = purchase("seen-by-health")
    assert post(site, "own", body, own(body)).status_code == 200
    assert post(site, "till", b"x", {"authorization": "Bearer wrong"}).status_code == 401
    manager = {"Authorization": f"Bearer {SECRETS.manager_key}"}
    with site.client() as client:
        found = client.get("/health/sources/corner", headers=manager).json()["sources"]
        page = client.get("/health/sources/corner", headers=manager | {"Accept": "text/html"}).text
    said = {source["name"]: source for source in found}
    assert {"own", "guessed", "web", "woo", "till"} <= said.keys()
    assert (said["own"]["kind"], said["own"]["state"]) == ("shop", "live")
    assert said["own"]["messages"] >= 1
    assert said["own"]["age_s"] is not None
    assert said["till"]["state"] == "refused"
    assert sum(said["till"]["turned_away"].values()) >= 1
    assert all(name in page for name in said)


def test_what_waits_is_on_the_health_page_and_in_metrics_with_what_to_do(site: Site) -> None:
    at = rfc3339(time.time() - 3600.0)  # nobody's purchase waits for a month, and then no more
    entry = {"kind": "catalogue", "id": "c", "at": "2026-11-28T09:00:00Z", "sku": "tea-2", "name": "Tea"}
    back = {
        "kind": "return", "id": "b1", "at": at, "purchase_id": "nobody-told",
        "currency": "EUR", "total_minor": 499, "lines": [],
    }  # fmt: skip
    for body in (json.dumps(entry).encode(), purchase("w1", at=at), purchase("w2", at=at), json.dumps(back).encode()):
        assert post(site, "late", body, own(body)).status_code == 200
    bad = purchase("w3", at=at, currency="EURO")
    assert post(site, "late", bad, own(bad)).status_code == 202
    earn_from_shops(site.db, Programme(EarnTerms(())), time.time())
    with site.manager() as manager:
        sources = manager.get("/health/sources/corner").json()["sources"]
        pages = {lang: _page(manager, lang) for lang in ("en", "fr")}
        metrics = manager.get("/metrics").text
    found = next(one for one in sources if one["name"] == "late")
    assert found["waits"] == {"no_member": 2, "no_purchase": 1}
    assert (found["held"], found["unknown_products"]) == (1, ["tea-1"])
    for lang, said in (("en", ("proves the card", "send the catalogue")), ("fr", ("prouve sa carte", "renvoyez"))):
        assert all(text in pages[lang] for text in (*said, "rayon sources again late"))
    for line in (
        'rayon_shop_messages_held{reason="unknown_currency",source="late"} 1.0',
        'rayon_shop_events_waiting{reason="no_member",source="late"} 2.0',
        'rayon_shop_products_unknown{source="late"} 1.0',
    ):
        assert line in metrics


def _page(manager: httpx.Client, lang: str) -> str:
    return manager.get(f"/health/sources/corner?lang={lang}", headers={"Accept": "text/html"}).text
