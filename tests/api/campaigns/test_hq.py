"""HQ's campaigns over HTTP: written once for several stores, whose editors change what HQ lets them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.campaigns.forms import fields_of
from engine.config import Config
from engine.config.hearing import StoresConfig
from engine.offers.campaigns import CampaignState
from engine.storage.database import Database, open_database
from engine.storage.keys import add_key
from engine.storage.vouchers.campaigns import get_campaign
from tests.api.site import SECRETS, campaign_json, small_plan
from tests.databases import new_sqlite

PATH = "/v1/hq/campaigns/tea"
PLANS = {name: small_plan(name) for name in ("corner", "harbour")} | {"bare": replace(small_plan("bare"), products=())}


@dataclass
class Caller:
    """Somebody with the manager's key, or with another one's headers."""

    app: FastAPI

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: Any) -> httpx.Response:
        """The application's answer; no server is started for it."""

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
                return await client.request(method, path, headers=key | dict(headers or {}), **sent)

        return asyncio.run(answer())


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield made
    made.close()


@pytest.fixture
def site(db: Database, tmp_path: Path) -> Caller:
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path)}})
    app = create_app(config, db, SECRETS, PLANS, start_delivery=False)
    app.state.hub.close()
    return Caller(app)


def body(**changes: Any) -> dict[str, Any]:
    terms = {key: value for key, value in campaign_json().items() if key != "id"}
    may = {"offer.basis_points": {"from": 1000, "to": 2500}, "budget.max_vouchers": {"to": 50}, "texts": True}
    return {"stores": "*", "may_change": may, "budget": {"max_vouchers": 80}, "campaign": terms} | changes


def put(site: Caller, said: dict[str, Any], key: str = "k", **headers: str) -> Any:
    return site.ask("PUT", PATH, json=said, headers={"Idempotency-Key": key, **headers})


def test_written_given_and_read_with_its_stores(site: Caller) -> None:
    made = put(site, body())
    assert made.status_code == 200, made.text
    told = {s["store"]: (s["change"], [w["place"] for w in s["why"]]) for s in made.json()["stores"]}
    assert told == {
        "bare": ("left_out", ["campaign.place.product", "campaign.offer.sku"]),
        "corner": ("new", []),
        "harbour": ("new", []),
    }
    mine = campaign_json("tea", offer=campaign_json()["offer"] | {"basis_points": 2500})
    edited = site.ask("PUT", "/v1/stores/corner/campaigns/tea", json=mine, headers={"Idempotency-Key": "e"})
    assert edited.status_code == 200, edited.text
    one = site.ask("GET", PATH)
    assert one.headers["etag"] == '"1"'
    assert [(s["store"], s["own"], s["state"]) for s in one.json()["stores"]] == [
        ("corner", ["offer.basis_points"], "running"),
        ("harbour", [], "running"),
    ]
    assert [c["campaign"]["id"] for c in site.ask("GET", "/v1/hq/campaigns").json()["items"]] == ["tea"]
    assert put(site, body(stores=["corner"]), "l", **{"If-Match": '"7"'}).status_code == 412
    assert put(site, body(stores=[]), "m").status_code == 422
    assert put(site, body(id="other"), "n").json()["problems"][0]["place"] == "body.id"


def test_a_store_whose_plan_waits_to_be_mended_does_not_lose_its_campaign(site: Caller, db: Database) -> None:
    assert put(site, body()).status_code == 200
    ctx = site.app.state.ctx
    del ctx.plans["harbour"]  # a cluster's pages started beside its plan, which has a mistake
    ctx.config = ctx.config.model_copy(update={"stores": StoresConfig(stores=("bare", "corner", "harbour"))})
    terms = body()["campaign"] | {"priority": 7}
    refused = put(site, body(campaign=terms), "k2")
    assert refused.status_code == 422
    assert "harbour waits for its floor plan to be mended" in refused.text
    assert get_campaign(db, "harbour", "tea").campaign.state is not CampaignState.ENDED
    assert put(site, body(campaign=terms, stores=["corner"]), "k3").status_code == 200
    assert get_campaign(db, "harbour", "tea").campaign.state is CampaignState.ENDED, "as it is wished"


def test_what_hq_keeps_and_what_is_outside_its_limits_is_refused_by_field(site: Caller, db: Database) -> None:
    put(site, body())
    for terms, place in (
        (campaign_json("tea", offer=campaign_json()["offer"] | {"basis_points": 2600}), "body.offer.basis_points"),
        (campaign_json("tea", priority=3), "body.priority"),
    ):
        said = site.ask("PUT", "/v1/stores/corner/campaigns/tea", json=terms, headers={"Idempotency-Key": place})
        assert (said.status_code, [p["place"] for p in said.json()["problems"]]) == (422, [place])
    assert get_campaign(db, "corner", "tea").version == 1


def test_what_hq_lets_a_store_do_the_law_may_still_forbid(site: Caller) -> None:
    put(site, body(may_change={"offer.basis_points": {"to": 9000}}))
    much = campaign_json("tea", offer=campaign_json()["offer"] | {"basis_points": 8000, "sku": "tea-1"})
    said = site.ask("PUT", "/v1/stores/corner/campaigns/tea", json=much, headers={"Idempotency-Key": "law"})
    assert (said.status_code, [p["place"] for p in said.json()["problems"]]) == (422, ["body.offer"])


@pytest.mark.parametrize(
    ("lang", "limit", "kept"),
    [
        ("fr", "Le siège laisse un magasin donner de 10 à 25.", "Le siège en décide pour tous ses magasins"),
        ("en", "HQ lets a store give 10 to 25.", "HQ decides this for all its stores"),
    ],
)
def test_the_form_says_the_limit_in_its_own_unit(site: Caller, db: Database, lang: str, limit: str, kept: str) -> None:
    put(site, body())
    fields = fields_of(get_campaign(db, "corner", "tea").campaign, PLANS["corner"])
    sent = fields | {"percent": "40", "priority": "3", "version": "1", "do": "save"}
    said = site.ask("POST", f"/campaigns/corner/_form?lang={lang}", data=sent, headers={"Origin": "http://testserver"})
    assert said.status_code == 422
    assert limit in said.text
    assert kept in said.text


def test_who_may_not_in_one_of_its_stores_neither_reads_nor_writes_there(site: Caller, db: Database) -> None:
    put(site, body())
    key = add_key(db, "manager", time.time(), store="corner")[1]
    only = {"Authorization": f"Bearer {key}"}
    [seen] = site.ask("GET", "/v1/hq/campaigns", headers=only).json()["items"]
    assert [s["store"] for s in seen["stores"]] == ["corner"]
    assert put(site, body(stores=["corner"]), "o", **only).status_code == 404
    mine = site.ask("PUT", "/v1/hq/campaigns/mine", json=body(), headers={"Idempotency-Key": "p", **only}).json()
    assert [(s["store"], s["change"]) for s in mine["stores"]] == [("corner", "new")]
    named = body(stores=["corner", "harbour"])
    mine = site.ask("PUT", "/v1/hq/campaigns/mine", json=named, headers={"Idempotency-Key": "q", **only}).json()
    assert [(s["store"], s["change"]) for s in mine["stores"]] == [("corner", "same"), ("harbour", "left_out")]
