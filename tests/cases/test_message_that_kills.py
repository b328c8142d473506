"""One message ended the engine at every start: its decoder raised what nobody caught, and the broker brought it again.

Input: labels whose `sent_at` is an integer of 400 digits, too long for any float; and a decoder with a fault that
nobody knows of yet. Right: refused under a reason, counted, sampled and acknowledged; a fault is in the log with its
place, once, without addresses; the engine goes on with the next message.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.ingest.decoders.labels import LabelDecoder
from engine.runtime.stored.behind import BEHIND_S
from engine.storage.database import Database, open_database
from engine.vocabulary import FrameRefusal
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique
from tests.engine.runtime.shifts import STORE, Shift
from tests.engine.runtime.wire import Session, Wire

NOW = 1_800_000_000.0
PLAN = boutique()
TOPIC = f"rayon/{STORE}/labels/scanner"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield made
    made.close()


def live(shift: Shift, wire: Wire) -> Session:
    wire.now += 0.5
    shift.live()
    session = shift.process.subscriber
    assert isinstance(session, Session)
    return session


@pytest.mark.parametrize("sent_at", [10**400, -(10**400), 10**17])
def test_a_number_without_end_is_a_bad_time(db: Database, tmp_path: Path, sent_at: int) -> None:
    wire = Wire()
    wire.now = NOW
    shift = Shift(db, PLAN, tmp_path, wire)
    live(shift, wire)
    wire.publish(TOPIC, json.dumps({"sent_at": sent_at, "labels": []}).encode())
    assert not live(shift, wire).unanswered
    assert shift.process.unusable == {FrameRefusal.BAD_TIME: 1}


def test_a_fault_of_a_decoder_ends_no_engine(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def faulty(*_: Any) -> Any:
        raise ZeroDivisionError("of 02:00:5e:10:20:30")

    wire = Wire()
    wire.now = NOW
    shift = Shift(db, PLAN, tmp_path, wire)
    live(shift, wire)
    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
        broken.setattr(LabelDecoder, "decode", faulty)
        for _ in range(3):
            wire.publish(TOPIC, b'{"sent_at":1,"labels":[]}')
            assert not live(shift, wire).unanswered
    assert shift.process.unusable == {FrameRefusal.DECODER_FAULT: 3}
    assert shift.process.figures()["unusable"] == {FrameRefusal.DECODER_FAULT: 3}
    assert list(shift.process.samples.as_json()) == [FrameRefusal.DECODER_FAULT]
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(said) == 1
    assert "ZeroDivisionError" in said[0]
    assert "in faulty" in said[0]
    assert "5e:10:20" not in said[0]
    wire.publish(TOPIC, json.dumps({"sent_at": wire.now, "labels": []}).encode())
    live(shift, wire)
    wire.now += BEHIND_S
    assert not live(shift, wire).unanswered
    assert shift.process.unusable == {FrameRefusal.DECODER_FAULT: 3}
