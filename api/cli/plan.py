"""`rayon plan check` and `rayon plan draw`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli import plan_accuracy
from engine.errors import OperatorError, Problem
from engine.plan.drawing.draw import draw_svg, svg_to_png
from engine.plan.load import check_plan, load_plan
from engine.plan.model import Plan
from engine.plan.walkable import walkable_area

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The store's folder: plan.geojson, products.csv.")]

plan_app = typer.Typer(
    name="plan", help="Check and draw a store's floor plan.", no_args_is_help=True, rich_markup_mode="rich"
)


def register(app: typer.Typer) -> None:
    """Adds `plan` and its commands."""
    plan_accuracy.register(plan_app)
    app.add_typer(plan_app)


@plan_app.command()
def check(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Read a floor plan strictly; list every mistake with its place, or say what the store holds.

    Example: [bold]rayon plan check floorplans/supermarket[/bold]

    Mistakes end with exit status 2. Warnings do not: the plan can be used as it is.
    """
    plan, errors, warnings = check_plan(folder)
    if as_json:
        print(json.dumps(_report(plan, errors, warnings), ensure_ascii=False))
        if plan is None:
            raise OperatorError(errors)
        return
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if plan is None:
        raise OperatorError(errors)
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(f"{plan.name} ({plan.store}), {plan.timezone}, {plan.currency}", highlight=False, markup=False)
    console.print(_table(plan))
    ending = f"{len(warnings)} warning{'s' if len(warnings) != 1 else ''}" if warnings else "nothing to warn of"
    console.print(f"The plan can be used; {ending}.", highlight=False)


@plan_app.command()
def draw(
    folder: Folder,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Ends in .svg or .png.")],
    level: Annotated[str | None, typer.Option(help="One level's id; all levels side by side without.")] = None,
    width_px: Annotated[int, typer.Option(min=200, max=8000, help="Width of the picture.")] = 1200,
) -> None:
    """Draw a floor plan: walls, fixtures, zones, openings, access points, products.

    Example: [bold]rayon plan draw floorplans/boutique -o boutique.svg --level etage[/bold]
    """
    plan = load_plan(folder)
    if output.suffix.lower() not in (".svg", ".png"):
        fix = "give a name that ends in .svg or .png"
        raise OperatorError([Problem("--output", str(output), "is no kind of picture Rayon draws", fix)])
    try:
        svg = draw_svg(plan, level=level, width_px=width_px)
    except ValueError as error:
        raise OperatorError([Problem("--level", str(level), str(error))]) from error
    content = svg_to_png(svg) if output.suffix.lower() == ".png" else svg.encode()
    try:
        output.write_bytes(content)
    except OSError as error:
        raise OperatorError([Problem(str(output), "(whole file)", error.strerror or str(error))]) from error
    print(f"{output}: {len(content):,} bytes", file=sys.stderr)


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
