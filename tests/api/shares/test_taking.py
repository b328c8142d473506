"""A friend has the coupon after one tap, and the sharer reads what the link brought."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from engine.storage.vouchers.campaigns import put_campaign
from tests.api.site import Site, basket, campaign

ACCEPT = {
    "Accept": "text/html,application/xhtml+xml,image/apng,*/*;q=0.8",
    "Accept-Language": "fr",
    "User-Agent": "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140 Mobile",
}


@pytest.fixture
def phone(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


@pytest.fixture
def link(site: Site, phone: httpx.Client) -> str:
    """A link to a campaign that is open to anyone."""
    put_campaign(site.db, site.plan.store, campaign(share={"open_to": "anyone"}, budget={"max_vouchers": 4}))
    voucher = site.issue(site.sign_in(phone), time.time())
    made = phone.post("/v1/me/shares", json={"voucher_id": voucher}).json()
    assert made["picture_url"] == made["url"] + "/picture.png"
    return str(made["url"])


def hidden(page: str) -> str:
    [opened] = re.findall(r'name="opened" value="([0-9a-f]*)"', page)
    return str(opened)


def take(friend: httpx.Client, link: str) -> httpx.Response:
    """Opens the link and presses the button, a moment later than a program would."""
    opened = hidden(friend.get(link).text)
    return friend.post(f"{link}/coupon", data={"opened": opened}, follow_redirects=True)


def code_on(page: str) -> str:
    [code] = re.findall(r'class="digits">([^<]+)<', page)
    return str(code).replace(" ", "")


def sell(site: Site, code: str, key: str) -> httpx.Response:
    with site.till() as till:
        sale = {"code": code, "store": site.plan.store, "till": "1", "basket": basket()}
        return till.post("/v1/till/redeem", json=sale, headers={"Idempotency-Key": key})


def test_one_tap_without_a_sign_in(site: Site, phone: httpx.Client, link: str) -> None:
    with site.client(**ACCEPT) as friend:
        page = friend.get(link)
        assert "set-cookie" not in page.headers
        assert "<script" not in page.text
        coupon = take(friend, link)
        assert coupon.status_code == 200
        assert str(coupon.url).split("?")[0] == f"{link}/coupon"
        assert set(friend.cookies) == {"rayon_guest"}
        assert "Voir mon coupon" in friend.get(link).text
        assert code_on(friend.get(f"{link}/coupon").text) == code_on(coupon.text)
        assert phone.get("/v1/me").json()["points"] == {"available": 0, "pending": 50, "worth": None}
        assert sell(site, code_on(coupon.text), "k1").status_code == 200
    assert phone.get("/v1/me").json()["points"] == {"available": 50, "pending": 0, "worth": None}
    [mine] = phone.get("/v1/me/shares?lang=en").json()["items"]
    [opening] = mine["openings"]
    assert (opening["state"], opening["points"]) == ("active", 50)
    assert "used the offer" in opening["why"]


def test_what_is_pending_says_why(site: Site, phone: httpx.Client, link: str) -> None:
    """By program, and on the link's own page for who shared it; nobody else reads it there."""
    with site.client(**ACCEPT) as friend:
        take(friend, link)
        assert "rapporté" not in friend.get(link).text
    [mine] = phone.get("/v1/me/shares").json()["items"]
    [opening] = mine["openings"]
    assert opening["state"] == "pending"
    assert opening["until"] > opening["since"]
    assert "Un ami a ouvert le lien" in opening["why"]
    page = phone.get(link).text
    assert "en attente" in page
    assert opening["why"].split(".")[0] in page.replace("&#39;", "'")


def test_two_people_with_one_model_have_a_coupon_each(site: Site, phone: httpx.Client, link: str) -> None:
    codes = set()
    for _ in range(2):
        with site.client(**ACCEPT) as friend:
            codes.add(code_on(take(friend, link).text))
    assert len(codes) == 2
    assert phone.get("/v1/me").json()["points"]["pending"] == 100


def test_the_budget_holds_and_says_so_kindly(site: Site, link: str) -> None:
    said = []
    for _ in range(4):
        with site.client(**ACCEPT) as friend:
            said.append(take(friend, link))
    assert [a.status_code for a in said] == [200, 200, 200, 409]  # the sharer's was the first of four
    assert "terminée" in said[-1].text


def test_signing_in_later_brings_the_coupon_along(site: Site, link: str) -> None:
    with site.client(**ACCEPT) as friend:
        code = code_on(take(friend, link).text)
        site.sign_in(friend)
        assert "rayon_guest" not in friend.cookies
        [card] = friend.get("/v1/me/vouchers").json()["items"]
        assert card["code"] == code
        assert code_on(friend.get(f"{link}/coupon").text) == code


def test_a_campaign_for_those_who_sign_in(site: Site, phone: httpx.Client, link: str) -> None:
    put_campaign(site.db, site.plan.store, campaign())
    with site.client(**ACCEPT) as friend:
        page = friend.get(link).text
        assert f"/w/{site.plan.store}" in page
        assert 'name="opened"' not in page
        led = friend.post(f"{link}/coupon", data={"opened": ""})
        assert (led.status_code, led.headers["location"].split("?")[0]) == (303, f"/w/{site.plan.store}")
        assert not friend.cookies
        site.sign_in(friend)
        assert take(friend, link).status_code == 200
        assert len(friend.get("/v1/me/vouchers").json()["items"]) == 1


def test_the_sharer_has_theirs(site: Site, phone: httpx.Client, link: str) -> None:
    phone.post(f"{link}/coupon", data={"opened": ""})
    assert len(phone.get("/v1/me/vouchers").json()["items"]) == 1
    assert phone.get("/v1/me").json()["points"]["pending"] == 0


@pytest.mark.parametrize("path", ["", "/coupon", "/picture.png"])
def test_guessed_links(site: Site, path: str) -> None:
    with site.client(**ACCEPT) as friend:
        guessed = f"/s/{'A' * 16}"
        answer = friend.get(guessed + path, follow_redirects=True)
        assert answer.status_code == 404
        assert friend.post(f"{guessed}/coupon", data={"opened": ""}).status_code == 404
        assert not friend.cookies


def test_the_deal_as_a_picture(site: Site, phone: httpx.Client, link: str) -> None:
    with site.client(**ACCEPT) as friend:
        made = friend.get(f"{link}/picture.png")
    assert made.headers["content-type"] == "image/png"
    assert made.content[16:24] == (1200).to_bytes(4, "big") + (630).to_bytes(4, "big")
    assert phone.get("/v1/me").json()["points"]["pending"] == 0  # it is no opening
