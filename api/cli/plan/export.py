"""`rayon plan export`: a plan in a format that other programs read."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.inputs import StoreFolder, plan_files, refuse_overwriting
from engine.errors import OperatorError, Problem
from engine.files.write import whole_file
from engine.plan.exporters.imdf import Address, imdf_archive
from engine.plan.load import PLAN_FILE, load_plan

FORMATS = ("imdf",)
_COUNTRY = re.compile("[A-Za-z]{2}")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("export")(export)


def export(
    folder: StoreFolder,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The archive; ends in .zip.")],
    format_: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "imdf",
    address: Annotated[str, typer.Option(help="Street and number; the store's name without.")] = "",
    locality: Annotated[str, typer.Option(help="The town, which IMDF requires.")] = "unknown",
    country: Annotated[str, typer.Option(help="ISO 3166, two letters; ZZ is nowhere.")] = "ZZ",
    language: Annotated[str, typer.Option(help="Of the plan's names, as in BCP 47.")] = "en",
) -> None:
    """Write a plan as an IMDF archive, on Earth where its anchor says.

    Example: [bold]rayon plan export floorplans/boutique -o boutique.zip --locality Lyon --country FR[/bold]
    """
    if format_ not in FORMATS:
        raise OperatorError([Problem("--format", format_, "is no format Rayon writes", f"one of {', '.join(FORMATS)}")])
    if output.suffix.lower() != ".zip":
        raise OperatorError([Problem("--output", str(output), "is no archive", "give a name that ends in .zip")])
    if not _COUNTRY.fullmatch(country):
        fix = "two letters of ISO 3166, like FR; ZZ is nowhere"
        raise OperatorError([Problem("--country", country, "is no country's code", fix)])
    plan = load_plan(folder)
    refuse_overwriting("--output", output, *plan_files(folder))
    file = folder / PLAN_FILE
    if plan.anchor is None:
        fix = '{"lon": …, "lat": …, "bearing_deg": …} of the corner at 0, 0'
        raise OperatorError([Problem(str(file), "rayon.anchor", "is null: IMDF needs a place on Earth", fix)])
    written = datetime.fromtimestamp(int(file.stat().st_mtime), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    where = Address(address or plan.name, locality, country.upper(), language)
    content = imdf_archive(plan, where, written)
    with whole_file(output) as draft:
        draft.write_bytes(content)
    print(f"{output}: {len(content):,} bytes", file=sys.stderr)
