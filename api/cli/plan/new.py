"""`rayon plan new`: a rectangle to start from, with a page that says what to change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from engine.errors import OperatorError, Problem
from engine.files.write import whole_file
from engine.plan.findings import Findings
from engine.plan.importers.start import README, new_plan, plan_text
from engine.plan.load import PLAN_FILE, check_raw

README_FILE = "README.md"
LEAST_M, MOST_M = 4.0, 1000.0  # of a side: a stall, and more than any hypermarket


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("new")(new)


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The store's folder, named by its id; it is made.")],
    size: Annotated[
        str, typer.Option(metavar="WxD", help="Metres from left to right, and from door to back.")
    ] = "30x20",
    name: Annotated[str, typer.Option(help="What people read; the folder's name without.")] = "",
    timezone: Annotated[str, typer.Option(help="An IANA name.")] = "Europe/Paris",
    currency: Annotated[str, typer.Option(help="An ISO 4217 code.")] = "EUR",
) -> None:
    """Write a start for a floor plan: a rectangle with one of each thing, and what to change in it.

    Example: [bold]rayon plan new floorplans/corner --size 24.5x12[/bold]
    """
    width_m, depth_m = read_size(size)
    store = folder.resolve().name
    plan = new_plan(store, name or store, timezone, currency, width_m, depth_m)
    findings = Findings(str(folder / PLAN_FILE))
    check_raw(plan, findings)
    if findings.errors:
        raise OperatorError(findings.errors)
    page = README.format(name=name or store, folder=folder, width_m=width_m, depth_m=depth_m)
    texts = {folder / PLAN_FILE: plan_text(plan), folder / README_FILE: page}
    there = [path for path in texts if path.exists()]
    if there:
        raise OperatorError([Problem(str(p), "(whole file)", "is there already", "give another folder") for p in there])
    for path, text in texts.items():
        write_text(path, text)
    print(f"{folder / PLAN_FILE}: a start; {folder / README_FILE} says what to change")


def write_text(path: Path, text: str) -> None:
    """Writes a file, and the folder that it is in. Raises OperatorError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError([Problem(str(path), "(whole file)", error.strerror or str(error))]) from error


def read_size(text: str) -> tuple[float, float]:
    """Width and depth of a shop, m, of `30x20`. Raises OperatorError."""
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*[xX×*]\s*(\d+(?:[.,]\d+)?)\s*m?", text.strip())
    sides = [float(side.replace(",", ".")) for side in found.groups()] if found else []
    if not sides or not all(LEAST_M <= side <= MOST_M for side in sides):
        fix = f"two lengths in metres from {LEAST_M:g} to {MOST_M:g}, like 30x20"
        raise OperatorError([Problem("--size", text, "is no size of a shop", fix)])
    return sides[0], sides[1]
