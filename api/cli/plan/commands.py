"""`rayon plan` and its commands."""

from __future__ import annotations

import typer

from api.cli.lazy import LazyGroup, Listed

COMMANDS = {
    "new": Listed(
        "api.cli.plan.new",
        "Write a start for a floor plan: a rectangle with one of each thing, and what to change in it.",
    ),
    "check": Listed(
        "api.cli.plan.check",
        "Read a floor plan and its campaigns strictly; list every mistake with its place, or say what the store holds.",
    ),
    "import": Listed(
        "api.cli.plan.import_", "Make a plan of a drawing: IMDF, DXF, GeoJSON of QGIS or OpenStreetMap, Ekahau."
    ),
    "places": Listed(
        "api.cli.plan.places",
        "Move access points to where the vendor's own map has them, and add those that the plan has not.",
    ),
    "export": Listed("api.cli.plan.export", "Write a plan as an IMDF archive, on Earth where its anchor says."),
    "draw": Listed(
        "api.cli.plan.draw", "Draw a floor plan: walls, fixtures, zones, openings, access points, products."
    ),
    "accuracy": Listed(
        "api.cli.plan.accuracy",
        "Expected error of one scan everywhere in the store, from its plan alone: before anything is measured.",
    ),
}


class PlanCommands(LazyGroup):
    """The commands of `rayon plan`."""

    table = COMMANDS


def register(app: typer.Typer) -> None:
    """Adds `plan` and its commands."""
    plan = typer.Typer(name="plan", cls=PlanCommands, no_args_is_help=True, rich_markup_mode="rich")
    plan.callback()(_plan)
    app.add_typer(plan)


def _plan() -> None:
    """Make, check and draw a store's floor plan."""
