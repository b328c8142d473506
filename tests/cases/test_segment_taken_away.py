"""segment-taken-away: a segment went out of config.yaml, and a manager's campaign for it fell silent without a word.

Input: a stored campaign for a segment of a site that declares none any more; one that has ended; one that names two, of
which one is left. Right: named at the start and by `rayon doctor`, with the way out; the ended one is not.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
import yaml

from api.cli.data.checks import Condition, check_database, check_plans
from api.cli.data.places import SitePlaces
from api.cli.startup import open_site, read_config
from engine.offers.campaigns import CampaignState
from engine.storage.vouchers.campaigns import put_campaign
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS
from tests.engine.storage.scenes import campaign

KEPT = {"name": "regulars", "fr": "Fidèles", "en": "Regulars", "when": [{"fact": "visits", "at_least": 3}]}


def test_a_campaign_for_a_segment_that_is_gone_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(FLOORPLANS / "boutique", tmp_path / "plans" / "boutique")
    new_sqlite(tmp_path / "rayon.db")
    path = tmp_path / "config.yaml"
    raw = {
        "stores": {"floorplans_dir": str(tmp_path / "plans")},
        "storage": {"url": f"sqlite:///{tmp_path / 'rayon.db'}", "data_dir": str(tmp_path / "data")},
        "segments": [KEPT],
    }
    path.write_text(yaml.safe_dump(raw))
    site = open_site(read_config(path), environ={})
    for name, segments, state in (
        ("nobody", ("gone",), CampaignState.RUNNING),
        ("half", ("gone", "regulars"), CampaignState.PAUSED),
        ("over", ("gone",), CampaignState.ENDED),
        ("fine", ("regulars",), CampaignState.RUNNING),
    ):
        put_campaign(site.db, "boutique", campaign(name, audience={"segments": segments}, state=state))
    site.db.close()
    caplog.set_level(logging.WARNING)
    open_site(read_config(path), environ={}).db.close()
    nobody = "boutique: campaign nobody is for gone, which the site does not declare: it speaks to nobody"
    half = "boutique: campaign half is for gone, which the site does not declare: its other segments are meant still"
    said = [record.getMessage() for record in caplog.records if "does not declare" in record.getMessage()]
    assert said == [
        f"{one}. Declare it under segments, or change the campaign's audience" for one in sorted([nobody, half])
    ]
    config = read_config(path)
    plans, _ = check_plans(config, str(path))
    looked = check_database(SitePlaces.of(config, {}), plans, None, config)
    found = [f for f in looked if "does not declare" in f.says]
    assert {f.says for f in found} == {nobody, half}
    assert {(f.what, f.health) for f in found} == {("campaigns", Condition.WARNING)}

    raw["segments"] = [KEPT | {"when": [{"fact": "visits", "store": "elsewhere"}]}]
    path.write_text(yaml.safe_dump(raw))
    (wrong,) = check_plans(read_config(path), str(path))[1]
    assert (wrong.what, wrong.health) == ("segments", Condition.WRONG)
    assert "elsewhere" in wrong.says
