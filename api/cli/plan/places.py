"""`rayon plan places`: where a vendor's own map has the access points, put into the plan."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from api.cli.inputs import StoreFolder, warn_of
from api.cli.plan.import_ import read_drawing
from api.cli.plan.new import write_text
from engine.errors import OperatorError, Problem
from engine.plan.findings import Findings
from engine.plan.importers.notes import Notes
from engine.plan.importers.places import FoundPlace, read_places, with_places
from engine.plan.importers.start import plan_text
from engine.plan.load import PLAN_FILE, check_raw, load_plan


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("places")(places)


def places(
    folder: StoreFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Meraki's floorPlans or devices, as JSON.")],
    level: Annotated[
        str, typer.Option(help="The level of new access points, where the map's name does not tell.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would move, and write nothing.")] = False,
) -> None:
    """Move access points to where the vendor's own map has them, and add those that the plan has not.

    Example: [bold]rayon plan places floorplans/boutique floorPlans.json --dry-run[/bold]
    """
    plan = load_plan(folder)
    if level and level not in plan.level_index:
        raise OperatorError([Problem("--level", level, "no such level", f"one of {', '.join(plan.level_index)}")])
    if file.is_dir():
        raise OperatorError([Problem(str(file), "(folder)", "is no file", "the answer of the vendor's API, as JSON")])
    (content,) = read_drawing(file).values()
    notes = Notes(str(file))
    found = read_places(content, plan, notes, level)
    target = folder / PLAN_FILE
    raw = with_places(json.loads(target.read_bytes().decode("utf-8-sig")), plan, found)
    findings = Findings(str(target))
    check_raw(raw, findings)
    if findings.errors:
        raise OperatorError(findings.errors)
    for warning in notes.problems:
        warn_of(warning)
    for place in found:
        print(_line(place))
    if not dry_run:
        write_text(target, plan_text(raw))
    print(f"{target}: {'nothing written' if dry_run else 'written'}")


def _line(place: FoundPlace) -> str:
    what = "new" if math.isnan(place.moved_m) else f"moved by {place.moved_m:.1f} m"
    return f"{place.mac} {place.name}: {what}, level {place.level}, x {place.x_m:g}, y {place.y_m:g}"
