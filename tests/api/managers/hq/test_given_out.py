"""HQ's page beside budgets: what stores share, each store of a campaign, and what it has of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from engine.config import Config
from engine.offers.campaigns import Campaign
from engine.offers.hq.campaigns import read_hq_campaign
from engine.offers.lifecycle import nobody_asks
from engine.storage.accounts.audit import Actor
from engine.storage.database import Database, open_database
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.hq.giving import HqStore, give_hq_campaign
from tests.api.site import SECRETS, campaign_json, small_plan
from tests.databases import new_sqlite

PLANS = {name: small_plan(name) for name in ("corner", "harbour")}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """One campaign in two stores, of which one has a wording and a priority of its own."""
    made = open_database(new_sqlite(tmp_path / "rayon.db"))
    terms = {key: value for key, value in campaign_json().items() if key != "id"}
    raw = {"id": "tea", "stores": "*", "may_change": {"texts": True, "priority": {"to": 90}}, "campaign": terms}
    hq, wrong = read_hq_campaign(raw | {"budget": {"max_vouchers": 70}}, "f", "c")
    assert hq is not None, wrong
    stores = {name: HqStore(plan, None, nobody_asks) for name, plan in PLANS.items()}
    give_hq_campaign(made, hq, stores, 1.0, by=Actor("head office"))
    runs = json.loads(get_campaign(made, "harbour", "tea").campaign.model_dump_json(by_alias=True))
    runs["texts"]["en"]["title"] = "Tea at the harbour"
    put_campaign(made, "harbour", Campaign.model_validate_json(json.dumps(runs | {"priority": 80})), 2.0)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", ["Campaigns for several stores", "its stores together", ">70<", "1 of 1", "Priority, Wording"]),
        ("fr", ["Campagnes pour plusieurs magasins", "ses magasins ensemble", ">70<", "Priorité, Formulation"]),
    ],
)
def test_what_stores_share_and_have_of_their_own_is_on_the_page(
    db: Database, tmp_path: Path, lang: str, said: list[str]
) -> None:
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path)}})
    app = create_app(config, db, SECRETS, PLANS, start_delivery=False)
    app.state.hub.close()

    async def page() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
            await client.post("/manage/sign-in", data={"key": SECRETS.manager_key})
            return await client.get(f"/hq?lang={lang}", headers=key)

    found = asyncio.run(page())
    assert found.status_code == 200, found.text
    text = found.text.replace("\u00a0", " ")
    assert [sentence for sentence in said if sentence not in text] == []
    assert text.count('href="/campaigns/harbour/tea') == 1
