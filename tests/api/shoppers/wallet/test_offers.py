"""Offers to ask for: those that say so, once a day of the store, within caps, law and consent."""

from __future__ import annotations

import time

import httpx
import pytest

from engine.privacy.consent import ConsentChoice
from engine.storage.last_places import LastPlace, note_places
from engine.storage.people.shoppers import set_consents
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.vouchers import vouchers_of
from tests.api.site import Site, campaign


@pytest.fixture
def asked(site: Site) -> Site:
    """Tea on request for everybody, tea on request until it ran out, and tea that comes by itself only."""
    put_campaign(site.db, "corner", campaign("tea-asked", on_request=True), time.time())
    put_campaign(site.db, "corner", campaign("tea-gone", on_request=True, budget={"max_vouchers": 0}), time.time())
    put_campaign(site.db, "corner", campaign("tea-paused", on_request=True, state="paused"), time.time())
    return site


def arrive(site: Site, phone: httpx.Client) -> str:
    """Signs in, with a phone that is proved theirs and was located in the store just now."""
    who = site.sign_in(phone, **site.redirect())
    note_places(site.db, [LastPlace("corner", who, "ground", 8.0, 2.0, 1.5, time.time())])
    return who


def take(phone: httpx.Client, campaign_id: str) -> httpx.Response:
    return phone.post(f"/v1/me/offers/{campaign_id}?lang=en")


def test_what_may_be_asked_for_is_listed_and_comes_once(asked: Site) -> None:
    with asked.client() as phone:
        who = arrive(asked, phone)
        items = phone.get("/v1/me/offers?lang=en").json()["items"]
        assert {item["campaign_id"] for item in items} == {"tea-asked", "tea-gone"}
        assert items[0]["title"] == "Green tea, 20% off"
        assert items[0]["goods"]["after"] == "€4.00"
        got = take(phone, "tea-asked")
        assert got.status_code == 201
        assert [d.voucher.voucher_id for d in vouchers_of(asked.db, who)] == [got.json()["voucher_id"]]
        assert phone.get("/v1/me/vouchers?lang=en").json()["items"][0]["why"] == (
            "You asked for it on this page, and you agreed to receive offers."
        )  # no access point ever heard this phone
        listed = phone.get("/v1/me/offers?lang=en").json()["items"]
        assert {item["campaign_id"]: item["taken"] for item in listed} == {"tea-asked": True, "tea-gone": False}
        again = take(phone, "tea-asked")
        assert (again.status_code, again.json()["code"]) == (409, "offer_refused")
        assert again.json()["detail"].startswith("You have had enough")


@pytest.mark.parametrize(
    ("campaign_id", "said"),
    [
        ("tea-gone", "This offer has run out."),
        ("tea-paused", "This offer is not available now."),
        ("tea-20", "This offer is not available now."),
        ("nothing", "This offer is not available now."),
    ],
)
def test_what_may_not_be_asked_for_is_refused_in_words(asked: Site, campaign_id: str, said: str) -> None:
    with asked.client() as phone:
        arrive(asked, phone)
        answer = take(phone, campaign_id)
        assert (answer.status_code, answer.json()["detail"]) == (409, said)


def test_without_consent_nothing_is_given(asked: Site) -> None:
    with asked.client() as phone:
        who = arrive(asked, phone)
        choices = [ConsentChoice("location_offers", "page", False), ConsentChoice("statistics", "any", True)]
        set_consents(asked.db, who, choices, "2026-11-28", "me", time.time())
        assert phone.get("/v1/me/offers").json()["items"] == []
        assert take(phone, "tea-asked").json()["detail"] == "Turn offers on first, among your choices."
        assert vouchers_of(asked.db, who) == []


@pytest.mark.parametrize("caps", [{"per_day": 0}, {"per_week": 0}])
def test_who_wants_none_is_shown_none(asked: Site, caps: dict[str, int]) -> None:
    with asked.client() as phone:
        arrive(asked, phone)
        assert phone.put("/v1/me/quiet", json=caps).status_code == 200
        assert phone.get("/v1/me/offers").json()["items"] == []
        assert take(phone, "tea-asked").status_code == 409


def test_who_restricts_is_shown_none(asked: Site) -> None:
    with asked.client() as phone:
        arrive(asked, phone)
        assert phone.put("/v1/me/rights", json={"restricted": True}).status_code == 200
        assert phone.get("/v1/me/offers").json()["items"] == []
        assert take(phone, "tea-asked").status_code == 409
