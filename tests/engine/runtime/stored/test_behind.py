"""What journals have not got: steps stay apart and in order, and the broker keeps what any store still lacks."""

from __future__ import annotations

from pathlib import Path

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.ingest.mqtt.receiver import RawFrame, Token
from engine.records import Readings
from engine.runtime.store_runner import StoreRunner
from engine.runtime.stored.behind import BEHIND_S, MessagesBehind, StepsBehind
from engine.runtime.stored.journal import pack_frames, steps_in, unpack_frames
from engine.runtime.stored.names import NameBook, ReadBook
from engine.storage.database import open_database
from engine.storage.journal import load_recovery
from tests.cases.shop import NOW, PLAN, live
from tests.databases import new_sqlite

CONFIG = Config.model_validate({"positioning": {"cell_m": 1.0}})


def frame(source: str, store: str = "shop") -> Frame:
    return Frame(store, source, NOW, NOW, Readings.empty(), Readings.empty(), {})


def raw(mid: int) -> RawFrame:
    return RawFrame("", b"", NOW, Token(1, mid))


def test_steps_come_back_one_by_one() -> None:
    behind = StepsBehind()
    for source, at in (("a", NOW), ("b", NOW), ("c", NOW + 1.0)):
        behind.add([frame(source)], at)
    packed, _ = pack_frames(behind.frames, "plan", NameBook(), steps=behind.steps)
    frames = unpack_frames("shop", packed, "plan", ReadBook()) or []
    steps = steps_in(packed, frames, NOW + 9.0)
    assert [(at, [f.source for f in step]) for at, step in steps] == [(NOW, ["a", "b"]), (NOW + 1.0, ["c"])]


def test_a_row_of_one_step_is_of_its_own_time() -> None:
    packed, _ = pack_frames([frame("a")], "plan", NameBook(), steps=[(NOW, 1)])
    assert [at for at, _ in steps_in(packed, [frame("a")], NOW + 9.0)] == [NOW + 9.0]


def test_it_is_overdue_in_time_and_when_our_clock_is_put_back() -> None:
    behind = StepsBehind()
    assert not behind.is_overdue(NOW)
    behind.add([frame("a")], NOW)
    assert [behind.is_overdue(NOW + s) for s in (0.0, BEHIND_S - 0.1, BEHIND_S, -1.0)] == [False, False, True, True]
    behind.clear()
    assert not behind.is_overdue(NOW + 9.0)


def test_a_message_for_two_stores_waits_for_both() -> None:
    behind = MessagesBehind()
    behind.add("one", [(raw(1), frame("a", "one")), (raw(2), frame("a", "one"))])
    behind.add("two", [(raw(2), frame("a", "two"))])
    assert len(behind) == 3
    assert behind.take(["one"]) == [Token(1, 1)]
    assert behind.stores() == ["two"]
    assert behind.take(["two"]) == [Token(1, 2)]
    assert behind.drop("two") == []


def test_the_journal_is_behind_for_seconds_and_stepped_again_as_it_was(tmp_path: Path) -> None:
    """What the journal has not got when the engine dies, the broker sends again; all else is as before."""
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    living = StoreRunner(PLAN, CONFIG, db, b"0123456789abcdef0123456789abcdef")
    living.recover(NOW)
    written = 0
    for at, frame in live(12.0):
        living.behind.add([frame], NOW + at)
        step = living.advance([frame], NOW + at)
        if step.triggers or living.behind.is_overdue(NOW + at):
            living.write(NOW + at)
            written, counts = at, living.figures()["counts"]
    rows = load_recovery(db, PLAN.store).journal
    assert living.behind
    assert 2 <= len(rows) <= 12.0 / BEHIND_S
    again = StoreRunner(PLAN, CONFIG, db, b"0123456789abcdef0123456789abcdef")
    again.recover(NOW + written)
    assert again.figures()["counts"] == counts
    living.checkpoint(NOW + 12.0)
    assert not living.behind
    assert load_recovery(db, PLAN.store).journal == []
    db.close()
