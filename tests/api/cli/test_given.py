"""Options and arguments of all commands: what no command can use is refused as it is read, with the option's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.cli.commands import Commands, build
from api.cli.lazy import LazyCommand

RUNNER = CliRunner()
NOT_NUMBERS = ["nan", "inf", "-inf", "NaN", "1e999"]
NOT_NAMES = ["a\x1b[2Jb", "a\nb", "a\x00b", "\x7f", "x" * 5_000, "\udcff"]


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command, with the words that call it."""
    real = command.load() if isinstance(command, LazyCommand) else command
    if not hasattr(real, "commands"):
        yield path, real
        return
    for name in real.list_commands(typer.Context(real)):
        yield from leaves(real.get_command(typer.Context(real), name), (*path, name))


@pytest.fixture(scope="module")
def parameters() -> list[tuple[str, Any, Any]]:
    group = typer.main.get_command(build())
    assert isinstance(group, Commands)
    found = [(" ".join(path), command, p) for path, command in leaves(group) for p in command.params]
    assert len(found) > 90
    return found


def taken(command: Any, parameter: Any) -> Any:
    """What becomes of a text that is a number too, by the parameter's type: the number, the text, a path or nothing."""
    try:
        return parameter.process_value(typer.Context(command, info_name="rayon"), "1.5")
    except typer.BadParameter:
        return None


def refused(command: Any, parameter: Any, value: Any) -> str:
    context = typer.Context(command, info_name="rayon")
    try:
        parameter.process_value(context, value)
    except typer.BadParameter as error:
        return str(error.message)
    return ""


def test_no_number_of_any_command_may_be_none(parameters: list[tuple[str, Any, Any]]) -> None:
    numbers = [(name, c, p) for name, c, p in parameters if type(taken(c, p)) is float]
    assert len(numbers) >= 9
    wrong = {(name, p.name, v) for name, c, p in numbers for v in NOT_NUMBERS if not refused(c, p, v)}
    assert wrong == set()


def test_no_text_of_any_command_may_hold_what_breaks_a_list_or_a_database(
    parameters: list[tuple[str, Any, Any]],
) -> None:
    texts = [(name, c, p) for name, c, p in parameters if type(taken(c, p)) is str]
    assert len(texts) >= 12
    wrong = {(name, p.name, v[:9]) for name, c, p in texts for v in NOT_NAMES if not refused(c, p, v)}
    assert wrong == set()


def test_a_path_that_no_system_takes_is_refused(parameters: list[tuple[str, Any, Any]]) -> None:
    paths = [(name, c, p) for name, c, p in parameters if isinstance(taken(c, p), Path)]
    assert len(paths) > 30
    for long in ("x" * 256, "/".join(["x" * 200] * 30)):
        said = {refused(c, p, long).rpartition(": ")[2] for _, c, p in paths}
        assert said == {f"{long[:40]}... is too long for a path"}


@pytest.mark.parametrize("port", ["-1", "65536", "99999999999999999999"])
def test_a_port_is_one(parameters: list[tuple[str, Any, Any]], port: str) -> None:
    ports = [(c, p) for _, c, p in parameters if p.name == "port"]
    assert len(ports) == 3
    assert all(refused(c, p, port) for c, p in ports)


def test_names_of_keys_stay_on_one_line_of_the_list() -> None:
    for name, said in (("till\x1b[31m", "control characters"), ("x" * 81, "has 81 characters, at most 80")):
        done = RUNNER.invoke(build(), ["keys", "add", "till", "--name", name], env={"TERM": "dumb"})
        assert done.exit_code == 2
        assert said in " ".join(done.output.replace("│", " ").split())
        assert "--name" in done.output


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "745"])
def test_an_overlap_is_a_number_of_hours(hours: str) -> None:
    done = RUNNER.invoke(build(), ["keys", "rotate", "1a2b3c4d", "--overlap-h", hours], env={"TERM": "dumb"})
    assert done.exit_code == 2
    assert "--overlap-h" in done.output
