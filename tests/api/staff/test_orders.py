"""Out of stock, so it is ordered: from the shelf or with a clerk, told to the e-shop once, and answered by it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome
from standardwebhooks.webhooks import Webhook

from engine.commerce.records import StockLevel
from engine.config import ApiConfig, Config, DeliveryConfig, PrivacyConfig, SourceConfig, StorageConfig
from engine.privacy.identifiers import identifier_digest, seal_value
from engine.storage.accounts.audit import entries
from engine.storage.commerce.events import keep_events
from engine.storage.commerce.stock import follow_stock
from engine.storage.models.identity import IdentifierTable
from engine.vocabulary import IdentifierKind, Role
from tests.api.site import SECRETS, Site, eventually
from tests.api.staff.test_desk import FITS, act, choose, proved_phone, window
from tests.browser import chromium, click, complaints, wait_for, write
from tests.browsers.axe import violations
from tests.push_services import PushService

__all__ = ["chromium"]
SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
MAIL = "jeanne@example.com"
HOME = {"store": "corner", "sku": "tea-1", "variant": "100 g", "way": "home"}


@pytest.fixture
def eshop(tmp_path: Path) -> Iterator[PushService]:
    with PushService(tmp_path) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, eshop: PushService, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in ("RAYON_ORDERS_SECRET", "WEB_SECRET"):
        monkeypatch.setenv(name, SECRET)
    web = SourceConfig(name="web", kind="shop", stores=("corner",), receiver=True, secret_env="WEB_SECRET")
    return Config(
        api=ApiConfig(port=0),
        storage=StorageConfig(data_dir=tmp_path / "data"),
        delivery=DeliveryConfig(orders_url=f"https://{eshop.host}/hook", orders_ca_file=eshop.ca_file),
        privacy=PrivacyConfig(asked=("location_offers:page", "pickup:any", "clerk:any")),
        sources=(web,),
    )


def tell(site: Site, **said: Any) -> None:
    """What the e-shop says, at the door that it says it at, signed by the public library."""
    body, name, now = json.dumps(said), f"msg_{time.time_ns()}", time.time()
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": Webhook(SECRET).sign(name, dt.datetime.fromtimestamp(now, dt.UTC), body),
    }
    with site.client() as shop:
        answer = shop.post("/in/web", content=body, headers=headers)
    assert (answer.status_code, answer.text) == (200, "")


def stock(site: Site, variant: str, quantity: int, store: str = "corner", age_s: float = 0.0) -> None:
    at = time.time() - age_s
    level = StockLevel("web", f"{variant}@{store}", int(at), at, "tea-1", quantity * 1_000, store, variant)
    keep_events(site.db, [level], time.time())
    follow_stock(site.db, time.time())


def jeanne(site: Site, phone: httpx.Client, *, known: bool = True) -> str:
    who = site.sign_in(phone, display_name="Jeanne")
    digest = identifier_digest(SECRETS, IdentifierKind.EMAIL, MAIL)
    sealed = seal_value(SECRETS, MAIL)
    if known:
        with site.db.write() as session:
            row = IdentifierTable(kind="email", digest=digest, shopper_id=who, sealed=sealed, verified_at=time.time())
            session.add(row)
    return who


def ask(phone: httpx.Client, key: str, **changed: Any) -> httpx.Response:
    return phone.post("/v1/me/orders?lang=en", json=HOME | changed, headers={"Idempotency-Key": key})


def test_from_out_of_stock_to_an_order_that_waits(site: Site, eshop: PushService) -> None:
    with site.client() as phone:
        who = jeanne(site, phone, known=False)
        tell(
            site,
            kind="stock",
            id="a",
            at=time.time() - 300,
            sku="tea-1",
            variant="100 g",
            quantity_milli=0,
            store="corner",
        )
        stock(site, "250 g", 3, age_s=2 * 86_400.0)
        where = "/v1/me/stock?store=corner&sku=tea-1&lang=en"
        eventually(lambda: len(phone.get(where).json()["items"]) == 2)
        said = phone.get(where).json()
        fresh, old = (line["text"] for line in said["items"])
        assert re.fullmatch(r"100 g · Here: not in stock \(told ([5-9]|[1-5]\d) minutes ago\)", fresh), "or some more"
        assert old == "250 g · Here: not sure, that is too old to say (told 2 days ago)"
        assert [way["text"] for way in said["ways"]] == ["delivered at home", "to collect at Épicerie du coin"]
        assert ask(phone, "early").json()["code"] == "order_nobody"
        assert phone.get("/v1/me/stock?store=corner&sku=unheard-of").status_code == 404
        wrong = [
            {"sku": "unheard-of"},
            {"variant": "1 kg"},
            {"store": "nowhere"},
            {"way": "store", "to_store": "nowhere"},
        ]
        assert [ask(phone, f"w{n}", **one).status_code for n, one in enumerate(wrong)] == [404] * 4
        assert eshop.called == []
        digest, sealed = identifier_digest(SECRETS, IdentifierKind.EMAIL, MAIL), seal_value(SECRETS, MAIL)
        with site.db.write() as session:
            session.add(IdentifierTable(kind="email", digest=digest, shopper_id=who, sealed=sealed, verified_at=1.0))
        there = {"way": "store", "to_store": "corner"}
        names = {ask(phone, f"k{n}", **there).json()["request"] for n in range(3)}
        eventually(lambda: phone.get("/v1/me/orders?lang=en").json()["items"][0]["state"] == "taken")
        [mine] = phone.get("/v1/me/orders?lang=en").json()["items"]
        assert mine["text"] == "The e-shop has it, and has not answered yet."
        assert names == {mine["request"]}
        [(headers, body)] = eshop.called
        assert names == {headers["webhook-id"]}
        asked = Webhook(SECRET).verify(body, dict(headers))["data"]
        assert (asked["sku"], asked["variant"], asked["store"]) == ("tea-1", "100 g", "corner")
        assert asked["customer"] == {"email": MAIL}
        order = {"kind": "order", "id": "9", "at": time.time(), "currency": "EUR", "total_minor": 499}
        tell(site, **order, version=1, state="ready", reference=mine["request"])
        eventually(lambda: phone.get("/v1/me/pickups").json()["items"])
        # orders and what they answer are followed by two jobs, one after the other
        eventually(lambda: phone.get("/v1/me/orders?lang=fr").json()["items"][0]["text"] == "C'est prêt.")
        tell(site, **order, version=2, state="cancelled", reference=mine["request"], reason="the box was crushed")
        eventually(lambda: phone.get("/v1/me/orders").json()["items"][0]["state"] == "refused")
        [mine] = phone.get("/v1/me/orders?lang=en").json()["items"]
        assert mine["text"] == "The e-shop refused it because: the box was crushed"


def cookies(site: Site, browser: Chrome, phone: httpx.Client) -> None:
    window(browser, (390, 844))
    browser.get(f"{site.url}/robots.txt")
    for name, value in phone.cookies.items():
        browser.add_cookie({"name": name, "value": value, "path": "/"})
    complaints(browser)  # of the page that is not there: it was opened for its origin alone


def test_her_page_says_it_is_gone_and_orders_it_once(site: Site, eshop: PushService, chromium: Chrome) -> None:
    stock(site, "100 g", 0)
    stock(site, "250 g", 4, "")
    with site.client() as phone:
        who = jeanne(site, phone)
        site.issue(who, time.time())
        cookies(site, chromium, phone)
        chromium.get(f"{site.url}/me?lang=fr")
        wait_for(chromium, ".coupon .stock[data-state=out]")
        click(chromium, ".told summary")
        click(chromium, ".told form button")
        chromium.execute_script("for (let n = 0; n < 5; n += 1) document.querySelector('.told form').requestSubmit()")
        wait_for(chromium, "#asked li")
        eventually(lambda: phone.get("/v1/me/orders").json()["items"][0]["state"] == "taken")
        wait_for(chromium, "#asked:not([hidden]) li")
        assert violations(chromium) == []
        assert chromium.execute_script(FITS)
        assert len(phone.get("/v1/me/orders").json()["items"]) == len(eshop.called) == 1
    assert complaints(chromium) == []


def test_a_clerk_s_page_orders_for_a_visitor(site: Site, eshop: PushService, chromium: Chrome) -> None:
    stock(site, "100 g", 2)
    site.account("Ada", (Role.CLERK, "corner"))
    with site.client() as phone:
        who = jeanne(site, phone)
        proved_phone(site, who)
        choose(site, phone, who)
        window(chromium, (1024, 768))
        chromium.get(f"{site.url}/staff/corner?lang=en")
        write(chromium, "input[name=name]", "Ada")
        write(chromium, "input[name=password]", "trois chats gris")
        click(chromium, "form button.main")
        wait_for(chromium, "#visitors button")
        click(chromium, "#visitors button")
        wait_for(chromium, "#card form.order")
        write(chromium, "#card form.order input", "tea-1")
        click(chromium, "#card form.order button")
        wait_for(chromium, "#card form select")
        assert violations(chromium) == []
        click(chromium, "#card form:has(select) button")
        wait_for(chromium, "#asked:not([hidden]) li")
        assert violations(chromium) == []
        assert chromium.execute_script(FITS)
        assert len(phone.get("/v1/me/orders").json()["items"]) == 1
    assert [line.who for line in entries(site.db, ["corner"]) if line.action == "order_asked"] == ["Ada"]


def test_a_clerk_orders_for_nobody_who_did_not_choose(site: Site, eshop: PushService) -> None:
    stock(site, "100 g", 2)
    body = {"sku": "tea-1", "variant": "100 g", "way": "home"}
    with site.colleague("Ada", (Role.CLERK, "corner")) as clerk:
        assert act(clerk, "nobody", "orders", body).json()["code"] == "visitor_unknown"
        told = clerk.get("/v1/staff/corner/stock?sku=tea-1").json()
        assert told["name"] == site.plan.product_by_sku["tea-1"].name, "whoever typed a number sees what it is"
        [line] = told["items"]
        assert (line["quantity"], line["state"]) == ("2", "in_stock")
        again = clerk.post("/v1/staff/corner/orders/rq_none/again", headers={"Idempotency-Key": "a"})
        assert again.status_code == 404
    assert eshop.called == []
