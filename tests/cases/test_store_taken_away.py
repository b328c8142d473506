"""A store whose folder was taken away: its engine was waited for, so the site was never ready, and its alert fired.

Right: whoever starts with pages forgets what engines said of stores that have no floor plan any more.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from api.cli.startup import open_site
from engine.config import Config
from engine.storage.leases import take_lease
from engine.storage.status import CRM, ENGINE, EVERY_STORE, get_status, put_status
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS


def test_nobody_waits_for_the_engine_of_a_store_without_a_plan(tmp_path: Path) -> None:
    new_sqlite(tmp_path / "rayon.db")
    plans = tmp_path / "plans"
    for store in ("boutique", "supermarket"):
        shutil.copytree(FLOORPLANS / store, plans / store)
    config = Config.model_validate(
        {
            "stores": {"floorplans_dir": plans, "stores": ["boutique"]},
            "storage": {"url": f"sqlite:///{tmp_path}/rayon.db", "data_dir": tmp_path},
        }
    )
    site = open_site(config, environ={}, pages=True)
    for store in (EVERY_STORE, "boutique", "supermarket", "closed"):
        put_status(site.db, store, ENGINE, {}, 0.0)
    take_lease(site.db, "closed", "us, killed", 10.0)
    put_status(site.db, "closed", CRM, {}, 0.0)
    site.db.close()
    open_site(config, environ={}).db.close()  # an engine without pages: it may not know all that the pages show
    again = open_site(config, environ={}, pages=True)
    said = {(row.store, row.component) for row in get_status(again.db)}
    again.db.close()
    kept = {(store, ENGINE) for store in (EVERY_STORE, "boutique", "supermarket")}
    assert said == kept | {("closed", CRM)}, "another process serves the supermarket"
