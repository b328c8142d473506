"""`rayon retention`: counts, forgets, proves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli.commands import build
from engine.storage.database import open_database
from engine.storage.journal import Journal
from engine.vocabulary import RetentionRule
from tests.databases import new_sqlite


def rayon(config: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
    result = CliRunner().invoke(build(), ["retention", "--config", str(config), "--json", *options])
    assert result.exit_code == 0, result.output
    said: dict[str, list[dict[str, Any]]] = json.loads(result.stdout)
    return said


def test_it_counts_then_forgets_then_proves(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"storage: {{url: 'sqlite:///{tmp_path}/rayon.db', data_dir: '{tmp_path}'}}\n")
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    Journal(db, "corner").append(1_700_000_000.0, b"readings of years ago")
    db.close()
    assert {r["rule"]: r["rows"] for r in rayon(config, "--dry-run")["due"]}["journal"] == 1
    assert rayon(config, "--proof")["proofs"] == [], "nothing was forgotten yet"
    assert {r["rule"]: r["rows"] for r in rayon(config)["proofs"]}["journal"] == 1
    assert {r["rule"]: r["rows"] for r in rayon(config, "--dry-run")["due"]}["journal"] == 0


def test_a_rule_that_fails_is_said_and_the_others_run(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"storage: {{url: 'sqlite:///{tmp_path}/rayon.db', data_dir: '{tmp_path}'}}\n")
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    Journal(db, "corner").append(1_700_000_000.0, b"readings of years ago")
    db.close()
    (tmp_path / "salt.json").mkdir()
    result = CliRunner().invoke(build(), ["retention", "--config", str(config), "--json"])
    assert result.exit_code == 1
    assert "not forgotten: salts: " in result.stderr
    rows = {r["rule"]: r["rows"] for r in json.loads(result.stdout)["proofs"]}
    assert rows["journal"] == 1
    assert "salts" not in rows


def test_a_rule_that_cannot_be_counted_hides_no_other(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"storage: {{url: 'sqlite:///{tmp_path}/rayon.db', data_dir: '{tmp_path}'}}\n")
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    Journal(db, "corner").append(1_700_000_000.0, b"readings of years ago")
    with db.write() as session:
        session.connection().exec_driver_sql("DROP TABLE share_visit")
    db.close()
    result = CliRunner().invoke(build(), ["retention", "--config", str(config), "--json", "--dry-run"])
    assert result.exit_code == 1
    assert "not counted: share_visits: " in result.stderr
    due = {r["rule"]: r["rows"] for r in json.loads(result.stdout)["due"]}
    assert due["journal"] == 1
    assert set(RetentionRule) - due.keys() == {RetentionRule.SHARE_VISITS}
