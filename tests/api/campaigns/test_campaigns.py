"""Campaigns over HTTP: made, listed, replaced, paused; wrong ones refused with every place."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from engine.storage.vouchers.campaigns import campaigns_version
from tests.api.site import Site, campaign_json

PATH = "/v1/stores/corner/campaigns"


@pytest.fixture
def manager(site: Site) -> Iterator[httpx.Client]:
    with site.manager() as client:
        yield client


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


def test_made_and_found(site: Site, manager: httpx.Client) -> None:
    before = campaigns_version(site.db, "corner")
    made = manager.post(PATH, json=campaign_json("cups"), headers=key("1"))
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/cups")
    assert manager.get(f"{PATH}/cups").json()["campaign"]["texts"]["en"]["title"] == "Green tea, 20% off"
    assert campaigns_version(site.db, "corner") > before
    twice = manager.post(PATH, json=campaign_json("cups"), headers=key("2"))
    assert (twice.status_code, twice.json()["code"]) == (409, "campaign_exists")


def test_pages_of_campaigns(manager: httpx.Client) -> None:
    for i in range(3):
        manager.post(PATH, json=campaign_json(f"c{i}"), headers=key(str(i)))
    first = manager.get(PATH, params={"limit": 3}).json()
    rest = manager.get(PATH, params={"limit": 3, "cursor": first["next"]}).json()
    ids = [c["campaign"]["id"] for c in first["items"] + rest["items"]]
    assert ids == ["c0", "c1", "c2", "store-1", "tea-20"]
    assert rest["next"] is None


def test_replaced_and_paused(manager: httpx.Client) -> None:
    changed = manager.put(f"{PATH}/tea-20", json=campaign_json("tea-20", priority=90), headers=key("1")).json()
    assert (changed["campaign"]["priority"], changed["version"]) == (90, 2)
    paused = manager.put(f"{PATH}/tea-20/state", json={"state": "paused"}, headers=key("2")).json()
    assert (paused["campaign"]["state"], paused["version"]) == ("paused", 3)
    assert manager.put(f"{PATH}/none", json=campaign_json("none"), headers=key("3")).status_code == 404
    other = manager.put(f"{PATH}/tea-20", json=campaign_json("cups"), headers=key("4"))
    assert {p["place"] for p in other.json()["problems"]} == {"body.id"}


def test_what_it_can_promise_is_told(manager: httpx.Client) -> None:
    manager.post(PATH, json=campaign_json("sure", precision=0.9), headers=key("1"))
    told = manager.get(f"{PATH}/sure/promise").json()
    assert told["asked"] == 0.9
    assert told["kept"] == (told["threshold"] is not None)
    assert 0 <= told["precision_low"] <= told["precision"] <= 1
    assert "of 10 right" in told["said"]
    assert manager.get(f"{PATH}/tea-20/promise").json()["asked"] == 0.8
    assert manager.get(f"{PATH}/none/promise").status_code == 404
    wrong = manager.post(PATH, json=campaign_json("never", precision=0.99), headers=key("2"))
    assert {p["place"] for p in wrong.json()["problems"]} == {"body.precision"}


def test_every_mistake_with_its_place(manager: httpx.Client) -> None:
    body = campaign_json("Bad Id", priority=101, colour="red") | {"place": {"product": "tea-1"}}
    answer = manager.post(PATH, json=body, headers=key("1"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert {"body.id", "body.priority", "body.colour", "body.place"} <= {p["place"] for p in answer.json()["problems"]}


def test_mistakes_against_the_plan(manager: httpx.Client) -> None:
    body = campaign_json("new", place={"zone": "cellar"})
    answer = manager.post(PATH, json=body, headers=key("1"))
    assert answer.status_code == 422
    assert [p["place"] for p in answer.json()["problems"]] == ["body.place.zone"]


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_dates_that_no_calendar_can_work_with(manager: httpx.Client, far: str) -> None:
    for send, path, name in ((manager.post, PATH, "new"), (manager.put, f"{PATH}/tea-20", "tea-20")):
        answer = send(path, json=campaign_json(name, when={"starts_at": far}), headers=key(name))
        assert answer.status_code == 422
        assert [p["place"] for p in answer.json()["problems"]] == ["body.when.starts_at"]


def test_unknown_store(manager: httpx.Client) -> None:
    assert manager.get("/v1/stores/nowhere/campaigns").status_code == 404
