"""`rayon plan draw`: a floor plan as a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli.inputs import StoreFolder, plan_files, refuse_overwriting
from engine.errors import OperatorError, Problem
from engine.files.write import whole_file
from engine.plan.drawing.draw import draw_svg, svg_to_png
from engine.plan.load import load_plan


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("draw")(draw)


def draw(
    folder: StoreFolder,
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
    refuse_overwriting("--output", output, *plan_files(folder))
    try:
        svg = draw_svg(plan, level=level, width_px=width_px)
    except ValueError as error:
        raise OperatorError([Problem("--level", str(level), str(error))]) from error
    content = svg_to_png(svg) if output.suffix.lower() == ".png" else svg.encode()
    with whole_file(output) as draft:
        draft.write_bytes(content)
    print(f"{output}: {len(content):,} bytes", file=sys.stderr)
