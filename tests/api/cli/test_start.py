"""Commands start at once: each imports what it uses, and none to say what there is."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.commands import COMMANDS, build
from api.cli.lazy import Listed, collect_commands
from api.cli.plan.commands import COMMANDS as PLAN_COMMANDS
from tests.clocks import patience_s

ROOT = Path(__file__).parents[3]
HEAVY = {"numpy", "scipy", "shapely", "fastapi", "sqlmodel", "paho", "nicegui"}


def imported_by(*arguments: str) -> set[str]:
    """The packages that a command has imported when it ends."""
    return {name.partition(".")[0] for name in modules_of("-m", "api.cli.main", *arguments)}


def modules_of(*arguments: str) -> set[str]:
    """All modules that Python has imported with these arguments when it ends."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patience_s(240))
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_the_version_is_told_before_typer_is_imported() -> None:
    assert not imported_by("--version") & (HEAVY | {"typer", "rich"})


def test_the_list_of_commands_needs_no_models() -> None:
    assert not imported_by("--help") & {"pydantic_core"}  # Typer's subcommands do


@pytest.mark.parametrize("arguments", [("--help",), ("plan", "--help"), ("simulate", "--help")])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not imported_by(*arguments) & HEAVY


def test_a_plan_is_checked_without_a_database_a_broker_and_a_web_server() -> None:
    imported = imported_by("plan", "check", "floorplans/boutique")
    assert "shapely" in imported
    assert not imported & {"fastapi", "sqlmodel", "paho", "nicegui", "uvicorn"}


def test_a_recording_is_simulated_without_a_broker_and_a_web_client(tmp_path: Path) -> None:
    imported = imported_by("simulate", "demo-boutique", "-o", str(tmp_path), "--seconds", "1")
    assert not imported & {"paho", "httpx", "asyncio", "fastapi", "sqlmodel", "rich"}


def test_a_server_starts_without_what_only_reports_and_few_sites_use() -> None:
    modules = modules_of("-c", "import api.server, api.cli.startup, engine.runtime.process")
    assert "api.app" in modules
    assert not modules & {"scipy.stats", "scipy.ndimage", "scipy.optimize", "numba", "nicegui", "pyarrow", "authlib"}


INTERRUPTED = """
import sys

class CtrlC:
    def find_spec(self, name, *_):
        if name == {name!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
sys.argv = ["rayon", "plan", "check", "floorplans/boutique"]
from api.cli.main import main
main()
"""


@pytest.mark.parametrize("name", ["engine.errors", "typer", "api.cli.plan.commands", "shapely"])
def test_whoever_presses_ctrl_c_while_modules_load_sees_no_traceback(name: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED.format(name=name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patience_s(60))
    assert (done.returncode, done.stderr.strip()) == (130, "")


def test_help_lists_every_command_also_those_of_installed_packages() -> None:
    shown = CliRunner().invoke(build(), ["--help"]).stdout
    names = [line.split()[1] for line in shown.splitlines() if line.startswith("│ ") and line[2] != " "]
    assert set(names) >= {*COMMANDS, "simulate"}


@pytest.mark.parametrize(
    ("name", "listed"), [*COMMANDS.items(), *PLAN_COMMANDS.items()], ids=lambda value: str(value)[:12]
)
def test_the_line_in_the_help_is_the_first_of_the_commands_own(name: str, listed: Listed) -> None:
    command = collect_commands(import_module(listed.module).register)[name]
    assert command.help.strip().splitlines()[0] == listed.help


def test_a_misspelt_command_gets_a_hint() -> None:
    result = CliRunner().invoke(build(), ["simulat"], env={"TERM": "dumb"})
    assert result.exit_code == 2
    assert "simulate" in result.output


@pytest.mark.parametrize("arguments", [["locate"], ["plan", "draw"]])
def test_a_commands_own_usage_is_shown_where_it_is_called_wrongly(arguments: list[str]) -> None:
    result = CliRunner().invoke(build(), arguments, env={"TERM": "dumb"})
    assert result.exit_code == 2
    assert "Missing argument 'DIR'" in result.output
