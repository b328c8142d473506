"""Shared links: a page for friends and previews, points for distinct people only."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from engine.config import ApiConfig, Config
from tests.api.site import Site, basket, code_of

PHONES = [f"Mozilla/5.0 (Linux; Android 15; Phone {i}) Chrome/140" for i in range(4)]


@pytest.fixture
def phone(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


@pytest.fixture
def link(site: Site, phone: httpx.Client) -> str:
    """A link as the shopper gets it."""
    voucher = site.issue(site.sign_in(phone), time.time())
    made = phone.post("/v1/me/shares", json={"voucher_id": voucher})
    assert made.status_code == 201
    assert made.json() == phone.post("/v1/me/shares", json={"voucher_id": voucher}).json()
    return str(made.json()["url"])


def pending(phone: httpx.Client) -> int:
    return int(phone.get("/v1/me").json()["points"]["pending"])


def test_the_page_says_what_previews_need(site: Site, phone: httpx.Client, link: str) -> None:
    """Open Graph, absolute addresses, a picture of 1200 by 630, and no script."""
    with site.client() as friend:
        page = friend.get(link)
        tags = dict(re.findall(r'<meta property="(og:[a-z:_]+)" content="([^"]*)">', page.text))
        picture = friend.get(tags["og:image"])
    assert tags["og:title"] == "Le thé vert à −20 %"
    assert tags["og:url"] == link
    assert tags["og:type"] == "website"
    assert picture.headers["content-type"] == "image/png"
    assert picture.content[16:24] == (1200).to_bytes(4, "big") + (630).to_bytes(4, "big")
    assert "<script" not in page.text
    assert "Épicerie du coin" in page.text


def test_distinct_people_earn_points_once_each(site: Site, phone: httpx.Client, link: str) -> None:
    """Behind one address, by browser and cookie; the same person again earns nothing."""
    for agent in PHONES[:3]:
        with site.client(**{"User-Agent": agent}) as friend:
            for _ in range(3):
                friend.get(link)
    assert pending(phone) == 150
    statement = phone.get("/v1/me/points", params={"limit": 2}).json()
    assert (statement["pending"], statement["available"], len(statement["items"])) == (150, 0, 2)
    assert {(e["kind"], e["pending"]) for e in statement["items"]} == {("share_visit", 50)}
    rest = phone.get("/v1/me/points", params={"limit": 2, "cursor": statement["next"]}).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)


@pytest.mark.parametrize("form", [False, True])
def test_a_friend_who_comes_and_redeems_makes_points_available(
    site: Site, phone: httpx.Client, link: str, form: bool
) -> None:
    with site.client(**{"User-Agent": PHONES[0]}) as friend, site.till() as till:
        [join] = re.findall(r'href="(/w/[^"]*)"', friend.get(link).text)
        hidden = site.form(friend, path=join.replace("&amp;", "&"))
        if form:
            friend.post(f"/w/{site.plan.store}", data={"consent": "location_offers:page", **hidden})
            who = str(friend.get("/v1/me").json()["shopper_id"])
        else:
            who = site.sign_in(friend, opened=hidden["opened"])
        assert pending(phone) == 50
        sale = {"code": code_of(site.issue(who, time.time(), visit="friend's")), "store": site.plan.store, "till": "1"}
        sold = till.post("/v1/till/redeem", json=sale | {"basket": basket()}, headers={"Idempotency-Key": "sale"})
        assert sold.status_code == 200, sold.text
    assert phone.get("/v1/me").json()["points"] == {"available": 50, "pending": 0, "worth": None}
    kinds = [(e["kind"], e["available"], e["pending"]) for e in phone.get("/v1/me/points").json()["items"]]
    assert kinds == [("release", 50, -50), ("share_visit", 0, 50)]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"User-Agent": "facebookexternalhit/1.1"}),
        ("GET", {"User-Agent": "WhatsApp/2.24"}),
        ("GET", {"Sec-Purpose": "prefetch"}),
        ("GET", {"User-Agent": ""}),
    ],
)
def test_machines_earn_nothing(
    site: Site, phone: httpx.Client, link: str, method: str, headers: dict[str, str]
) -> None:
    with site.client(**headers) as bot:
        answer = bot.request(method, link)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert pending(phone) == 0


def test_the_sharer_earns_nothing_from_their_own_visit(site: Site, phone: httpx.Client, link: str) -> None:
    """Neither signed in, nor after signing out in the same browser."""
    phone.get(link)
    signed_in = phone.cookies["rayon_shopper"]
    phone.cookies.delete("rayon_shopper")
    phone.get(link)
    phone.cookies.set("rayon_shopper", signed_in)
    assert pending(phone) == 0


def test_unknown_links(site: Site) -> None:
    with site.client(Accept="text/html") as friend:
        answer = friend.get("/s/nothing-of-ours")
    assert answer.status_code == 404
    assert "n'existe plus" in answer.text.replace("&#39;", "'")


def test_somebody_elses_voucher_cannot_be_shared(site: Site, phone: httpx.Client) -> None:
    voucher = site.issue(site.sign_in(phone), time.time())
    with site.client() as thief:
        site.sign_in(thief)
        assert thief.post("/v1/me/shares", json={"voucher_id": voucher}).status_code == 404


class TestFlood:
    """Opens are limited per address."""

    @pytest.fixture
    def config(self) -> Config:
        return Config(api=ApiConfig(port=0, share_opens_per_minute=3))

    def test_opens_are_limited(self, site: Site, phone: httpx.Client, link: str) -> None:
        with site.client() as friend:
            answers = [friend.get(link) for _ in range(4)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429]
        assert "text/html" in answers[-1].headers["content-type"]
        assert int(answers[-1].headers["retry-after"]) > 0
