"""One person alone in a shop was shown in heat, zones and flows, under a line that said that nobody is.

Input: one phone walks through the boutique for ten minutes. Right: no figure of any table, page or report moves, and
the number of devices that are there is said to be 0; with eleven more phones (k is 10) figures appear.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from api.context import AppContext
from api.managers.reports import Period, Reports
from api.managers.snapshot import Choice, take_snapshot
from engine.config import Config
from engine.ingest.decoders.native import NativeDecoder
from engine.privacy.pseudonyms import Pseudonyms
from engine.runtime.status import report
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import open_database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.presence.heatmaps import zone_flows, zone_hours
from tests.api.site import SECRETS
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique, frames, payload, stands

PLAN = boutique()
CONFIG = Config.model_validate({"privacy": {"k": 10, "block_s": 60.0}})
LONG_S = 300.0
ALWAYS = {"from_t": 0.0, "to_t": 4e9}


@pytest.mark.parametrize(("phones", "shown"), [(1, False), (12, True)])
def test_one_person_alone_is_shown_nowhere(phones: int, shown: bool, tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    runner = StoreRunner(PLAN, CONFIG, db, SECRETS.site_key)
    decoder = NativeDecoder({"boutique": PLAN.ap_index}, Pseudonyms(SECRETS.site_key))
    began = time.time() // 3600 * 3600 - 7200
    seen = []
    for at, readings in frames(PLAN, stands(PLAN, phones, LONG_S), LONG_S, every_s=5.0):
        now = began + at
        runner.advance([decoder.decode("rayon/boutique/readings/c1", payload(at, readings, began), now)], now)
        seen.append(runner.figures()["devices"])
        runner.checkpoint(now)
    for late_s in (200.0, 400.0):
        runner.advance([], began + LONG_S + late_s)
    runner.checkpoint(began + LONG_S + 400.0)
    assert max(seen) == (10 if shown else 0), "what is said of now goes in steps of k"
    assert bool(heat_rows(db, "boutique", **ALWAYS)) is shown
    assert bool(zone_hours(db, "boutique", **ALWAYS)) is shown
    assert not zone_flows(db, "boutique", **ALWAYS), "no ten of them went the same way"
    report(db, [runner], began)
    made = Reports(AppContext(CONFIG, db, SECRETS, {"boutique": PLAN}))
    found = made.report("boutique", Period(began, began + 7200))
    assert any(z.told.person_s.value for z in found.zones) is shown
    snapshot = take_snapshot(made, "boutique", Choice("now", None, PLAN.levels[0].id), began + LONG_S + 401)
    assert snapshot.devices == 0, "everybody has left"
    assert bool(snapshot.hours) is shown
    db.close()
