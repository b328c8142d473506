"""The salt turns in a running engine: who is there stays one device with one visit, through a crash right after too."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path

from engine.storage.database import Database, open_database
from tests.databases import new_sqlite
from tests.engine.runtime.made import Stand, boutique, frames, payload
from tests.engine.runtime.shifts import STORE, Shift
from tests.engine.runtime.wire import Wire

TURN = dt.datetime.fromisoformat("2026-11-28T04:00+01:00").timestamp()
BEFORE_S, RUN_S, EVERY_S = 20.0, 44.0, 0.5
MAC = "02:00:00:00:00:01"


def test_a_phone_stays_one_through_the_turn_and_a_crash(tmp_path: Path) -> None:
    with closing(open_database(new_sqlite(tmp_path / "rayon.db"))) as db:
        names, visits = follow(db, tmp_path)
    assert len(names) == 2, "another name from the turn on, the same one after the crash"
    assert visits[int(BEFORE_S / EVERY_S) - 1] == 1, "it was in its zone before the turn"
    assert visits[-1] == 1, "and entered none anew since then"


def follow(db: Database, folder: Path) -> tuple[set[int], list[int]]:
    """What the phone is called, and visits to zones so far, at each half second in which an engine works."""
    plan, wire = boutique(), Wire()
    wire.now = origin = TURN - BEFORE_S
    engine = Shift(db, plan, folder, wire)
    names: set[int] = set()
    visits: list[int] = []
    for sent, readings in frames(plan, [Stand(MAC, plan.products[0].sku, 0.0, RUN_S)], RUN_S, EVERY_S):
        wire.now = origin + sent
        wire.publish(f"rayon/{STORE}/readings/c1", payload(sent, readings, origin))
        if sent == BEFORE_S + 4.0:
            engine = Shift(db, plan, folder, wire)  # the first one is killed: nobody drives it any more
        engine.live()
        names.add(int(engine.process.pseudonyms[STORE](MAC)))
        if engine.works:
            figures = engine.process.runners[STORE].figures()
            visits.append(figures["counts"].get("visits", 0))
    return names, visits
