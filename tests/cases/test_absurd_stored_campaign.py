"""A campaign that an older version stored, with dates in the year 9999 or a budget past 64 bits, stopped the engine.

Input: rows as an older version wrote them, beside a sound one. Right: the engine starts and offers what it can; what
goes is used as near to what it says as it goes, what does not is left out; the log names both, and so does
`rayon doctor`; managers can put them anew.
"""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from api.cli.data.checks import Condition
from api.cli.data.doctor import examine
from api.cli.startup import open_site, read_config
from engine.config import Config
from engine.errors import NotFound
from engine.plan.load import load_plan
from engine.runtime.decisions import OfferDesk
from engine.storage.database import Database, open_database
from engine.storage.models.vouchers import CampaignTable
from engine.storage.vouchers.campaign_files import apply_campaigns, compare_campaigns
from engine.storage.vouchers.campaigns import get_campaign, list_campaigns, put_campaign, set_campaign_state
from engine.storage.vouchers.rows.specs import UnreadableCampaign, read_spec
from tests.brokers import free_port
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS
from tests.engine.storage.scenes import NOW, STORE, campaign
from tests.sites import SITE_KEY

FAR = {"starts_at": "0001-01-01T00:00:00Z", "ends_at": "9999-12-31T23:59:59+14:00"}


def spoil(db: Database, store: str, campaign_id: str, **changes: Any) -> None:
    """As another version would have written it."""
    with db.write() as session:
        row = session.exec(
            select(CampaignTable).where(CampaignTable.store == store, CampaignTable.campaign_id == campaign_id)
        ).one()
        row.spec = json.dumps(json.loads(row.spec) | changes)


def stored(db: Database) -> None:
    for name in ("apples", "figs", "pears", "plums"):
        put_campaign(db, STORE, campaign(name), NOW)
    spoil(db, STORE, "figs", when=FAR, budget={"max_vouchers": 10**30}, colour="red", name="Fi\x1bgs")
    spoil(db, STORE, "pears", offer={"kind": "percent", "applies_to": "product", "sku": "A1", "basis_points": 20_000})


def test_what_goes_is_used_and_what_does_not_is_left_out(db: Database) -> None:
    stored(db)
    assert [c.campaign.id for c in list_campaigns(db, STORE)] == ["apples", "figs", "plums"]
    assert [c.campaign.id for c in list_campaigns(db, STORE, after="figs", limit=1)] == ["plums"]
    figs = get_campaign(db, STORE, "figs").campaign
    assert figs.when.starts_at is not None
    assert figs.when.ends_at is not None
    assert (figs.when.starts_at.year, figs.when.ends_at.isoformat()) == (1970, "2200-12-31T23:59:59+14:00")
    assert (figs.budget.max_vouchers, figs.name) == (10**14, "Figs")
    assert set_campaign_state(db, STORE, "figs", figs.state, NOW).campaign == figs
    with pytest.raises(UnreadableCampaign, match=r"offer.*basis_points must be at most 10000"):
        get_campaign(db, STORE, "pears")
    with pytest.raises(NotFound):
        get_campaign(db, STORE, "none")
    assert put_campaign(db, STORE, campaign("pears"), NOW).campaign == get_campaign(db, STORE, "pears").campaign


def test_the_file_takes_the_place_of_one_that_cannot_be_used(db: Database) -> None:
    stored(db)
    file = [campaign(name) for name in ("apples", "figs", "pears")]
    (said,) = [str(d) for d in compare_campaigns(db, STORE, file) if d.campaign_id == "pears"]
    assert "cannot be used by this version" in said
    apply_campaigns(db, STORE, file, NOW)
    assert compare_campaigns(db, STORE, file) == []
    assert get_campaign(db, STORE, "pears").campaign == campaign("pears")


def test_the_engine_starts_and_names_them_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    plan = load_plan(FLOORPLANS / "boutique")
    for name in ("own", "far", "bad"):
        changes = {"place": {"store": True}, "offer": {"kind": "percent", "applies_to": "basket", "basis_points": 500}}
        put_campaign(db, plan.store, campaign(name, **changes), NOW)
    spoil(db, plan.store, "far", when=FAR)
    spoil(db, plan.store, "bad", texts=None)
    desk = OfferDesk(plan, Config(), db, SITE_KEY.encode())
    with caplog.at_level(logging.WARNING):
        assert desk.refresh()
        put_campaign(db, plan.store, campaign("more", **changes), NOW)
        assert desk.refresh()
    db.close()
    assert [c.id for c in desk.campaigns] == ["far", "more", "own"]
    lines = [r.getMessage() for r in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("boutique: campaign bad is left out: texts must hold keys with values")
    assert lines[1].startswith("boutique: campaign far is used as near to that as it goes: when.")


def test_the_doctor_says_both(tmp_path: Path) -> None:
    shutil.copytree(FLOORPLANS / "boutique", tmp_path / "plans" / "boutique")
    url = new_sqlite(tmp_path / "data" / "rayon.db")
    config = tmp_path / "config.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "stores": {"floorplans_dir": str(tmp_path / "plans")},
                "mqtt": {"port": free_port()},
                "storage": {"url": url, "data_dir": str(tmp_path / "data")},
            }
        )
    )
    open_site(read_config(config), environ={}).db.close()
    db = open_database(url)
    (first, second, *_) = [c.campaign.id for c in list_campaigns(db, "boutique")]
    spoil(db, "boutique", first, when=FAR)
    spoil(db, "boutique", second, margin_minor="much")
    db.close()
    open_site(read_config(config), environ={}).db.close()
    said = {f.health: f.says for f in examine(config, {}) if "the stored campaign" in f.says}
    assert f"the stored campaign {first} is used as near to what it says" in said[Condition.WARNING]
    assert f"the stored campaign {second} cannot be used, and is left out: margin_minor" in said[Condition.WRONG]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"id": "a"}', "1e999"])
def test_whatever_stands_there_nothing_is_raised(text: str) -> None:
    spec = read_spec(text)
    assert spec.campaign is None
    assert spec.wrong
