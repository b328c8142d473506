"""One flipped byte in secrets.json, or a database that was copied without it, and a site started as if nothing were: no
coupon was known at the tills, no phone and no sign-in any more, and new ones were made under the wrong key.

Input: a database with a coupon, and a key of which one digit differs, or none. Right: no start, a sentence with the
way out, and nothing left behind; a way on where the key is lost for good.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from api.cli.startup import KEY_LOST, open_site
from engine.config import Config
from engine.errors import OperatorError
from engine.privacy.secrets import SECRETS_FILE
from engine.storage.database import open_database
from engine.storage.upkeep.soundness import code_fits
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS
from tests.engine.storage.scenes import NO_LIMITS, NOW, STORE, campaign, candidate, shopper

KEY = "0123456789abcdef" * 4
FLIPPED = "0123456789abcdee" + KEY[16:]


def made(tmp_path: Path) -> Config:
    """A site whose one coupon was made with KEY."""
    shutil.copytree(FLOORPLANS / "boutique", tmp_path / "plans" / "boutique")
    url = new_sqlite(tmp_path / "rayon.db")
    db = open_database(url)
    assert code_fits(db, KEY.encode())
    put_campaign(db, STORE, campaign(), NOW)
    assert claim(db, [candidate(shopper(db).shopper_id)], NO_LIMITS, KEY.encode(), NOW).vouchers
    db.close()
    stores, storage = {"floorplans_dir": tmp_path / "plans"}, {"url": url, "data_dir": tmp_path / "data"}
    return Config.model_validate({"stores": stores, "storage": storage})


def test_no_start_with_another_key(tmp_path: Path) -> None:
    config, file = made(tmp_path), tmp_path / "data" / SECRETS_FILE
    file.parent.mkdir()
    said = []
    for content in (f'{{"site_key": "{FLIPPED}"}}', None):
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_text(content)
        with pytest.raises(OperatorError) as refused:
            open_site(config, environ={})
        said += refused.value.problems
        assert file.exists() == (content is not None)
    assert [problem.file for problem in said] == [str(file)] * 2
    assert {(p.place, p.reason) for p in said} == {
        ("site_key", "the site key is not the one that this database's coupons were made with")
    }
    assert all("`rayon restore`" in p.fix and KEY_LOST in p.fix for p in said)
    file.write_text(f'{{"site_key": "{KEY}"}}')
    open_site(config, environ={}).db.close()
    open_site(config, environ={"RAYON_SITE_KEY": FLIPPED, KEY_LOST: "1"}).db.close()
    with pytest.raises(OperatorError, match="RAYON_SITE_KEY"):
        open_site(config, environ={"RAYON_SITE_KEY": FLIPPED})
