"""`rayon calibrate`: measurements of a store turn the generic radio map into the store's own."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import typer

from api.cli.inputs import plan_files, plan_to_locate, refuse_overwriting
from api.cli.locate import CELL_M, warn
from engine.errors import OperatorError, Problem, collect_problems
from engine.files import read_readings, read_survey, readings_for_plan, save_radio_map, survey_for_plan
from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning.crowd import calibrate_store
from engine.positioning.learning.crowd_em import MOST_ROUNDS
from engine.progress import show_progress
from engine.radio.calibrate import Calibration
from engine.radio.evidence import Evidence
from engine.radio.evidence_sources import hearings_evidence, survey_evidence


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("calibrate")(calibrate)


def calibrate(
    folder: Path = typer.Argument(..., metavar="DIR", help="The store's folder, with its plan.geojson."),
    output: Path = typer.Option(..., "--output", "-o", help="Where the radio map goes (.npz)."),
    survey: Path | None = typer.Option(
        None, help="Readings at known places: x_m, y_m, level, ap, rssi_dbm and/or range_m."
    ),
    readings: Path | None = typer.Option(
        None, help="Readings without places: of shoppers, and of access points that hear each other."
    ),
) -> None:
    """Fits the radio model to the store, from a survey, from unlabelled readings, or from both.

    Prints the fit before and after for each access point, and warns of what does not fit the plan.

    Example: [bold]rayon calibrate floorplans/boutique --survey survey.csv -o radiomap.npz[/bold]
    """
    if survey is None and readings is None:
        fix = "give --survey, --readings or both"
        raise OperatorError([Problem("rayon calibrate", "options", "nothing to learn from", fix)])
    refuse_overwriting("--output", output, survey, readings, *plan_files(folder))
    with collect_problems() as collect:
        plan = collect.read(lambda: plan_to_locate(folder))
        places = collect.read(lambda: read_survey(survey) if survey else None)
        unplaced = collect.read(lambda: read_readings(readings) if readings else None)
    with collect_problems() as collect:
        surveyed = collect.read(lambda: survey_for_plan(places, plan) if places is not None else None)
        crowd = collect.read(lambda: readings_for_plan(unplaced, plan) if unplaced is not None else None)
    parts: list[Evidence] = []
    if surveyed is not None:
        warn(str(survey), surveyed.warnings)
        parts.append(survey_evidence(plan, surveyed))
    if crowd is not None:
        warn(str(readings), crowd.warnings)
        parts.append(hearings_evidence(plan, crowd.hearings))
    if not any(len(p) for p in parts) and not (crowd is not None and len(crowd.readings)):
        files = " and ".join(str(p) for p in (survey, readings) if p)
        reason = "holds no reading that an access point of the plan made"
        raise OperatorError([Problem(files, "(whole file)", reason, "column ap: the ids of the plan's access points")])
    cells = walkable_cells(plan, CELL_M)
    known = Evidence.concat([p for p in parts if len(p)]) if any(len(p) for p in parts) else parts[0]
    unlabelled = crowd.readings if crowd is not None else None
    with show_progress("calibrate", MOST_ROUNDS) as progress:
        result = calibrate_store(plan, cells, known, unlabelled, _say, progress.advance)
    save_radio_map(output, result.radio_map, plan, cells)
    print(fit_table(plan, result))
    for sentence in result.warnings:
        print(f"warning: {sentence}", file=sys.stderr)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def fit_table(plan: Plan, result: Calibration) -> str:
    """One line per access point: residuals before and after, and the law."""
    width = max(len("access point"), *(len(ap.id) for ap in plan.access_points))
    head = f"{'access point':{width}s}  places  rms before  rms after  power at 1 m  exponent  range bias"
    lines = [head]
    lines += [
        f"{fit.ap:{width}s}  {fit.places:6d}  {_db(fit.rms_before_db, 7)}  {_db(fit.rms_after_db, 6)}"
        f"  {fit.p0_dbm:8.1f} dBm  {fit.exponent:8.2f}  {fit.range_bias_m:8.2f} m"
        for fit in result.fits
    ]
    lines.append(f"losses of walls and fixtures: {result.loss_scale:.2f} times the plan's")
    return "\n".join(lines + [f"note: {sentence}" for sentence in result.notes])


def _db(value: float, width: int) -> str:
    return f"{value:{width}.1f} dB" if math.isfinite(value) else f"{'-':>{width}s}   "
