"""flipped-byte: one changed byte in a journal row, a checkpoint or the database's file ended the start in a traceback.

Input: a store's journal of many rows with a byte flipped in one, a flipped checkpoint, a file with a flipped page; a
journal that is days old; a journal that is older than its checkpoint.
Right: the good part is used, the bad part is counted and said in a sentence with the way out.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlmodel import select

from engine.config import Config
from engine.errors import OperatorError
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import Database, open_database
from engine.storage.journal import save_checkpoint
from engine.storage.models.running import CheckpointTable, JournalTable
from engine.storage.upkeep.copies import database_version
from engine.storage.upkeep.soundness import require_sound
from tests.cases.shop import NOW, PLAN, SECONDS, live
from tests.databases import new_sqlite

CONFIG = Config.model_validate({"positioning": {"cell_m": 1.0}})
FRAMES = live(8.0)


def runner(db: Database) -> StoreRunner:
    return StoreRunner(PLAN, CONFIG, db, b"0123456789abcdef0123456789abcdef")


def journal(db: Database) -> int:
    """Frames that were taken in, and an engine that died before any checkpoint. How many readings they hold."""
    dying = runner(db)
    dying.recover(NOW)
    for at, frame in FRAMES:
        dying.keep([frame], NOW + at)
    return sum(len(frame.readings) for _, frame in FRAMES)


def flip(payload: bytes, place: int) -> bytes:
    return payload[:place] + bytes([payload[place] ^ 0x10]) + payload[place + 1 :]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_flipped_journal_row_is_left_out_and_all_others_are_used(
    db: Database, caplog: pytest.LogCaptureFixture, share: float
) -> None:
    there = journal(db)
    with db.write() as session:
        row = session.exec(select(JournalTable).order_by(JournalTable.seq)).all()[7]  # type: ignore[arg-type]
        row.payload = flip(row.payload, int(share * len(row.payload)))
        bad = row.seq
    again = runner(db)
    assert again.recover(NOW + SECONDS) == len(FRAMES)
    figures = again.figures()
    assert figures["counts"]["readings"] == there - len(FRAMES[7][1].readings)
    assert figures["damaged"] == {"journal": 1}
    assert f"boutique: journal row {bad} is damaged" in caplog.text
    assert "rayon restore" in caplog.text


def test_a_flipped_checkpoint_costs_the_tracks_and_nothing_else(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    saved = runner(db)
    saved.recover(NOW)
    for at, frame in FRAMES[:10]:
        saved.keep([frame], NOW + at)
        saved.advance([frame], NOW + at)
    saved.checkpoint(NOW + FRAMES[9][0])
    for at, frame in FRAMES[10:]:
        saved.keep([frame], NOW + at)
    with db.write() as session:
        row = session.exec(select(CheckpointTable)).one()
        row.blob = flip(row.blob, len(row.blob.rstrip(b"\0")) // 2)  # behind it is room
    again = runner(db)
    again.recover(NOW + SECONDS)
    assert again.figures()["damaged"] == {"checkpoint": 1}
    assert again.figures()["counts"]["readings"] == sum(len(f.readings) for _, f in FRAMES[10:])
    assert "the checkpoint is damaged" in caplog.text


def test_an_old_journal_is_worked_off_and_said(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    there = journal(db)
    again = runner(db)
    again.recover(NOW + 2 * 86_400.0)
    assert again.figures()["counts"]["readings"] == there
    assert "rows end 48.0 hours ago: they are worked off" in caplog.text


def test_what_was_worked_off_is_not_worked_off_again(db: Database) -> None:
    """A stop right after a recovery, before anything new came."""
    journal(db)
    second = runner(db)
    assert second.recover(NOW + SECONDS) == len(FRAMES)
    second.checkpoint(NOW + SECONDS)
    assert runner(db).recover(NOW + 2 * SECONDS) == 0


def test_a_journal_that_is_older_than_its_checkpoint_is_not_passed_over(db: Database) -> None:
    """As after a copy whose parts are of different age: new rows would be passed over by the next recovery."""
    save_checkpoint(db, "boutique", 1_000_000, b"", [], [], [], NOW)
    living = runner(db)
    living.recover(NOW)
    for at, frame in FRAMES:
        living.keep([frame], NOW + at)
    again = runner(db)
    assert again.recover(NOW + SECONDS) == len(FRAMES)


def test_a_damaged_file_is_said_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "rayon.db"
    db = open_database(new_sqlite(path))
    journal(db)
    db.close()
    whole = path.read_bytes()
    for place in (1, 5 * 4096 + 3, len(whole) // 4096 // 2 * 4096 + 3):  # where a page says what it is
        path.write_bytes(whole[:place] + bytes(2000) + whole[place + 2000 :])
        with pytest.raises(OperatorError, match=r"the file is damaged: .*bring a backup back"):
            look_at(path)


@pytest.mark.parametrize("damage", [b"TABL\x90 ", b"TABLX "])
def test_a_schema_that_cannot_be_read_is_a_damaged_file(tmp_path: Path, damage: bytes) -> None:
    """SQLite quotes the damage in what it says, and its driver failed at quotes that are no text: a traceback."""
    path = tmp_path / "rayon.db"
    url = new_sqlite(path)
    path.write_bytes(path.read_bytes().replace(b"TABLE alembic_version", damage + b"alembic_version"))
    for look in (open_database, database_version):
        with pytest.raises(OperatorError, match=r"the file is damaged: malformed database schema.*bring a backup back"):
            look(url)


def test_text_that_is_none_is_a_damaged_file(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    with db.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = CAST(x'90' AS TEXT)")
    with pytest.raises(OperatorError, match="the file is damaged"), db.read() as session:
        session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").all()
    db.close()


def look_at(path: Path) -> None:
    """As a start does."""
    opened = open_database(f"sqlite:///{path}")
    try:
        require_sound(opened)
    finally:
        opened.close()
