"""Commands that look after a site make no database where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.commands import build
from engine.errors import OperatorError
from tests.engine.runtime.made import FLOORPLANS

COMMANDS = (["retention"], ["retention", "--dry-run"], ["keys", "list"], ["keys", "add", "till"])


@pytest.mark.parametrize("command", [*COMMANDS, ["campaigns", "apply"], ["backup", "a.tar.gz"]], ids=" ".join)
def test_there_is_no_database_here(tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAYON_DATABASE_URL", raising=False)
    shutil.copytree(FLOORPLANS / "boutique", tmp_path / "floorplans" / "boutique")
    (tmp_path / "config.yaml").write_text("storage: {url: 'sqlite:///none/rayon.db', data_dir: none}")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OperatorError, match="there is no database here"):
        CliRunner().invoke(build(), command, catch_exceptions=False)
    assert sorted(tmp_path.rglob("*")) == before


def test_doctor_says_so_too_and_all_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.1)
    monkeypatch.delenv("RAYON_DATABASE_URL", raising=False)
    (tmp_path / "config.yaml").write_text("storage: {url: 'sqlite:///none/rayon.db', data_dir: none}")
    said = CliRunner().invoke(build(), ["doctor"])
    assert said.exit_code == 2
    assert "there is no database here" in said.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]
