"""A store whose readings were all late or refused stayed green: ready, "live", 74 devices; only counters grew.

Input: an engine whose store hears a source that nothing can be used of; one that gets a retained message; one whose
broker or map is missing. Right: not ready within ten seconds, with the reason, in the engine's status and in one line
of the log; live again when it is. What `/health/ready` and the managers' pages make of the status is tested with them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.ingest.mqtt.link import LinkName, LinkState
from engine.storage.database import Database, open_database
from engine.storage.status import EVERY_STORE, get_status, troubles_of
from engine.vocabulary import FrameRefusal, StoreTrouble
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique
from tests.engine.runtime.shifts import STORE, Shift
from tests.engine.runtime.wire import Session, Wire

NOW = 1_800_000_000.0
PLAN = boutique()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield made
    made.close()


@pytest.fixture
def wire() -> Wire:
    made = Wire()
    made.now = NOW
    return made


def tell(wire: Wire, ap: str, age_s: float, k: int) -> None:
    readings = [
        {"mac": f"02:00:00:00:00:0{i}", "ap": ap, "t": wire.now - age_s - 0.1 * i - 0.01 * k, "rssi": -60}
        for i in range(5)
    ]
    body = {"sent_at": wire.now, "readings": readings}
    wire.publish(f"rayon/{STORE}/readings/c1", json.dumps(body).encode())


def run(shift: Shift, wire: Wire, seconds: float, ap: str, age_s: float = 0.0) -> list[list[StoreTrouble]]:
    """What the status says after each half second."""
    said = []
    for k in range(int(seconds * 2)):
        wire.now += 0.5
        tell(wire, ap, age_s, k)
        shift.live()
        said.append(troubles_of(get_status(shift.process._db), wire.now).get(STORE, []))
    return said


@pytest.mark.parametrize(
    ("ap", "age_s", "trouble"),
    [
        ("no such access point", 0.0, StoreTrouble.MOSTLY_REFUSED),
        (PLAN.access_points[0].id, 90_000.0, StoreTrouble.MOSTLY_LATE),
    ],
)
def test_a_deaf_store_says_so_and_when_it_is_over(
    db: Database, tmp_path: Path, wire: Wire, caplog: pytest.LogCaptureFixture, ap: str, age_s: float, trouble: str
) -> None:
    shift = Shift(db, PLAN, tmp_path, wire)
    with caplog.at_level(logging.WARNING):
        assert run(shift, wire, 5.0, PLAN.access_points[0].id)[-1] == []
        assert run(shift, wire, 30.0, ap, age_s)[-1] == [trouble]
        assert run(shift, wire, 70.0, PLAN.access_points[0].id)[-1] == []
    lines = [r.message for r in caplog.records if "last minute" in r.message or "used again" in r.message]
    assert len(lines) == 2
    assert lines[0].startswith(f"not ready: {STORE}")


def test_frames_that_nobody_can_read_make_it_deaf_too(db: Database, tmp_path: Path, wire: Wire) -> None:
    shift = Shift(db, PLAN, tmp_path, wire)
    for _ in range(60):
        wire.now += 0.5
        wire.publish(f"rayon/{STORE}/readings/c1", b"no JSON")
        shift.live()
    assert troubles_of(get_status(db), wire.now)[STORE] == [StoreTrouble.MOSTLY_REFUSED]


def test_a_retained_reading_is_no_news(db: Database, tmp_path: Path, wire: Wire) -> None:
    shift = Shift(db, PLAN, tmp_path, wire)
    shift.live()
    tell(wire, PLAN.access_points[0].id, 0.0, 0)
    session = shift.process.subscriber
    assert isinstance(session, Session)
    session.keep_as_retained()
    wire.now += 0.5
    shift.live()
    assert shift.process.unusable == {FrameRefusal.RETAINED: 1}
    assert shift.process.runners[STORE].figures()["counts"].get("readings", 0) == 0
    assert not session.unanswered


def test_a_broker_that_is_gone_is_said(
    db: Database, tmp_path: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(db, PLAN, tmp_path, wire)
    run(shift, wire, 5.0, PLAN.access_points[0].id)
    assert troubles_of(get_status(db), wire.now) == {}
    gone = property(lambda _: LinkState(LinkName.AWAY, wire.now, "the connection was lost"))
    monkeypatch.setattr(Session, "state", gone)
    run(shift, wire, 3.0, PLAN.access_points[0].id)
    assert troubles_of(get_status(db), wire.now) == {EVERY_STORE: [StoreTrouble.BROKER_AWAY]}


def test_an_engine_that_waits_for_a_map_says_so_meanwhile(db: Database, tmp_path: Path, wire: Wire) -> None:
    """As the fit's thread is looked at, five times a second."""
    shift = Shift(db, PLAN, tmp_path, wire)
    run(shift, wire, 3.0, PLAN.access_points[0].id)
    on_wait = partial(shift.process._wait_for_map, shift.process.runners[STORE])
    for _ in range(20):
        wire.now += 0.5
        on_wait(True)
        assert troubles_of(get_status(db), wire.now).get(STORE, []) in ([], [StoreTrouble.MAKING_MAP])
    assert troubles_of(get_status(db), wire.now)[STORE] == [StoreTrouble.MAKING_MAP]
    on_wait(False)
    assert run(shift, wire, 3.0, PLAN.access_points[0].id)[-1] == []
