"""Campaigns over HTTP: made, listed, replaced, paused; wrong ones refused with every place."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from api.campaigns.looked_at import promise_words
from api.texts.language import Language
from engine.config import Config, OffersConfig
from engine.offers.campaigns import CampaignState
from engine.offers.promise import Promise
from engine.runtime.promised.foresight import Foretold
from engine.storage.vouchers.campaigns import campaigns_version, get_campaign, set_campaign_state
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


@pytest.mark.parametrize(("lang", "said", "denied"), [("en", "8 times in 10", "90%"), ("fr", "8 fois sur 10", "90")])
def test_a_word_that_is_just_missed_is_not_rounded_to_one_that_is_kept(lang: Language, said: str, denied: str) -> None:
    """0.88 of 0.9: "right 9 times in 10" stood beside "9 times in 10 cannot be promised"."""
    missed = Foretold("tea", 0.9, Promise(None, 0.88, 0.86, 0.5), ())
    words = promise_words(missed, lang).replace("\u00a0", " ")
    assert f"{said} (8" in words
    assert denied in words
    assert missed.sentence().startswith("cannot promise 90 %: if it goes badly, only 8 of 10 coupons")
    kept = promise_words(Foretold("tea", 0.9, Promise(0.7, 0.8999, 0.86, 0.5), ()), lang).replace("\u00a0", " ")
    assert said.replace("8", "9") in kept


def test_what_it_can_promise_is_told(site: Site, manager: httpx.Client) -> None:
    manager.post(PATH, json=campaign_json("sure", precision=0.9), headers=key("1"))
    told = manager.get(f"{PATH}/sure/promise", headers={"Accept-Language": "en"}).json()
    assert told["asked"] == 0.9
    assert told["kept"] == (told["threshold"] is not None)
    assert 0 <= told["precision_low"] <= told["precision"] <= 1
    assert "times in 10" in told["said"]
    french = manager.get(f"{PATH}/sure/promise", headers={"Accept-Language": "fr"}).json()
    assert "fois sur 10" in french["said"]
    own = manager.get(f"{PATH}/tea-20/promise").json()  # states no precision
    assert (own["asked"], own["kept"], own["threshold"]) == (
        None,
        None,  # nothing was promised, so nothing is kept
        get_campaign(site.db, "corner", "tea-20").campaign.min_probability,
    )
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


def test_the_later_of_two_editors_is_told(manager: httpx.Client) -> None:
    tag = manager.get(f"{PATH}/tea-20").headers["etag"]
    first = manager.put(f"{PATH}/tea-20", json=campaign_json(priority=1), headers=key("1") | {"If-Match": tag})
    assert (first.status_code, first.headers["etag"] != tag) == (200, True)
    for wrong in (tag, '"x"'):
        late = manager.put(f"{PATH}/tea-20", json=campaign_json(priority=2), headers=key(wrong) | {"If-Match": wrong})
        assert (late.status_code, late.json()["code"]) == (412, "campaign_changed")
    assert manager.get(f"{PATH}/tea-20").json()["campaign"]["priority"] == 1


class TestFourEyes:
    """A site where whoever may spend more than 5.00 needs a colleague."""

    @pytest.fixture
    def config(self, config: Config) -> Config:
        return config.model_copy(update={"offers": OffersConfig(four_eyes_above_minor=500)})

    def test_one_key_alone_starts_nothing_dear(self, site: Site, manager: httpx.Client) -> None:
        at_once = manager.post(PATH, json=campaign_json("dear"), headers=key("1"))
        assert (at_once.status_code, at_once.json()["code"]) == (409, "campaign_not_approved")
        assert manager.post(PATH, json=campaign_json("dear", state="draft"), headers=key("2")).status_code == 201
        for state, code in (("approved", "campaign_not_approved"), ("running", "campaign_state")):
            refused = manager.put(f"{PATH}/dear/state", json={"state": state}, headers=key(state))
            assert (refused.status_code, refused.json()["code"]) == (409, code)
        for state in ("approved", "running"):
            sly = manager.put(f"{PATH}/dear", json=campaign_json("dear", state=state), headers=key(f"sly {state}"))
            assert (sly.status_code, sly.json()["code"]) == (409, "campaign_not_approved")
        set_campaign_state(site.db, "corner", "dear", CampaignState.APPROVED, by="0123456789abcdef")
        assert manager.put(f"{PATH}/dear/state", json={"state": "running"}, headers=key("3")).status_code == 200
        other = campaign_json("dear", priority=99)
        assert manager.put(f"{PATH}/dear", json=other, headers=key("4")).json()["code"] == "campaign_not_approved"

    def test_what_cannot_spend_much_needs_nobody(self, manager: httpx.Client) -> None:
        cheap = campaign_json("cheap", budget={"max_vouchers": 5})  # of 0.99 each
        assert manager.post(PATH, json=cheap, headers=key("1")).status_code == 201
