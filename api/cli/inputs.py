"""What commands are given: checked beyond what a type can say.

Whatever the command: no number that is none, no name that breaks a list, a log or a database, no path that no system
takes. The engine's rooms are imported where they are needed: every command reads this.
"""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import OperatorError, Problem

if TYPE_CHECKING:
    from engine.plan.model import Plan

MOST_CHARACTERS = 1_000
"""Of any text: the longest are addresses of brokers with user and password."""

MOST_OF_A_NAME = 80
"""That people give something, to know it again in a list."""

MOST_PATH_BYTES, MOST_PART_BYTES = 4_095, 255
"""What Linux takes of a path and of each name in it; others take no more."""

TABLES, MAPS = (".csv", ".parquet"), (".npz",)
"""How names of outputs end."""

PARQUET, ZIP = b"PAR1", b"PK"
"""How files begin."""

_NOT_TEXT = {"Cc": "control characters", "Cs": "bytes that are no text"}

StoreFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="The store's folder, with its plan.geojson and products.csv.")
]


def warn_of(problem: Problem) -> None:
    """One line on stderr, as every warning of a file has it: the file first."""
    print(f"{problem.file}: warning: {str(problem).removeprefix(f'{problem.file}: ')}", file=sys.stderr)


def plan_to_locate(folder: Path) -> Plan:
    """The store's plan, for what needs to know where devices are. Raises OperatorError; warns of too few access
    points."""
    from engine.plan.checks.hung import FEWEST_ACCESS_POINTS
    from engine.plan.load import load_plan

    plan = load_plan(folder)
    file, n_ap = str(folder / "plan.geojson"), len(plan.access_points)
    fix = 'features of feature_type "access_point"'
    if not n_ap:
        raise OperatorError([Problem(file, "features", "there is no access point: nothing can be located", fix)])
    if n_ap < FEWEST_ACCESS_POINTS:
        said = f"{n_ap} access point{'s' if n_ap > 1 else ''}: positions need {FEWEST_ACCESS_POINTS} at least"
        print(f"{file}: warning: {said}", file=sys.stderr)
    return plan


def refuse_overwriting(option: str, output: Path | None, *inputs: Path | None) -> None:
    """Raises OperatorError where an output is one of the inputs, by whatever name: it would be lost."""
    for given in inputs:
        if output is None or given is None or not given.exists():
            continue
        if is_same_file(output, given):
            reason = f"is {given}, which is read: it would be lost"
            raise OperatorError([Problem(str(output), option, reason, "give another name")])


def refuse_written_twice(option: str, output: Path | None, other: str, *others: Path | None) -> None:
    """Raises OperatorError where an output is one of those of the option `other`, too: the later would replace it."""
    for written in others:
        if output is not None and written is not None and is_same_file(output, written):
            fix = "give another name"
            raise OperatorError(
                [Problem(str(output), option, f"{other} writes it, too: one of the two would be lost", fix)]
            )


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two names are of one file, be it there or not."""
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def refuse_no_folder(option: str, output: Path) -> None:
    """Raises OperatorError where an output's folder is not there: before minutes of work, not after them."""
    if not output.parent.is_dir():
        fix = "make it, or give a place to write"
        raise OperatorError([Problem(str(output), option, "its folder does not exist", fix)])
    if output.is_dir():
        raise OperatorError([Problem(str(output), option, "is a folder", "give a file's name")])


def refuse_other_kind(option: str, output: Path, endings: Sequence[str], begins: Sequence[bytes]) -> None:
    """Raises OperatorError where an output is a file already that by its ending and by how it begins is of another
    kind: a list of campaigns, say, which nobody means to lose. An empty one, a pipe or a device is none."""
    there = output.resolve()
    if there.suffix in endings or not there.is_file():
        return
    try:
        with there.open("rb") as stream:
            found = stream.read(max(map(len, begins)))
    except OSError:
        return  # whoever writes says why it cannot be
    if found and not found.startswith(tuple(begins)):
        fix = f"give a name that ends in {' or '.join(endings)}"
        reason = "is there already, and is of another kind: it would be lost"
        raise OperatorError([Problem(str(output), option, reason, fix)])


def plan_files(folder: Path | None) -> tuple[Path, ...]:
    """The files of a store's folder that commands read."""
    from engine.offers.campaigns import CAMPAIGNS_FILE
    from engine.plan.load import PLAN_FILE, PRODUCTS_FILE

    return () if folder is None else tuple(folder / name for name in (PLAN_FILE, PRODUCTS_FILE, CAMPAIGNS_FILE))


def short_name(value: str) -> str:
    """Checks a name for a list. Raises typer.BadParameter for one that would fill the screen."""
    if len(value) > MOST_OF_A_NAME:
        raise typer.BadParameter(f"has {len(value):,} characters, at most {MOST_OF_A_NAME}")
    return value


def check_all(command: Any) -> Any:
    """The command, or the group with all its commands, whose parameters are checked as they are read."""
    for parameter in command.params:
        parameter.callback = partial(_check, parameter.callback)
    for inner in getattr(command, "commands", {}).values():
        check_all(inner)
    return command


def refuse_unfit(value: Any) -> None:
    """Raises typer.BadParameter for a value that no parameter takes."""
    if isinstance(value, (tuple, list)):
        for one in value:
            refuse_unfit(one)
    elif isinstance(value, float) and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number")
    elif isinstance(value, Path):
        _refuse_path(value)
    elif isinstance(value, str):
        _refuse_text(value)


def _check(then: Callable[..., Any] | None, context: Any, parameter: Any, value: Any) -> Any:
    refuse_unfit(value)
    return value if then is None else then(context, parameter, value)


def _refuse_text(value: str) -> None:
    if len(value) > MOST_CHARACTERS:
        raise typer.BadParameter(f"has {len(value):,} characters, at most {MOST_CHARACTERS:,}")
    for character in value:
        if named := _NOT_TEXT.get(unicodedata.category(character)):
            raise typer.BadParameter(f"{value[:60]!r} holds {named}: one line of plain text, please")


def _refuse_path(value: Path) -> None:
    bytes_ = [len(part.encode("utf-8", "surrogateescape")) for part in value.parts]
    if max(bytes_, default=0) > MOST_PART_BYTES or sum(bytes_) + len(bytes_) > MOST_PATH_BYTES:
        raise typer.BadParameter(f"{str(value)[:40]}... is too long for a path")
