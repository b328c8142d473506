"""The till over HTTP: check has no effect, redeem happens once, void gives back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome

from api.times import rfc3339
from engine.config import ApiConfig, Config
from engine.offers.offline.signed import PURPOSE, public_key, sign_code
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.uses import last_redemptions
from tests.api.site import SECRETS, Site, basket, campaign, code_of
from tests.browser import chromium, click, complaints, wait_for, write

__all__ = ["chromium"]


HALF = {"kind": "percent", "applies_to": "product", "sku": "tea-1", "basis_points": 5000}


@pytest.fixture
def till(site: Site) -> Iterator[httpx.Client]:
    with site.till() as client:
        yield client


@pytest.fixture
def code(site: Site) -> str:
    with site.client() as phone:
        return code_of(site.issue_shown(site.sign_in(phone)))


def asked(code: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "store": "corner", "till": "1", "basket": basket()} | changes


def redeem(till: httpx.Client, code: str, key: str, **changes: Any) -> httpx.Response:
    return till.post("/v1/till/redeem", json=asked(code, **changes), headers={"Idempotency-Key": key})


def test_check_redeem_void(till: httpx.Client, code: str) -> None:
    for _ in range(2):  # a check has no effect
        check = till.post("/v1/till/check", json=asked(code)).json()
        assert (check["ok"], check["reason"], check["discount_minor"], check["line_minor"]) == (True, "ok", 99, [99])
    done = redeem(till, code, "sale-1").json()
    assert (done["state"], done["discount_minor"], done["basket_minor"], done["currency"]) == (
        "redeemed",
        99,
        499,
        "EUR",
    )
    assert done["redeemed_at"].endswith("Z")
    again = redeem(till, code, "sale-2")
    assert (again.status_code, again.json()["code"]) == (409, "voucher_redeemed")
    assert till.post("/v1/till/check", json=asked(code)).json()["reason"] == "redeemed"
    undo = {"redemption_id": done["redemption_id"], "store": "corner", "till": "1"}
    for key in ("undo-1", "undo-2"):
        voided = till.post("/v1/till/void", json=undo, headers={"Idempotency-Key": key}).json()
        assert voided["state"] == "voided"
    assert redeem(till, code, "sale-3").status_code == 200


def test_a_till_is_told_the_currency_and_its_decimals(till: httpx.Client) -> None:
    [shop] = till.get("/v1/till/stores").json()["items"]
    assert (shop["store"], shop["currency"], shop["currency_exponent"]) == ("corner", "EUR", 2)


def test_the_law_holds_at_the_price_paid(site: Site, till: httpx.Client) -> None:
    """A voucher as it was promised, on a price that the till has reduced: what the law allows, and why it is less."""
    put_campaign(site.db, "corner", campaign("half", offer=HALF), time.time())
    with site.client() as phone:
        code = code_of(site.issue(site.sign_in(phone), time.time(), "half"))
    check = till.post("/v1/till/check", json=asked(code)).json()
    assert (check["ok"], check["reason"], check["discount_minor"]) == (True, "legal_cap", 169)  # 34 % of 4.99
    more = basket(advantages_minor=100)
    assert till.post("/v1/till/check", json=asked(code, basket=more)).json()["discount_minor"] == 69
    for key in ("law", "law"):
        done = redeem(till, code, key).json()
        assert (done["reason"], done["discount_minor"], done["line_minor"]) == ("legal_cap", 169, [169])


def test_what_the_law_leaves_nothing_of_is_refused_with_the_reason(site: Site, till: httpx.Client) -> None:
    put_campaign(site.db, "corner", campaign("half", offer=HALF), time.time())
    with site.client() as phone:
        code = code_of(site.issue(site.sign_in(phone), time.time(), "half"))
    full = basket(advantages_minor=170)
    check = till.post("/v1/till/check", json=asked(code, basket=full)).json()
    assert (check["ok"], check["reason"], check["discount_minor"]) == (False, "legal_cap", 0)
    refused = redeem(till, code, "law", basket=full)
    assert (refused.status_code, refused.json()["code"]) == (409, "voucher_legal_cap")


@pytest.mark.parametrize("name", ["quantity", "unit_price_minor", "advantages_minor"])
def test_money_and_units_are_whole_numbers_and_nothing_read_as_such(till: httpx.Client, code: str, name: str) -> None:
    for wrong in (True, "5", 5.0, 5.5):
        lines = [basket()["lines"][0] | {name: wrong}]
        bought = {"currency": "EUR", "lines": lines}
        assert till.post("/v1/till/check", json=asked(code, basket=bought)).status_code == 422, wrong
        assert redeem(till, code, f"strict {wrong!r}", basket=bought).status_code == 422, wrong


def test_a_code_as_people_type_it(till: httpx.Client, code: str) -> None:
    typed = f" {code[:4].lower()}-{code[4:8]} {code[8:]} ".replace("0", "o").replace("1", "l")
    assert till.post("/v1/till/check", json=asked(typed)).json()["ok"] is True


def test_unknown_is_all_that_is_said(site: Site, till: httpx.Client, code: str) -> None:
    """A mistyped code, nonsense and nobody's code are not told apart."""
    flipped = code[:-1] + ("0" if code[-1] != "0" else "1")
    answers = [till.post("/v1/till/check", json=asked(c)).json() for c in (flipped, "nonsense", "000000000000")]
    assert answers == [answers[0]] * 3
    assert answers[0]["reason"] == "unknown"
    refusals = [redeem(till, c, f"k-{c}") for c in (flipped, "nonsense", "000000000000")]
    assert {(r.status_code, r.content) for r in refusals} == {(404, refusals[0].content)}
    assert refusals[0].json()["code"] == "voucher_unknown"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"basket": basket(sku="cup-1")}, "not_in_basket"),
        ({"basket": basket() | {"currency": "CHF"}}, "currency"),
        ({"basket": {"currency": "EUR", "lines": []}}, "not_in_basket"),
    ],
)
def test_reasons(till: httpx.Client, code: str, changes: dict[str, Any], reason: str) -> None:
    check = till.post("/v1/till/check", json=asked(code, **changes)).json()
    assert (check["ok"], check["reason"], check["discount_minor"]) == (False, reason, 0)
    refused = redeem(till, code, "k", **changes)
    assert (refused.status_code, refused.json()["code"]) == (409, f"voucher_{reason}")


@pytest.mark.parametrize(
    "line",
    [{"quantity": 0}, {"quantity": 1.5}, {"unit_price_minor": -1}, {"unit_price_minor": "4.99"}, {"colour": "red"}],
)
def test_impossible_baskets_are_refused(till: httpx.Client, code: str, line: dict[str, Any]) -> None:
    answer = till.post("/v1/till/check", json=asked(code, basket=basket(**line)))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("key", ["x", SECRETS.manager_key, SECRETS.till_key + "x", "é"])
def test_only_the_till_key_opens_the_till(site: Site, key: str) -> None:
    with site.client() as client:
        answer = client.post("/v1/till/check", json=asked("x"), headers={b"Authorization": b"Bearer " + key.encode()})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


class TestGuessing:
    """Attempts are counted per till, and wrong codes per address."""

    @pytest.fixture
    def config(self) -> Config:
        return Config(api=ApiConfig(port=0, till_attempts_per_minute=5))

    def test_per_till(self, till: httpx.Client, code: str) -> None:
        statuses = [till.post("/v1/till/check", json=asked(code)).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        assert till.post("/v1/till/check", json=asked(code, till="2")).status_code == 200

    def test_wrong_codes_whatever_the_till_is_called(self, till: httpx.Client) -> None:
        answers = [till.post("/v1/till/check", json=asked("wrong", till=str(i))) for i in range(7)]
        assert [a.status_code for a in answers] == [200] * 5 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 0


def test_what_a_code_is_for_is_said_before_any_basket(till: httpx.Client, code: str) -> None:
    asking = {"code": code, "store": "corner", "till": "1"}
    said = till.post("/v1/till/about", json=asking, headers={"Accept-Language": "en"}).json()
    assert (said["reason"], said["goods"], said["sku"], said["badge"]) == ("ok", "Thé vert", "tea-1", "−20%")
    assert (said["title"], said["uses_left"]) == ("Green tea, 20% off", 1)
    redeem(till, code, "sale-1")
    assert till.post("/v1/till/about", json=asking).json()["reason"] == "redeemed"
    unknown = till.post("/v1/till/about", json=asking | {"code": "x"}).json()
    assert {k: v for k, v in unknown.items() if v} == {"reason": "unknown"}


def test_the_last_uses_say_who_was_at_the_till(site: Site, till: httpx.Client, code: str) -> None:
    done = redeem(till, code, "sale-1", cashier="Zoé").json()
    assert done["cashier"] == "Zoé"
    till.post("/v1/till/void", json={"redemption_id": done["redemption_id"]}, headers={"Idempotency-Key": "u"})
    with site.client() as phone:
        other = code_of(site.issue(site.sign_in(phone), time.time()))
    till.post("/v1/till/redeem", json=asked(other, till="2"), headers={"Idempotency-Key": "sale-2"})
    listed = till.get("/v1/till/redemptions", params={"store": "corner"}).json()["items"]
    assert [(u["till"], u["state"], u["cashier"]) for u in listed] == [("2", "redeemed", ""), ("1", "voided", "Zoé")]
    assert listed[0]["title"] == "Le thé vert à −20 %"
    mine = till.get("/v1/till/redemptions", params={"store": "corner", "till": "1", "limit": 1}).json()["items"]
    assert [u["redemption_id"] for u in mine] == [done["redemption_id"]]
    assert till.get("/v1/till/redemptions", params={"store": "none"}).status_code == 404


def signed(site: Site, text: str) -> str:
    return sign_code(SECRETS.derive_key(PURPOSE), "corner", text, time.time() + 3600, campaign().offer.model_dump())


def test_a_till_gets_what_it_needs_without_a_network(site: Site, till: httpx.Client, code: str) -> None:
    pack = till.get("/v1/till/offline/corner", headers={"Accept-Language": "en"}).json()
    named = signed(site, code).split(":")[3]
    [terms] = [o for o in pack["terms"] if o["terms"] == named]
    assert (terms["goods"], terms["badge"]) == ("Thé vert", "−20%")
    assert pack["key"] == public_key(SECRETS.derive_key(PURPOSE), "corner")
    assert {p["sku"]: p["cap_bp"] for p in pack["products"]} == {"tea-1": 3400, "cup-1": 3400}
    put_campaign(site.db, "corner", campaign(offer=HALF), time.time())
    again = till.get("/v1/till/offline/corner").json()["terms"]
    assert named in {o["terms"] for o in again}  # coupons that are out keep their terms
    assert len(again) > len(pack["terms"])


def test_what_is_for_the_e_shop_alone_is_in_no_pack(site: Site, till: httpx.Client) -> None:
    def titles() -> list[str]:
        return [o["title"] for o in till.get("/v1/till/offline/corner?lang=en").json()["terms"]]

    before = titles()
    put_campaign(site.db, "corner", campaign(id="online", offer=HALF, channels=["web"]), time.time())
    assert titles() == before
    put_campaign(site.db, "corner", campaign(id="anywhere", offer=HALF, channels=["store", "web"]), time.time())
    assert len(titles()) == len(before) + 1


def test_what_was_given_offline_is_booked_once_and_a_conflict_is_told(
    till: httpx.Client, code: str, site: Site
) -> None:
    scanned, sold_at = signed(site, code), rfc3339(time.time())
    first = redeem(till, scanned, "offline-1", sold_at=sold_at)
    assert (first.status_code, first.json()["discount_minor"]) == (200, 99)
    assert redeem(till, scanned, "offline-1", sold_at=sold_at).json() == first.json()
    elsewhere = asked(scanned, till="2", sold_at=sold_at)
    twice = till.post("/v1/till/redeem", json=elsewhere, headers={"Idempotency-Key": "offline-2"})
    assert (twice.status_code, twice.json()["code"]) == (409, "voucher_redeemed")


def sign_in(browser: Chrome, site: Site, key: str = SECRETS.till_key) -> None:
    browser.get(f"{site.url}/till?lang=fr#key={key}")
    wait_for(browser, "#sign_in")
    write(browser, "#key", key)
    write(browser, "#cashier", "Zoé")
    click(browser, "#sign_in button.main")


@pytest.mark.e2e
def test_the_till_page(site: Site, chromium: Chrome, code: str) -> None:
    """A wrong key in words, then the right one; what the coupon is for, this product alone, used, undone from the list.
    A key in the address opens nothing."""
    sign_in(chromium, site, "wrong")
    wait_for(chromium, "#sign_in_error", "aucune caisse")
    write(chromium, "#key", SECRETS.till_key)
    click(chromium, "#sign_in button.main")
    wait_for(chromium, "#desk")
    write(chromium, "#code", code.lower())
    click(chromium, "#read")
    wait_for(chromium, "#coupon", "Ce coupon est pour Thé vert")
    click(chromium, "#just_this")
    wait_for(chromium, "#answer", "0,99")
    click(chromium, "#redeem")
    wait_for(chromium, "#answer", "Utilisé")
    wait_for(chromium, "#recent", "Zoé")
    click(chromium, "#recent .danger")
    wait_for(chromium, "#recent", "annulé")
    write(chromium, "#code", "WRONG")
    click(chromium, "#read")
    wait_for(chromium, "#answer", "Code inconnu")
    assert [c for c in complaints(chromium) if "401" not in c] == []


@pytest.mark.e2e
def test_a_till_without_a_network_takes_a_signed_coupon_once_and_books_it_later(
    site: Site, chromium: Chrome, code: str
) -> None:
    sign_in(chromium, site)
    wait_for(chromium, "#recent", "Aucun")  # and the pack is here
    cut(chromium, offline=True)
    write(chromium, "#code", code)
    click(chromium, "#read")
    wait_for(chromium, "#answer", "scannez")
    scanned = signed(site, code)
    forged = scanned[:-9] + ("A" if scanned[-9] != "A" else "B") + scanned[-8:]  # the last one has idle bits
    for text, said in ((forged, "pas un coupon"), (scanned, "")):
        write(chromium, "#code", text)
        click(chromium, "#read")
        wait_for(chromium, "#answer" if said else "#coupon", said or "pour Thé vert")
    write(chromium, "#search", "the ver")
    click(chromium, "#found button")
    click(chromium, "#check")
    wait_for(chromium, "#answer", "0,99")
    click(chromium, "#redeem")
    wait_for(chromium, "#queued", "attend le réseau")
    write(chromium, "#code", scanned)
    click(chromium, "#read")
    wait_for(chromium, "#answer", "Déjà utilisé à cette caisse")
    cut(chromium, offline=False)
    wait_for(chromium, "#queued", "enregistré")
    [use] = last_redemptions(site.db, "corner")
    assert (use.redemption.discount_minor, use.redemption.cashier) == (99, "Zoé")


def cut(browser: Chrome, *, offline: bool) -> None:
    """Takes the network away, or gives it back."""
    browser.execute_cdp_cmd("Network.enable", {})
    limits = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", limits)
