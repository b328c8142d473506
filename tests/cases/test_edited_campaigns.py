"""edited-campaigns: campaigns.yaml edited after the first start changed nothing, and nothing said so.

Input: a file with one campaign changed, one new, one gone; one that a manager edited, one that a manager made.
Right: said at the start; `rayon campaigns apply` says what it does and does it; vouchers keep their terms. And the
file's mistakes are all said at once, in words, by `rayon plan check`.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli.data.campaigns import apply
from api.cli.plan.check import check
from api.cli.startup import open_site
from engine.config import Config, parse_config
from engine.errors import OperatorError
from engine.offers.campaigns import CampaignState
from engine.storage.database import Database, open_database
from engine.storage.vouchers.campaign_files import apply_campaigns, compare_campaigns
from engine.storage.vouchers.campaigns import (
    get_campaign,
    list_campaigns,
    put_campaign,
    seed_campaigns,
    set_campaign_state,
)
from engine.storage.vouchers.vouchers import voucher_of
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS
from tests.engine.storage.scenes import NOW, STORE, campaign, issue, shopper


def said(db: Database, *wanted: Any) -> list[str]:
    return [str(difference) for difference in compare_campaigns(db, STORE, wanted)]


def test_the_file_is_compared_and_taken_and_vouchers_keep_their_terms(db: Database) -> None:
    apples, pears, plums = campaign("apples"), campaign("pears"), campaign("plums")
    seed_campaigns(db, STORE, [apples, pears, plums], NOW)
    put_campaign(db, STORE, campaign("own"), NOW)
    who = shopper(db).shopper_id
    voucher_id = issue(db, who)
    terms = voucher_of(db, voucher_id, who)
    assert said(db, apples, pears, plums) == []

    dearer = campaign("apples", margin_minor=70, texts=apples.texts.model_dump() | {})
    file = [dearer, pears, campaign("figs")]
    assert said(db, *file) == ["apples: changed: margin_minor: 100 → 70", "figs: new", "plums: ended"]
    apply_campaigns(db, STORE, file, NOW + 1)
    assert said(db, *file) == []
    assert get_campaign(db, STORE, "apples").campaign.margin_minor == 70
    assert get_campaign(db, STORE, "apples").vouchers_used == 1
    assert get_campaign(db, STORE, "plums").campaign.state is CampaignState.ENDED
    assert get_campaign(db, STORE, "own").campaign.state is CampaignState.RUNNING
    assert voucher_of(db, voucher_id, who) == terms


def test_what_a_manager_did_is_said_and_a_pause_stays(db: Database) -> None:
    seed_campaigns(db, STORE, [campaign("apples")], NOW)
    set_campaign_state(db, STORE, "apples", CampaignState.PAUSED, NOW)
    assert said(db, campaign("apples")) == []
    changed = campaign("apples", margin_minor=70)
    assert said(db, changed) == ["apples: changed (edited by a manager meanwhile): margin_minor: 100 → 70"]
    apply_campaigns(db, STORE, [changed], NOW)
    assert get_campaign(db, STORE, "apples").campaign.state is CampaignState.PAUSED
    again = campaign("apples", margin_minor=70, state="running")
    assert said(db, again) == ["apples: changed: state: 'paused' → 'running'"]


def edit(path: Path) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load(path.read_text())
    return raw


def test_it_is_said_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    new_sqlite(tmp_path / "rayon.db")
    plans = tmp_path / "plans"
    shutil.copytree(FLOORPLANS / "boutique", plans / "boutique")
    config = Config.model_validate(
        {
            "stores": {"floorplans_dir": plans},
            "storage": {"url": f"sqlite:///{tmp_path / 'rayon.db'}", "data_dir": tmp_path / "data"},
        }
    )
    open_site(config, environ={}).db.close()
    assert "differs" not in caplog.text
    path = plans / "boutique" / "campaigns.yaml"
    raw = edit(path)
    raw["campaigns"][0]["margin_minor"] += 1
    path.write_text(yaml.safe_dump(raw))
    open_site(config, environ={}).db.close()
    first = raw["campaigns"][0]["id"]
    assert f"boutique: campaigns.yaml differs from the campaigns that run: {first} (changed)." in caplog.text
    assert "rayon campaigns apply" in caplog.text


def test_plan_check_says_all_mistakes_of_the_campaigns_at_once_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "boutique"
    shutil.copytree(FLOORPLANS / "boutique", folder)
    raw = edit(folder / "campaigns.yaml")
    raw["store"] = "elsewhere"
    raw["campaigns"][0]["redeem_probability"] = 7
    raw["campaigns"][0]["colour"] = "red"
    del raw["campaigns"][1]["texts"]
    raw["campaigns"][2]["id"] = raw["campaigns"][3]["id"]
    raw["campaigns"][3]["place"] = {"product": "no-such", "radius_m": 3.0}
    (folder / "campaigns.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(OperatorError) as refused:
        check(folder, as_json=False)
    found = {p.place: p.reason for p in refused.value.problems}
    assert found["store"] == "'elsewhere' is not this plan's store"
    assert found["campaigns.0.redeem_probability"] == "must be at most 1"
    assert found["campaigns.0.colour"] == "is no key that Rayon knows"
    assert found["campaigns.1.texts"] == "is missing"
    assert found["campaigns.3.place.product"] == "unknown sku 'no-such'"
    assert found["campaigns.3.id"].endswith("is used by campaigns.2 too")


def test_mistakes_of_the_configuration_are_in_words_too() -> None:
    raw = {"mqtt": {"port": 0, "protocol": "4"}, "positioning": {"cell_m": "wide"}, "storage": {"lease": 3}}
    with pytest.raises(OperatorError) as refused:
        parse_config(raw, "config.yaml")
    assert sorted(str(p) for p in refused.value.problems) == [
        "config.yaml: mqtt.port: must be at least 1 (got 0)",
        "config.yaml: mqtt.protocol: must be '5' or '3.1.1' (got '4')",
        "config.yaml: positioning.cell_m: must be a number (got 'wide')",
        "config.yaml: storage.lease: is no key that Rayon knows (did you mean 'lease_s'?)",
    ]


def test_the_file_of_a_store_that_is_not_served_is_refused(tmp_path: Path) -> None:
    plans = tmp_path / "plans"
    for store in ("boutique", "supermarket"):
        shutil.copytree(FLOORPLANS / store, plans / store)
    config = tmp_path / "config.yaml"
    stores = {"floorplans_dir": str(plans), "stores": ["boutique"]}
    url = new_sqlite(tmp_path / "rayon.db")
    config.write_text(yaml.safe_dump({"stores": stores, "storage": {"url": url, "data_dir": str(tmp_path)}}))
    open_database(url).close()
    for folder in (plans / "supermarket", tmp_path / "elsewhere"):
        with pytest.raises(OperatorError) as refused:
            apply(folder, dry_run=False, config=config)
        (problem,) = refused.value.problems
        assert problem.reason.startswith(f"this site does not serve the store {folder.name!r}")
        assert problem.fix.startswith("one of boutique; or add it to stores.stores")
    db = open_database(url)
    assert list_campaigns(db, "supermarket") == []
    db.close()
    apply(plans / "boutique", dry_run=False, config=config)
