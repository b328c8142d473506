"""The staff's page over HTTP: what waits, who is here, and one hand-over for each order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from api.texts.times import clock
from engine.commerce.records import Customer, Order, OrderLine
from engine.config import ApiConfig, Config, DeliveryConfig, LoyaltyConfig, PrivacyConfig, StorageConfig
from engine.privacy.identifiers import identifier_digest
from engine.storage.accounts.audit import entries
from engine.storage.clerks.pickups import PURPOSE, note_arrival, pickup_code
from engine.storage.commerce.events import keep_events
from engine.storage.last_places import LastPlace, note_places
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import DeviceLinkTable
from engine.storage.models.visits import ProductStopTable, VisitTable, ZoneHourTable
from engine.vocabulary import IdentifierKind, OrderState, Role
from tests.api.site import SECRETS, Site, eventually
from tests.browser import chromium, click, complaints, wait_for, write
from tests.browsers.axe import violations
from tests.engine.storage.scenes import TELLING

__all__ = ["chromium"]
FITS = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
DIGEST = identifier_digest(SECRETS, IdentifierKind.EMAIL, "jeanne@example.com")
TEA = (OrderLine("1", "tea-1", 2_000, 998), OrderLine("2", "CHEESE", 840, 1_680))
CODE = pickup_code(SECRETS.derive_key(PURPOSE), "web", "10042")


@pytest.fixture
def config(tmp_path: Any) -> Config:
    asked = ("location_offers:page", "pickup:any", "clerk:any")
    return Config(
        api=ApiConfig(port=0),
        storage=StorageConfig(data_dir=tmp_path / "data"),
        delivery=DeliveryConfig(push_contact="mailto:it@example.org"),
        privacy=PrivacyConfig(asked=asked),
        loyalty=LoyaltyConfig(clerk_points=50),
    )


@pytest.fixture
def clerk(site: Site) -> Iterator[httpx.Client]:
    with site.colleague("Ada", (Role.CLERK, "corner")) as client:
        yield client


def order(site: Site, name: str = "10042", state: OrderState = OrderState.READY, version: int = 1) -> None:
    now = time.time()
    keep_events(
        site.db,
        [Order("web", name, version, now - 60, state, "EUR", 2_678, TEA, Customer(email=DIGEST), "corner")],
        now,
    )


def jeanne(site: Site, client: httpx.Client) -> str:
    pairs = (("location_offers", "page"), ("pickup", "any"))
    consents = [{"purpose": purpose, "channel": channel, "granted": True} for purpose, channel in pairs]
    who = site.sign_in(client, consents=consents, display_name="Jeanne")
    with site.db.write() as session:
        session.add(IdentifierTable(kind="email", digest=DIGEST, shopper_id=who, sealed="", verified_at=time.time()))
    return who


def desk(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/v1/staff/corner/desk", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["pickups"]
    return items


def hand(client: httpx.Client, code: str, key: str) -> httpx.Response:
    headers = {"Idempotency-Key": key, "Accept": "application/json"}
    return client.post("/v1/staff/corner/hand-over", json={"code": code}, headers=headers)


def test_an_order_waits_is_called_and_handed_over_once(site: Site, clerk: httpx.Client) -> None:
    with site.client() as phone:
        who = jeanne(site, phone)
        order(site)
        eventually(lambda: desk(clerk))
        [waits] = desk(clerk)
        assert (waits["order"], waits["state"], waits["calls"]) == ("10042", "waiting", False)
        assert [(line["name"], line["quantity"]) for line in waits["lines"]] == [("Thé vert", "2"), ("CHEESE", "0,840")]
        [mine] = phone.get("/v1/me/pickups").json()["items"]
        assert (mine["code"], mine["way"], mine["state"]) == (CODE, None, "waiting")
        note_arrival(site.db, "corner", who, time.time() - 30, time.time(), telling=TELLING)
        [called] = desk(clerk)
        assert called["calls"]
        assert called["waits_s"] >= 29
        assert phone.get("/v1/me/pickups").json()["items"][0]["way"]["svg"].startswith("<svg")
        assert hand(clerk, CODE, "h1").json()["order"] == "10042"
        assert [hand(clerk, CODE, key).status_code for key in ("h1", "h2")] == [200, 409]
        assert desk(clerk) == []
        assert phone.get("/v1/me/pickups").json()["items"] == []
    assert [line.who for line in entries(site.db, ["corner"]) if line.action == "pickup_handed_over"] == ["Ada"]


def test_wrong_codes_are_counted(site: Site, clerk: httpx.Client) -> None:
    said = [hand(clerk, f"wrong {n}", f"w{n}").status_code for n in range(32)]
    assert said[0] == 404
    assert said[-1] == 429


def test_who_follows_nothing_gets_the_desk_once(site: Site, clerk: httpx.Client) -> None:
    answer = clerk.get("/v1/staff/corner/stream", headers={"Accept": "*/*"})
    assert answer.text.count("event: desk") == 1


def test_no_key_sees_the_desk(site: Site) -> None:
    for client in (site.manager(), site.till(), site.client()):
        with client:
            assert client.get("/v1/staff/corner/desk").status_code == 401


def window(browser: Chrome, size: tuple[int, int]) -> None:
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.mark.parametrize("size", [(1024, 768), (390, 844)])
def test_the_page_calls_and_hands_over(site: Site, chromium: Chrome, size: tuple[int, int]) -> None:
    site.account("Ada", (Role.CLERK, "corner"))
    with site.client() as phone:
        who = jeanne(site, phone)
    before = int(time.time())
    order(site)
    window(chromium, size)
    chromium.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
    chromium.get(f"{site.url}/staff/corner?lang=fr")
    write(chromium, "input[name=name]", "Ada")
    write(chromium, "input[name=password]", "trois chats gris")
    click(chromium, "form button.main")
    wait_for(chromium, "#orders [data-order='10042']")
    since = chromium.find_element("css selector", "#orders .soft").text
    minutes = {clock(t, site.plan.timezone) for t in range(before, int(time.time()) + 1)}
    assert any(since.endswith(minute) for minute in minutes), f"the store's clock, not the tablet's: {since}"
    chromium.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    note_arrival(site.db, "corner", who, time.time(), time.time(), telling=TELLING)
    wait_for(chromium, "#orders li.calls")
    wait_for(chromium, "#called:not([hidden])")
    assert violations(chromium) == []
    assert chromium.execute_script(FITS)
    write(chromium, "#code", CODE)
    click(chromium, "#hand button.main")
    wait_for(chromium, "#none:not([hidden])")
    assert [said for said in complaints(chromium) if "401 (Unauthorized)" not in said] == []  # the sign-in page is one


def choose(site: Site, phone: httpx.Client, who: str, *, chosen: bool = True) -> None:
    note_places(site.db, [LastPlace("corner", who, "ground", 2.0, 2.0, 1.5, time.time())])
    answer = phone.put("/v1/me/recognition", json={"store": "corner", "chosen": chosen})
    assert answer.json() == {"offered": True, "chosen": chosen}


def proved_phone(site: Site, who: str) -> None:
    with site.db.write() as session:
        session.add(DeviceLinkTable(store="corner", device="7" * 16, shopper_id=who, linked_at=1.0, proof="redirect"))


def act(client: httpx.Client, visitor: str, what: str, body: Any = None, key: str = "k") -> httpx.Response:
    path = f"/v1/staff/corner/visitors/{visitor}/{what}"
    return client.post(path, json=body, headers={"Idempotency-Key": f"{what} {key}", "Accept": "application/json"})


def linger(site: Site, who: str) -> None:
    """Five minutes at the tea in two visits, where people stay for one."""
    now = time.time()
    counted = {"person_s": 0.0, "visits": 50, "dwell_s_sum": 3_000.0, "persons_peak": 1.0}
    with site.db.write() as session:
        session.add(ZoneHourTable(store="corner", hour_start=now - 86_400.0, zone="tea", **counted))
        for visit in ("a", "b"):
            times = {"started_at": now - 7_200.0, "ended_at": now - 6_900.0, "dwell_s": 300.0}
            session.add(VisitTable(store="corner", shopper_id=who, zone="tea", store_visit_id=visit, **times))
            for sku in ("tea-1", "cup-1"):
                stop = {"at": times["started_at"] + len(visit), "chance": 0.9}
                session.add(ProductStopTable(store="corner", shopper_id=who, sku=sku, **stop))


def test_where_she_lingers_is_hers_and_the_clerk_s_while_she_is_recognised(site: Site, clerk: httpx.Client) -> None:
    with site.client() as phone, site.client() as stranger:
        assert stranger.get("/v1/me/spots").status_code == 401
        assert stranger.get("/me/spots").headers["location"] == "/me?lang=fr"
        who = jeanne(site, phone)
        proved_phone(site, who)
        linger(site, who)
        [spot] = phone.get("/v1/me/spots").json()["items"]
        assert (spot["store"], spot["zone_name"], spot["visits"]) == ("corner", "Thés & cafés", 2)
        assert "Vous restez ici plus longtemps qu'on ne le fait d'habitude" in spot["why"]
        assert "2\u00a0visites" in spot["why"]
        assert phone.get("/v1/me/export").json()["spots"] == [spot]
        stops = phone.get("/v1/me/spots?lang=en").json()["products"]
        assert [(s["name"], s["visits"]) for s in stops] == [("Tasse bleue", 2), ("Thé vert", 2)]
        assert "You stopped here in 2 visits" in stops[0]["why"]
        assert phone.delete("/v1/me/stops", params={"store": "corner", "sku": "cup-1"}).json()["changed"]
        assert "Thé vert" in phone.get("/me/spots").text
        choose(site, phone, who)
        [visitor] = clerk.get("/v1/staff/corner/desk").json()["visitors"]
        [seen] = act(clerk, visitor["visitor"], "card").json()["looked_at"]
        assert (seen["zone"], seen["name"], seen["visits"]) == ("tea", "Thés & cafés", 2)
        assert "Thés &amp; cafés" in phone.get("/me/spots").text
        answer = phone.post("/me/spots/erase?lang=en", data={"store": "corner", "zone": "tea"})
        assert answer.headers["location"] == "/me/spots?lang=en&erased=1"
        page = phone.get(answer.headers["location"]).text
        assert "It does not come back" in page
        assert "cafés" not in page
        assert "Thé vert" not in page, "her stops at its products are gone with it"
        assert act(clerk, visitor["visitor"], "card", key="2").json()["looked_at"] == []
        again = phone.delete("/v1/me/spots", params={"store": "corner", "zone": "tea"})
        assert (again.json()["changed"], phone.get("/v1/me/spots").json()) == (False, {"items": [], "products": []})
        assert phone.get("/v1/me/export").json()["held"]["erased_spot"][0]["zone"] == "tea"


def test_her_page_of_spots_in_a_browser(site: Site, chromium: Chrome) -> None:
    with site.client() as phone:
        who = jeanne(site, phone)
        linger(site, who)
        window(chromium, (390, 844))
        chromium.get(f"{site.url}/robots.txt")
        for name, value in phone.cookies.items():
            chromium.add_cookie({"name": name, "value": value, "path": "/"})
    chromium.get(f"{site.url}/me/spots?lang=fr")
    wait_for(chromium, "#spots li")
    assert violations(chromium) == []
    assert chromium.execute_script(FITS)
    click(chromium, "#spots button")
    wait_for(chromium, "[role=status]")
    assert violations(chromium) == []


def test_a_clerk_sees_who_chose_it_and_nothing_after(site: Site, clerk: httpx.Client) -> None:
    with site.client() as phone:
        who = jeanne(site, phone)
        proved_phone(site, who)
        voucher = site.issue(who, time.time())
        assert clerk.get("/v1/staff/corner/desk").json()["visitors"] == []
        choose(site, phone, who)
        [visitor] = clerk.get("/v1/staff/corner/desk").json()["visitors"]
        assert visitor["name"] == "Jeanne"
        name = visitor["visitor"]
        card = act(clerk, name, "card").json()
        assert ([c["voucher_id"] for c in card["coupons"]], card["points"]) == ([voucher], 0)
        assert act(clerk, name, "points", {"points": 30}).json() == {"points": 30}
        assert act(clerk, name, "points", {"points": 30}, "more").json()["code"] == "points_over_limit"
        assert act(clerk, name, "notes", {"text": "Wears 38"}).status_code == 200
        line = {"sku": "tea-1", "unit_price_minor": 499}
        assert act(clerk, name, f"coupons/{voucher}", {"lines": [line]}).json()["discount_minor"] == 99
        choose(site, phone, who, chosen=False)
        gone = {act(clerk, one, "card", key=one).text for one in (name, "nobody")}
        assert len(gone) == 1, "the same answer as for nobody"
        assert "visitor_unknown" in gone.pop()
    done = [line.action for line in entries(site.db, ["corner"])]
    assert {"card_seen", "points_added", "note_written", "coupon_honoured"} <= set(done)


@pytest.mark.parametrize("size", [(1024, 768), (390, 844)])
def test_the_card_on_the_page(site: Site, chromium: Chrome, size: tuple[int, int]) -> None:
    site.account("Ada", (Role.CLERK, "corner"))
    with site.client() as phone:
        who = jeanne(site, phone)
        proved_phone(site, who)
        choose(site, phone, who)
    window(chromium, size)
    chromium.get(f"{site.url}/staff/corner?lang=en")
    write(chromium, "input[name=name]", "Ada")
    write(chromium, "input[name=password]", "trois chats gris")
    click(chromium, "form button.main")
    wait_for(chromium, "#visitors button")
    chromium.get(f"{site.url}/staff/corner?lang=en")  # signing in may speak the browser's language
    wait_for(chromium, "#visitors button")
    write(chromium, "#name", "bob")
    wait_for(chromium, "#no_match:not(:empty)")
    assert "chosen to be recognised" in chromium.find_element("css selector", "#no_match").text
    write(chromium, "#name", Keys.CONTROL + "a" + Keys.NULL + "jéan")  # her name has no accent
    wait_for(chromium, "#visitors button:not([hidden])")
    click(chromium, "#visitors button")
    wait_for(chromium, "#card:not([hidden])")
    click(chromium, "#card form:last-child button")  # points, of an empty field
    wait_for(chromium, "#card form:last-child [data-wrong]")
    assert chromium.switch_to.active_element.get_attribute("aria-invalid") == "true"
    assert violations(chromium) == []
    write(chromium, "#card form:last-child input", "7x")
    click(chromium, "#card form:last-child button")
    assert "no number" in chromium.find_element("css selector", "#card form:last-child [data-wrong]").text
    write(chromium, "#card form:last-child input", Keys.BACKSPACE)
    click(chromium, "#card form:last-child button")
    wait_for(chromium, "#card_done")
    assert chromium.find_element("css selector", "#card_done").text == "7 points added."
    write(chromium, "#card form input", "Wears 38")
    click(chromium, "#card form button")
    wait_for(chromium, "#card ul li")
    assert violations(chromium) == []
    assert chromium.execute_script(FITS)


@pytest.mark.parametrize(("size", "lang", "said"), [((1024, 768), "en", "€0.99"), ((390, 844), "fr", "0,99")])
def test_a_coupon_is_honoured_by_hand_on_the_page(
    site: Site, chromium: Chrome, size: tuple[int, int], lang: str, said: str
) -> None:
    site.account("Ada", (Role.CLERK, "corner"))
    with site.client() as phone:
        who = jeanne(site, phone)
        proved_phone(site, who)
        site.issue_shown(who)
        choose(site, phone, who)
    window(chromium, size)
    chromium.get(f"{site.url}/staff/corner?lang={lang}")
    write(chromium, "input[name=name]", "Ada")
    write(chromium, "input[name=password]", "trois chats gris")
    click(chromium, "form button.main")
    wait_for(chromium, "#visitors button")
    chromium.get(f"{site.url}/staff/corner?lang={lang}")  # signing in may speak the browser's language
    wait_for(chromium, "#visitors button")
    click(chromium, "#visitors button")
    for article, outcome in (("CHEESE", ".honour .bad"), ("tea-1", "#card_done")):
        wait_for(chromium, "[data-honour]")
        click(chromium, "[data-honour]")
        wait_for(chromium, ".honour form")
        assert violations(chromium) == []
        write(chromium, ".honour input", Keys.CONTROL + "a" + Keys.NULL + article)
        click(chromium, ".honour form button")
        wait_for(chromium, ".honour button.main")
        assert violations(chromium) == []
        assert chromium.execute_script(FITS)
        click(chromium, ".honour button.main")
        wait_for(chromium, outcome)
        assert violations(chromium) == []
        if article == "CHEESE":
            click(chromium, ".honour button.plain")
    assert said in chromium.find_element("css selector", "#card_done").text
    assert chromium.find_elements("css selector", "[data-honour]") == []
    done = [line.who for line in entries(site.db, ["corner"]) if line.action == "coupon_honoured"]
    assert done == ["Ada"]
