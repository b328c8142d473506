"""Taking stores: what is free, what has stood still for its term, and never by anybody's clock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.ingest.mqtt.held_frames import HeldFrames
from engine.ingest.mqtt.receiver import RawFrame, Token
from engine.runtime.leases.engine_name import EngineName
from engine.runtime.leases.lease import StoreLeases
from engine.storage.database import Database
from tests.clocks import HeldClock, patience_s
from tests.databases import database_url, db, postgres

__all__ = ["database_url", "db", "postgres"]
TERM_S = 10.0


@pytest.fixture
def clock() -> HeldClock:
    """The monotonic clock of both engines."""
    return HeldClock(1000.0)


def engine(db: Database, name: str, clock: HeldClock, stores: tuple[str, ...] = ("a", "b")) -> StoreLeases:
    """An engine that has looked once and taken what was free."""
    made = StoreLeases(db, name, stores, TERM_S, clock.time)
    turn(made)
    return made


def turn(leases: StoreLeases) -> list[str]:
    """A look, then what is free: what it holds after that."""
    leases.look()
    leases.take()
    return sorted(leases.held)


def test_the_first_takes_all_and_the_second_says_who_has_them(db: Database, clock: HeldClock) -> None:
    first, second = engine(db, "one@host", clock), engine(db, "two@host", clock, ("a", "b", "c"))
    assert (sorted(first.held), sorted(second.held)) == (["a", "b"], ["c"])
    assert turn(second) == ["c"]
    assert list(second.waits()) == ["a", "b"]
    assert second.waits()["a"].startswith("store a is run by one@host until ")
    assert (first.waits(), second.others) == ({}, frozenset({"a", "b"}))


def test_a_store_whose_owner_is_silent_for_its_term_is_taken_over(db: Database, clock: HeldClock) -> None:
    first, second = engine(db, "one@host", clock), engine(db, "two@host", clock)
    for _ in range(20):
        clock.now += TERM_S / 4
        first.renew()
        assert turn(second) == []
    for _ in range(4):
        assert turn(second) == []
        clock.now += TERM_S / 4
    assert turn(second) == ["a", "b"]
    first.renew()
    assert [(lost.store, lost.owner) for lost in first.take_lost()] == [("a", "two@host"), ("b", "two@host")]
    assert turn(first) == ["a", "b"]  # until it drops them
    for store in ("a", "b"):
        first.drop(store)
    assert (turn(first), first.take_lost()) == ([], [])


def test_when_an_owner_was_last_seen_to_live_is_known_by_its_renewals_alone(db: Database, clock: HeldClock) -> None:
    """What it has need not be held here, too; of one that may be dead, be it watched for ever, nothing is known."""
    first, second = engine(db, "one@host", clock), engine(db, "two@host", clock)
    assert second.renewal_ages_s() == {}
    for silent_s in (TERM_S / 4, TERM_S):  # the second time it could not look meanwhile, and watches anew
        first.renew()
        second.look()
        assert second.renewal_ages_s() == {"a": 0.0, "b": 0.0}
        clock.now += silent_s
        second.look()
        assert second.renewal_ages_s() == {"a": silent_s, "b": silent_s}
    clock.now += TERM_S / 2
    turn(second)
    clock.now += TERM_S / 2
    assert (turn(second), second.renewal_ages_s()) == (["a", "b"], {})


def test_who_could_not_look_for_a_while_watches_anew(db: Database, clock: HeldClock) -> None:
    engine(db, "one@host", clock)
    second = engine(db, "two@host", clock)
    clock.now += 100 * TERM_S  # its own pause, or the database's
    assert turn(second) == []
    clock.now += TERM_S / 4
    assert turn(second) == []


def test_what_was_given_back_is_free_at_once(db: Database, clock: HeldClock) -> None:
    first, second = engine(db, "one@host", clock), engine(db, "two@host", clock)
    first.give_back()
    assert turn(second) == ["a", "b"]
    assert first.held == {}


def test_a_restart_under_the_same_name_does_not_wait(db: Database, clock: HeldClock) -> None:
    engine(db, "one@host", clock)
    assert sorted(engine(db, "one@host", clock).held) == ["a", "b"]


def test_engines_of_one_folder_have_different_names_and_keep_them(tmp_path: Path) -> None:
    first, second = EngineName(tmp_path), EngineName(tmp_path)
    names = first.id, second.id
    assert len(set(names)) == 2
    first.close()
    first.close()
    assert EngineName(tmp_path).id == names[0]
    assert first.owner.startswith(f"{names[0]}@")


def test_the_name_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from engine.runtime.leases.engine_name import EngineName\n"
        "name = EngineName(Path(sys.argv[1])); print(name.id, flush=True); os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=patience_s(60),
    )
    assert ran.returncode == -9
    assert EngineName(tmp_path).id == ran.stdout.strip()


def frame(mid: int, connection: int = 1) -> RawFrame:
    return RawFrame(f"rayon/s/readings/{mid}", b"", 0.0, Token(connection, mid))


def test_held_frames_go_when_they_are_old_or_too_many() -> None:
    held = HeldFrames(3, keep_s=10.0)
    for mid in range(1, 6):
        held.add("a" if mid % 2 else "b", frame(mid), float(mid))
    assert [token.mid for token in held.release(5.0)] == [1, 2]
    assert [token.mid for token in held.release(13.5)] == [3]
    assert [raw.token.mid for raw in held.take({"a"})] == [5]
    assert (len(held), held.release(1e9)) == (1, [Token(1, 4)])


def test_frames_that_the_broker_sends_again_are_not_held_twice() -> None:
    held = HeldFrames(10, keep_s=10.0)
    held.add("a", frame(7), 1.0)
    held.add("a", frame(0), 1.0)  # QoS 0: never sent again
    held.forget_before(1)
    assert len(held) == 2
    held.forget_before(2)
    assert [raw.token.mid for raw in held.take({"a"})] == [0]
