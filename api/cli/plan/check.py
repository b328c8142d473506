"""`rayon plan check`: every mistake of a floor plan, or what the store holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.inputs import StoreFolder, warn_of
from api.cli.plan.promises import promises
from engine.errors import OperatorError, Problem
from engine.offers.campaigns import CAMPAIGNS_FILE, Campaign, read_campaigns
from engine.plan.load import check_plan, folder_problem
from engine.plan.model import Plan
from engine.plan.walkable import walkable_area
from engine.yaml_files import read_yaml


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("check")(check)


def check(
    folder: StoreFolder,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Read a floor plan and its campaigns strictly; list every mistake with its place, or say what the store holds.

    Example: [bold]rayon plan check floorplans/supermarket[/bold]

    Mistakes end with exit status 2. Warnings do not: the plan can be used as it is, or, where it has no access point
    yet, drawn.
    """
    plan, errors, warnings = check_plan(folder)
    campaigns, wrong = _campaigns(folder, plan)
    errors += wrong
    if plan is not None and plan.store != folder.resolve().name:
        warnings.append(folder_problem(plan, folder.resolve()))
    plan = None if errors else plan
    if plan is not None:
        stated = promises(plan, [c for c in campaigns if c.precision is not None])
        warnings += [_unkept(folder, told) for told in stated if not told["kept"]]
    if as_json:
        report = _report(plan, errors, warnings) | ({"campaigns": len(campaigns)} if plan is not None else {})
        print(json.dumps(report, ensure_ascii=False))
        if plan is None:
            raise OperatorError(errors)
        return
    for warning in warnings:
        warn_of(warning)
    if plan is None:
        raise OperatorError(errors)
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(f"{plan.name} ({plan.store}), {plan.timezone}, {plan.currency}", highlight=False, markup=False)
    console.print(_table(plan))
    ending = f"{len(warnings)} warning{'s' if len(warnings) != 1 else ''}" if warnings else "nothing to warn of"
    if campaigns:
        console.print(
            f"{len(campaigns)} campaign{'s' if len(campaigns) != 1 else ''} in {CAMPAIGNS_FILE}", highlight=False
        )
    usable = "can be used" if plan.access_points else "can be drawn, but nobody be located with it"
    console.print(f"The plan {usable}; {ending}.", highlight=False)


def _unkept(folder: Path, told: dict[str, Any]) -> Problem:
    return Problem(str(folder / CAMPAIGNS_FILE), f"{told['id']}.precision", f"{told['words']}: {told['said']}")


def _campaigns(folder: Path, plan: Plan | None) -> tuple[list[Campaign], list[Problem]]:
    """Those of the store's file, if it has one, and what is wrong with it."""
    path = folder / CAMPAIGNS_FILE
    if not path.is_file():
        return [], []
    try:
        raw = read_yaml(path)
    except OperatorError as error:
        return [], list(error.problems)
    return read_campaigns(raw, plan, str(path))


def _per_level(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "id": level.id,
            "ordinal": level.ordinal,
            "name": level.name,
            "area_m2": round(level.polygon.area, 1),
            "walkable_m2": round(walkable_area(plan, level.id).area, 1),
            "zones": sum(z.level == level.id for z in plan.zones),
            "walls": sum(w.level == level.id for w in plan.walls),
            "fixtures": sum(f.level == level.id for f in plan.fixtures),
            "openings": sum(o.level == level.id for o in plan.openings),
            "access_points": sum(ap.level == level.id for ap in plan.access_points),
            "products": sum(p.level == level.id for p in plan.products),
        }
        for level in plan.levels
    ]


def _report(plan: Plan | None, errors: list[Problem], warnings: list[Problem]) -> dict[str, Any]:
    def rows(problems: list[Problem]) -> list[dict[str, str]]:
        return [{"file": p.file, "place": p.place, "reason": p.reason, "fix": p.fix} for p in problems]

    report: dict[str, Any] = {"ok": plan is not None, "errors": rows(errors), "warnings": rows(warnings)}
    if plan is not None:
        head = {"store": plan.store, "name": plan.name, "timezone": plan.timezone, "currency": plan.currency}
        report |= head | {"levels": _per_level(plan)}
    return report


def _table(plan: Plan) -> Table:
    table = Table(show_footer=len(plan.levels) > 1)
    levels = _per_level(plan)
    table.add_column("level", "all")
    for title, key in _COLUMNS.items():
        total = sum(level[key] for level in levels)
        table.add_column(title, f"{total:,.0f}", justify="right")
    for level in levels:
        table.add_row(Text(f"{level['id']} ({level['name']})"), *(f"{level[key]:,.0f}" for key in _COLUMNS.values()))
    return table


_COLUMNS = {
    "m²": "area_m2",
    "walkable m²": "walkable_m2",
    "zones": "zones",
    "walls": "walls",
    "fixtures": "fixtures",
    "openings": "openings",
    "APs": "access_points",
    "products": "products",
}
