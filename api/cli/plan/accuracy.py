"""`rayon plan accuracy`: how well a store can locate, and where one more access point would help most."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from api.cli.inputs import StoreFolder, plan_files, refuse_overwriting
from api.cli.plan.own_labels import own_labels
from api.cli.plan.promises import campaigns_of, promise_of_place, promises, say_no_campaigns
from engine.errors import OperatorError, Problem
from engine.files.write import whole_file
from engine.plan.cells import Cells, walkable_cells, zone_membership
from engine.plan.drawing.draw import draw_svg, svg_to_png
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.positioning.accuracy import WEAK_M, CandidatePlace, best_places, expected_error, simulated_error, weak
from engine.positioning.motion.standing import unlisted_cells
from engine.records import F64

CELL_M = 1.0
COLOURS = ((2.0, "#1a9850"), (3.0, "#91cf60"), (4.5, "#fee08b"), (6.0, "#fc8d59"), (np.inf, "#d73027"))  # up to metres
SIMULATED_CELLS = 400  # at most


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("accuracy")(accuracy)


def accuracy(
    folder: StoreFolder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A map: ends in .svg or .png.")
    ] = None,
    level: Annotated[str | None, typer.Option(help="The level to draw; the first without.")] = None,
    more: Annotated[int, typer.Option(min=0, max=10, help="How many places for more access points to name.")] = 3,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="SKU|ZONE",
            help="What a coupon at this product or zone could promise; needs no campaigns.yaml.",
        ),
    ] = None,
    radius: Annotated[
        float | None,
        typer.Option(min=0.1, max=50, metavar="M", help="With --at SKU: within so many metres of it, 3 without."),
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(min=0.5, max=0.95, help="With --at: the share of triggers that must be right, 0.8 without."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="FILE", help="Of a running site: what its engine and its own labels say, too."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Expected error of one scan everywhere in the store, from its plan alone: before anything is measured.

    The map is coloured by the Cramér-Rao bound with unknown phones; rings are the places where one more access point
    would help most. A moving track does better than one scan.

    Of each campaign in the folder's campaigns.yaml it says how many of its triggers will be right, and how many of
    those due will come, for the precision that the campaign states; of one that states none, at its own
    min_probability, where nothing is promised. This is told by the plan alone, of people who pause: how long a
    campaign's dwell is does not enter. With --config it sets beside it what the running engine goes by, which knows
    where people pause, and the store's labels.

    Example: [bold]rayon plan accuracy floorplans/supermarket -o accuracy.svg[/bold]

    Before there is a campaign, for a coupon within 3 m of a product whose triggers are to be right in 8 of 10 cases:
    [bold]rayon plan accuracy floorplans/boutique --at FEM-001 --radius 3 --precision 0.8[/bold]
    """
    if output is not None and output.suffix.lower() not in (".svg", ".png"):
        fix = "give a name that ends in .svg or .png"
        raise OperatorError([Problem("--output", str(output), "is no kind of picture Rayon draws", fix)])
    refuse_overwriting("--output", output, *plan_files(folder))
    if at is None:
        _refuse_alone({"--radius": radius, "--precision": precision})
    plan = load_plan(folder)
    if not plan.access_points:
        raise OperatorError([Problem(str(folder), "(access points)", "there are none: nothing can be located")])
    drawn = level or plan.levels[0].id
    if drawn not in plan.level_index:
        raise OperatorError([Problem("--level", drawn, "no such level", f"one of {', '.join(plan.level_index)}")])
    asked = None if at is None else promise_of_place(plan, at, radius, precision)
    cells = walkable_cells(plan, CELL_M)
    error = expected_error(plan, cells)
    every = max(1, len(cells) // SIMULATED_CELLS)
    simulated = simulated_error(plan, cells, np.random.default_rng(0), every)
    places = best_places(plan, cells, more)
    if output is not None:
        _draw(plan, cells, error, places, drawn, output)
    report = _report(plan, cells, error, simulated, places)
    campaigns = campaigns_of(folder, plan)
    report |= {"campaigns": promises(plan, campaigns), "no_campaigns": say_no_campaigns(folder, campaigns)}
    report |= {"at": asked, "labels": own_labels(plan.store, config)}
    print(json.dumps(report, ensure_ascii=False) if as_json else _text(report))


def _report(plan: Plan, cells: Cells, error: F64, simulated: F64, places: list[CandidatePlace]) -> dict[str, Any]:
    member = zone_membership(plan, cells) > 0
    zones = [
        {"id": z.id, "level": z.level, "expected_m": round(float(error[own].mean()), 2)}
        for z, own in zip(plan.zones, member.T, strict=True)
        if own.any()
    ]
    return {
        "store": plan.store,
        "access_points": len(plan.access_points),
        "expected_m": {f"p{q}": round(float(np.percentile(error, q)), 2) for q in (50, 90)},
        "mean_m": round(float(error.mean()), 3),
        "simulated_rms_m": {f"p{q}": round(float(np.percentile(simulated, q)), 2) for q in (50, 90)},
        "weak_share": round(float(weak(error).mean()), 4),
        "unlisted_share": round(float(unlisted_cells(plan, cells).sum()), 3) if plan.products else None,
        "zones": sorted(zones, key=lambda z: -float(str(z["expected_m"]))),
        "one_more": [{"level": p.level, "x_m": p.x_m, "y_m": p.y_m, "mean_m": round(p.mean_m, 3)} for p in places],
    }


def _text(report: dict[str, Any]) -> str:
    lines = [
        f"{report['store']}: {report['access_points']} access points",
        "error of one scan, simulated by the plan's map and located as live ones are:"
        f" {report['simulated_rms_m']['p50']} m at the median place, {report['simulated_rms_m']['p90']} m at 90 %"
        " of the area (root mean squares); who is tracked from scan to scan is found nearer",
        "to compare places, a bound by distance alone, which is higher where walls and edges help:"
        f" {report['expected_m']['p50']} m at the median, {report['expected_m']['p90']} m at 90 % of the area;"
        f" {report['weak_share']:.0%} of the area is weak: above {WEAK_M:g} m, where neighbouring"
        " zones cannot be told apart by one scan",
        "weakest zones, by that bound: " + ", ".join(f"{z['id']} {z['expected_m']} m" for z in report["zones"][:5]),
    ]
    for k, p in enumerate(report["one_more"]):
        place, mean = f"x {p['x_m']}, y {p['y_m']} on level {p['level']}", f"{p['mean_m']:.2f} m"
        lines.append(
            f"one more access point helps most at {place}: the bound's mean falls from {report['mean_m']:.2f} to {mean}"
            if k == 0
            else f"and with that, another at {place}: to {mean}"
        )
    if report["unlisted_share"]:
        who = f"{report['unlisted_share']:.0%} of those who stop are expected at what it does not list"
        lines.append(f"products.csv lists little of this floor: {who}")
    if report["campaigns"]:
        lines.append("campaigns, by the plan alone:")
    lines += [f"{c['id']}, {c['words']}: {c['said']}" for c in report["campaigns"]]
    asked = report["at"]
    if asked is not None:
        lines.append(f"{asked['words']}, by the plan alone: {asked['said']}")
    elif report["no_campaigns"]:
        lines.append(report["no_campaigns"])
    lines += report["labels"]["said"]
    return "\n".join(lines)


def _refuse_alone(options: dict[str, float | None]) -> None:
    """Those that say nothing without --at."""
    fix = "add --at SKU or --at ZONE"
    given = [Problem(name, f"{value:g}", "is of a place", fix) for name, value in options.items() if value is not None]
    if given:
        raise OperatorError(given)


def _draw(plan: Plan, cells: Cells, error: F64, places: list[CandidatePlace], level: str, output: Path) -> None:
    own = np.flatnonzero(cells.level == plan.level_index[level])
    side, half = cells.cell_m, cells.cell_m / 2
    squares = [
        f'<rect x="{x - half:.2f}" y="{y - half:.2f}" width="{side}" height="{side}" fill="{_colour(e)}"'
        f' fill-opacity="0.6"><title>{e:.1f} m</title></rect>'
        for x, y, e in zip(cells.x_m[own].tolist(), cells.y_m[own].tolist(), error[own].tolist(), strict=True)
    ]
    rings = [
        f'<circle cx="{p.x_m}" cy="{p.y_m}" r="0.8" fill="none" stroke="#2166ac" stroke-width="0.3"/>'
        for p in places
        if p.level == level
    ]
    svg = draw_svg(plan, level=level, layers=[*squares, *rings])
    content = svg_to_png(svg) if output.suffix.lower() == ".png" else svg.encode()
    with whole_file(output) as draft:
        draft.write_bytes(content)
    print(f"{output}: {len(content):,} bytes", file=sys.stderr)


def _colour(error_m: float) -> str:
    return next(colour for upto, colour in COLOURS if error_m <= upto)
