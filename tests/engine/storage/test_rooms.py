"""A value keeps its room, and writing it again costs the disk its own pages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from engine.storage.database import open_database
from engine.storage.journal import load_recovery, save_checkpoint
from engine.storage.models.running import CheckpointTable
from engine.storage.upserts import fill, unfill
from tests.databases import new_sqlite


@given(st.binary(max_size=5_000), st.integers(0, 20_000))
def test_what_is_filled_comes_back(value: bytes, room: int) -> None:
    assert unfill(fill(value, room)) == value


@given(st.binary(max_size=50))
def test_what_was_never_filled_stays_as_it_is(value: bytes) -> None:
    assert unfill(b"RS1" + value) == b"RS1" + value


def test_it_keeps_its_room_while_it_fits() -> None:
    room = len(fill(b"x" * 100_000, 0))
    assert 300_000 < room < 302_000
    assert {len(fill(b"x" * n, room)) for n in (60_000, 99_000, 101_000, room - 11)} == {room}
    assert len(fill(b"x" * room, room)) > room
    assert len(fill(b"x" * 10_000, room)) < 32_000


@pytest.mark.parametrize("size", [300_000, 310_000, 800_000])
def test_a_checkpoint_over_another_is_written_once(tmp_path: Path, size: int) -> None:
    """Where SQLite wipes what it gives back, one of another size is written twice: that was half of a day's writing."""
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    wal = tmp_path / "rayon.db-wal"
    save_checkpoint(db, "shop", 1_000, os.urandom(300_000), [], [], [], 1_800_000_000.25)  # grows to 2.7 times of it
    before = wal.stat().st_size
    blob = os.urandom(size)
    save_checkpoint(db, "shop", 1_400, blob, [], [], [], 1_800_000_430.5)
    assert load_recovery(db, "shop").checkpoint == blob
    assert wal.stat().st_size - before < 1.1 * size
    with db.read() as session:
        assert len(session.exec(select(CheckpointTable.blob)).one()) > size
    db.close()
