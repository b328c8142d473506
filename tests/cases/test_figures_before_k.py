"""Figures that one person stood behind were shown on, though k people must stand behind each: they were written before
there was a k.

Input: a database of the version before, with heat, hours and flows of one person. Right: the upgrade deletes them, for
how many people stand behind a row nobody kept, and says so.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from engine.presence.heat import HeatRow
from engine.storage.database import open_database
from engine.storage.journal import save_checkpoint
from engine.storage.migrate import alembic_config
from tests.databases import new_sqlite


def test_the_upgrade_deletes_them_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = new_sqlite(tmp_path / "rayon.db")
    old = open_database(url)
    save_checkpoint(old, "shop", 0, b"", [HeatRow(0.0, "eg", 1, 1, 30.0, 10.0)], [], [], 0.0)
    with old.write() as session:
        command.downgrade(alembic_config(session.connection()), "0014")
    old.close()
    with caplog.at_level(logging.WARNING, "rayon.storage"):
        new = open_database(url)
    with new.read() as session:
        assert session.connection().execute(text("SELECT count(*) FROM heat")).scalar_one() == 0
    assert "1 of heat" in caplog.text
    caplog.clear()
    new.close()
    open_database(url).close()
    assert caplog.text == ""
