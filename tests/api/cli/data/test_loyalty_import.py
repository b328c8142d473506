"""`rayon loyalty import`: all rows or none, twice is once, and each mistake has its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.commands import build
from engine.errors import OperatorError
from engine.storage.commerce.given import list_due_given
from engine.storage.database import open_database
from engine.storage.models.ledger import GivenPointsTable
from tests.databases import new_sqlite

TABLE = "key,card,points\nM-1,9250000000017,1250\nM-2,9250000000024,80\n"


def test_it_imports_once_and_says_what_it_would_do(tmp_path: Path) -> None:
    new_sqlite(tmp_path / "rayon.db")
    url = f"sqlite:///{tmp_path}/rayon.db"
    config, file = tmp_path / "config.yaml", tmp_path / "balances.csv"
    config.write_text(f"storage: {{url: '{url}', data_dir: '{tmp_path}'}}\n")
    file.write_text(TABLE)

    def rayon(*options: str) -> str:
        command = ["loyalty", "import", str(file), "--config", str(config), *options]
        result = CliRunner().invoke(build(), command, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert rayon("--dry-run") == "2 rows, 1330 points: 2 would be new, 0 known\n"
    assert rayon() == "2 rows, 1330 points: 2 new, 0 known\n"
    file.write_text(TABLE + "M-3,9250000000031,5\n")
    assert rayon() == "3 rows, 1335 points: 1 new, 2 known\n"
    file.write_text(TABLE.replace("1250", "1251").replace("80", "81"))
    with pytest.raises(OperatorError) as refused:
        rayon()
    assert [p.place for p in refused.value.problems] == ["line 2, key", "line 3, key"]
    db = open_database(url)
    try:
        with db.read() as session:
            assert list_due_given(session, 10) == [], "all of them wait for their owners"
            row = session.get(GivenPointsTable, ("from:import", "M-1"))
            assert row is not None
            assert (row.points, row.state) == (1250, "waiting")
    finally:
        db.close()
