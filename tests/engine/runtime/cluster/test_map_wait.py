"""A shard never waits for a radio map: stores whose maps are not made go on, the others do not notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.config import Config
from engine.ingest.mqtt.receiver import RawFrame, Token
from engine.positioning.learning.self_calibration import Fitted
from engine.records import Fixes
from engine.runtime.cluster.map_wait import PATIENCE_S, MapWait
from engine.runtime.map_fits import ONE_FIT, FitsInPlace
from engine.runtime.store_engine import StoreEngine
from engine.storage.database import Database, open_database
from tests.databases import new_sqlite
from tests.engine.runtime.cluster.wired import WiredShard
from tests.engine.runtime.made import boutique, frames, payload, stands
from tests.engine.runtime.test_learning_locator import decoded

PLAN = boutique()
T0 = 1_800_000_000.0
COARSE = {"cell_m": 2.0}
CHECKPOINTS_S = 4.0
"""A message waits for no longer than this for the checkpoint that has it, where a checkpoint is due each second."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield opened
    opened.close()


def test_stores_that_need_first_maps_at_once_keep_nobody_waiting(db: Database, tmp_path: Path) -> None:
    """Not one fit ends in all that time: what a shard of fifty stores comes near to for the last of them."""
    stores = ["a", "b"]
    shard = WiredShard(db, tmp_path, {s: replace(PLAN, store=s) for s in stores}, T0, positioning=COARSE)
    lags, fixes = [], []
    with ONE_FIT:
        for sent, rows in frames(PLAN, stands(PLAN, 2, 40.0), 40.0):
            said = payload(sent, rows, T0)
            shard.turn(T0 + sent, *((f"rayon/{store}/readings/c1", said) for store in stores))
            lags.append(shard.lag_s)
            fixes.append(shard.count("a", "fixes"))
    assert max(lags[:40]) <= CHECKPOINTS_S + 0.5, "nobody needs a map yet"
    assert max(lags) <= PATIENCE_S + CHECKPOINTS_S + 0.5
    assert max(lags[-16:]) <= CHECKPOINTS_S + 0.5, "a map is waited for once"
    assert fixes[-1] > fixes[-16] > fixes[40] > 0
    assert [shard.count(store, "radio_maps") for store in stores] == [0, 0]


class Slow(FitsInPlace):
    """Fits that are done when the test says so, and that nobody may wait for."""

    ready = True

    def begin(self, task: Callable[[], Fitted]) -> None:
        """Not done yet."""
        super().begin(task)
        self.ready = False


def places(fixes: list[Fixes]) -> list[tuple[float, float, float]]:
    return [(round(float(t) - T0, 3), round(float(x), 2), round(float(y), 2))
            for f in fixes for t, x, y in sorted(zip(f.t, f.x_m, f.y_m, strict=True))]  # fmt: skip


class Asked:
    """An engine as its shard asks it."""

    def __init__(self, fits: FitsInPlace) -> None:
        self.engine = StoreEngine(PLAN, Config.model_validate({"positioning": COARSE}), fits=fits)
        self.reaches = self.engine.reaches
        self.needs_no_map_until = self.engine.maps.needs_no_map_until

    @property
    def lacks_map(self) -> bool:
        return self.engine.maps.lacks_map


@pytest.mark.parametrize("at_once", [1, 200])
def test_a_map_that_comes_in_time_gives_the_fixes_of_an_engine_that_waits(at_once: int) -> None:
    """However much comes at once, as after an outage."""
    given, fits, wait = [replace(frame, replay=True) for frame in decoded()], Slow(), MapWait()
    straight, asked = Asked(FitsInPlace()), Asked(fits)
    want = places([straight.engine.step([frame], T0 + 60.0).fixes for frame in given])
    got, waited = [], 0
    for k in range(0, len(given), at_once):
        wait.add([(RawFrame("", b"", T0 + 60.0, Token(0, k)), frame) for frame in given[k : k + at_once]])
        while wait.behind:
            part = wait.next_part(asked, T0 + 60.0)
            fits.ready |= part is None
            waited += part is None
            got += [] if part is None else [asked.engine.step([f for _, f in part], T0 + 60.0).fixes]
    assert waited == straight.engine.counts["radio_maps"] == 2
    assert np.array(places(got)) == pytest.approx(np.array(want), abs=0.02)
