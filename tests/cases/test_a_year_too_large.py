"""A year of a supermarket's heat took a gigabyte, a row for each square and hour with its key twice, and a month of it
seconds to read.

Input: a database of the version before, with heat of two hours. Right: the upgrade keeps every figure, in one value
for an hour, and the way back gives the rows again.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from sqlalchemy import text

from engine.presence.flows import FlowRow
from engine.presence.heat import HeatRow
from engine.storage.database import Database, open_database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.journal import save_checkpoint
from engine.storage.migrate import alembic_config
from engine.storage.presence.heatmaps import zone_flows
from tests.databases import new_sqlite

BEFORE = "0039"
ROWS = [HeatRow(3600.0 * h, "eg", col, row, 0.1 * col + h, 3.0) for h in range(2) for row in range(3) for col in (2, 7)]
FLOWS = [FlowRow(0.0, "", "bakery", 7)]


def test_figures_are_the_same_both_ways(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "rayon.db")
    db = open_database(url)
    save_checkpoint(db, "shop", 0, b"", ROWS, [], [], 0.0, flows=FLOWS)
    with db.write() as session:
        command.downgrade(alembic_config(session.connection()), BEFORE)
    assert _count(db) == len(ROWS)
    db.close()
    db = open_database(url)
    assert _count(db) == 2
    assert heat_rows(db, "shop", from_t=0.0, to_t=1e5) == ROWS
    assert zone_flows(db, "shop", from_t=0.0, to_t=1e5) == FLOWS
    db.close()


def _count(db: Database) -> int:
    with db.read() as session:
        return int(session.connection().execute(text("SELECT count(*) FROM heat")).scalar_one())
