"""`rayon calibrate`: measurements of a store turn the generic radio map into the store's own."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import typer

from api.cli.inputs import (
    MAPS,
    ZIP,
    plan_files,
    plan_to_locate,
    refuse_no_folder,
    refuse_other_kind,
    refuse_overwriting,
)
from api.cli.locate import (
    CELL_M,
    heard_devices,
    list_named,
    warn,
    warn_of_contradicting,
    warn_of_hearings,
    warn_of_macs,
    warn_of_odd,
    warn_of_silent,
)
from api.cli.sources.labels import labels_in_words, labels_of_files, warn_of_doubts, warn_of_left_out, warn_of_unheard
from engine.errors import OperatorError, Problem, collect_problems
from engine.files import (
    ReadingTable,
    SurveyTable,
    read_readings,
    read_survey,
    readings_for_plan,
    save_radio_map,
    survey_for_plan,
)
from engine.files.joined import PlanReadings, SurveyReadings, list_surveyors, unknown_access_points
from engine.files.labels import LabelTable
from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.kernels.choice import kernels
from engine.positioning.labels.recording import learn_from_recording
from engine.positioning.learning.crowd import calibrate_store
from engine.positioning.learning.crowd_em import MOST_ROUNDS
from engine.positioning.offline import find_doubted
from engine.progress import show_progress
from engine.radio.calibrate import ApFit, Calibration, without_named
from engine.radio.evidence import Evidence
from engine.radio.evidence_sources import hearings_evidence, survey_evidence
from engine.radio.hanging.faults import HearingFaults, find_hearing_faults, forget_places, keep_sound

WORSE_DB = 0.5  # between an access point's residuals before and after: less is no news
UNHEARD = 2**63
"""From here on are devices that labels name and readings do not."""


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
    labels: Path | None = typer.Option(
        None, help="With --readings, where its devices were: t, device, kind, and sku or x_m, y_m, level."
    ),
    receipts: Path | None = typer.Option(
        None, help="With --readings, what their owners bought, a row each line: t (at the till), device, sku."
    ),
) -> None:
    """Fits the radio model to the store, from a survey, from unlabelled readings, or from both.

    A survey that the plan's access points contradict as a whole (mirrored, turned, x and y swapped, stretched, off by
    one vector, or of signals that have nothing to do with the distance to them) is named with what it looks like, and
    left aside. So is a part of it, of one of its devices or one side of the floor; the rest is used.

    Labels of the readings' devices then correct the map near labelled places, as far as devices left out are found
    nearer with them. Labels that contradict the store as a whole are named with their file, and left aside. Lines that
    name what the plan does not have are left out, and told; the others are used.

    Prints the fit before and after for each access point, says how much of it is in the map, and warns of what does not
    fit the plan: of access points whose values are refused, always the same, or contradict those of the others, too.
    Access points that by what they hear of each other hang elsewhere than the plan says, or are interchanged, are named
    and left aside, but for what a survey says of them.

    Example: [bold]rayon calibrate floorplans/boutique --survey survey.csv -o radiomap.npz[/bold]
    """
    _refuse_nothing_to_learn(survey, readings, labels, receipts)
    refuse_no_folder("--output", output)
    refuse_overwriting("--output", output, survey, readings, labels, receipts, *plan_files(folder))
    refuse_other_kind("--output", output, MAPS, (ZIP,))
    given = _read_files(folder, survey, readings, labels, receipts)
    plan, cells = given.plan, walkable_cells(given.plan, CELL_M)
    warn_of_left_out(given.told)
    if given.crowd is not None:
        warn_of_unheard(given.told, given.crowd.readings.t, given.crowd.readings.device)
    parts, faults = _evidence_of(given, survey, readings)
    known = Evidence.concat([p for p in parts if len(p)]) if any(len(p) for p in parts) else parts[0]
    surveyors = [] if given.places is None else np.unique(given.places.device).tolist()
    unlabelled = None
    if given.crowd is not None:
        unlabelled = given.crowd.readings.take(~np.isin(given.crowd.readings.ap, faults.misplaced))
    kernels(_say)
    with show_progress("calibrate", MOST_ROUNDS) as progress:
        result = calibrate_store(plan, cells, known, unlabelled, _say, progress.advance, surveyors=surveyors)
    # as far as a survey speaks for the floor, it says how strong they are there, wherever they hang
    radio_map = forget_places(result.radio_map, cells, faults.misplaced, 1.0 - result.reach.of_map)
    result = replace(result, fits=_without_law(result.fits, faults.misplaced.tolist()))
    taught: dict[str, Any] = {}
    if given.told and unlabelled is not None:
        own = {name: table.labels for name, table in given.told.items()}
        if n := sum(map(len, own.values())):
            _say(f"learning from {n} label{'s' * (n != 1)}")
        with show_progress("labels", 1.0) as progress:
            learning = learn_from_recording(plan, cells, radio_map, unlabelled, own, progress.reach)
        radio_map = learning.correct(radio_map)
        taught = learning.figures()
        result = replace(result, notes=[*result.notes, *labels_in_words(taught)])
    save_radio_map(output, radio_map, plan, cells)
    if unlabelled is not None:
        contradicting, silent = find_doubted(plan, cells, radio_map, unlabelled)
        named = _collect_named(given, faults)
        warn_of_contradicting(str(readings), contradicting, named)
        warn_of_silent(str(readings), {ap: n for ap, n in silent.items() if ap not in named})
    print(fit_table(plan, result))
    for sentence in without_named(result.warnings, _collect_named(given, faults)):
        print(f"warning: {sentence}", file=sys.stderr)
    warn_of_doubts(taught)


def _nothing_learnt(files: str, plan: Plan, places: SurveyTable | None, unplaced: ReadingTable | None) -> Problem:
    """Why no row of the tables can be used."""
    named = [table.ap for table in (places, unplaced) if table is not None]
    if all(sum(n for _, n in unknown_access_points(ap, plan)) == len(ap) for ap in named):
        reason, fix = "holds no reading that an access point of the plan made", "the ids of the plan's access points"
        return Problem(files, "(whole file)", reason, f"column ap: {fix}")
    return Problem(files, "(whole file)", "holds no reading that can be used", "see the warnings before this")


def _refuse_nothing_to_learn(
    survey: Path | None, readings: Path | None, labels: Path | None, receipts: Path | None
) -> None:
    if readings is None and (labels or receipts):
        fix = "give --readings: labels say where the devices of readings were"
        option = "--labels" if labels else "--receipts"
        raise OperatorError([Problem("rayon calibrate", option, "labels without readings teach nothing", fix)])
    if survey is None and readings is None:
        fix = "give --survey, --readings or both"
        raise OperatorError([Problem("rayon calibrate", "options", "nothing to learn from", fix)])


@dataclass(frozen=True, slots=True)
class _Given:
    """What the files hold, as they have it and in the plan's indices; `told` are labels by the name of their file."""

    plan: Plan
    places: SurveyTable | None
    surveyed: SurveyReadings | None
    unplaced: ReadingTable | None
    crowd: PlanReadings | None
    told: dict[str, LabelTable]


def _read_files(
    folder: Path, survey: Path | None, readings: Path | None, labels: Path | None, receipts: Path | None
) -> _Given:
    """Raises OperatorError with all that is wrong in them."""
    with collect_problems() as collect:
        plan = collect.read(lambda: plan_to_locate(folder))
        places = collect.read(lambda: read_survey(survey) if survey else None)
        unplaced = collect.read(lambda: read_readings(readings) if readings else None)
    with collect_problems() as collect:
        surveyed = collect.read(lambda: survey_for_plan(places, plan) if places is not None else None)
        crowd = collect.read(lambda: readings_for_plan(unplaced, plan) if unplaced is not None else None)
        names = {name: i for i, name in enumerate(crowd.device_names)} if crowd is not None else {}
        told = collect.read(
            lambda: labels_of_files(plan, labels, receipts, lambda n: names.setdefault(n, UNHEARD + len(names)))
        )
    return _Given(plan, places, surveyed, unplaced, crowd, told)


def _evidence_of(given: _Given, survey: Path | None, readings: Path | None) -> tuple[list[Evidence], HearingFaults]:
    """What was heard at known places, and which access points those that hear each other name. Warns of what is left
    out of it; raises OperatorError where there is nothing else to learn from either."""
    plan, surveyed, crowd = given.plan, given.surveyed, given.crowd
    parts, faults = list[Evidence](), HearingFaults.none()
    if surveyed is not None:
        warn(str(survey), surveyed.odd.counts, given.places, plan)
        warn_of_odd(str(survey), surveyed.odd)
        _warn_of_surveyors(str(survey), given)
        parts.append(survey_evidence(plan, surveyed))
    if crowd is not None:
        warn(str(readings), crowd.warnings, given.unplaced, plan)
        warn_of_odd(str(readings), crowd.odd)
        warn_of_macs(str(readings), heard_devices(crowd))
        faults = find_hearing_faults(plan, crowd.hearings)
        warn_of_hearings(str(readings), plan, faults)
        parts.append(hearings_evidence(plan, keep_sound(crowd.hearings, faults)))
    if not any(len(p) for p in parts) and not (crowd is not None and len(crowd.readings) + len(crowd.hearings)):
        files = " and ".join(str(p) for p in (survey, readings) if p)
        raise OperatorError([_nothing_learnt(files, plan, given.places, given.unplaced)])
    return parts, faults


def _warn_of_surveyors(file: str, given: _Given) -> None:
    """Of who took the survey by its `device`: named by MACs, or an access point of the plan."""
    if given.places is None:
        return
    surveyors = list_surveyors(given.places, given.plan)
    warn_of_macs(file, surveyors)
    others = [name for name in np.unique(given.places.device).tolist() if name and name not in surveyors]
    if rows := int(np.isin(given.places.device, others).sum()):
        said = f"{rows} of {len(given.places)} rows were taken by an access point of the plan, as column device has it"
        print(f"{file}: warning: {said}: it is to name the phone that was carried", file=sys.stderr)


def _collect_named(given: _Given, faults: HearingFaults) -> set[str]:
    """Access points that are named for something that spoils how they fit."""
    odd = [list_named(read.odd) for read in (given.surveyed, given.crowd) if read is not None]
    ids = [point.id for point in given.plan.access_points]
    return {ids[a] for a in [*faults.mute, *faults.misplaced]}.union(*odd)


def _without_law(fits: list[ApFit], aps: Collection[int]) -> list[ApFit]:
    """These access points hang elsewhere: where no survey heard them, the map has no law of theirs."""
    return [
        replace(fit, p0_dbm=math.nan, exponent=math.nan) if a in aps and not fit.places else fit
        for a, fit in enumerate(fits)
    ]


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def fit_table(plan: Plan, result: Calibration) -> str:
    """One line per access point: residuals before and after, and the law; then how much of that the map has."""
    width = max(len("access point"), *(len(ap.id) for ap in plan.access_points))
    ranged = any(fit.ranged for fit in result.fits)
    head = f"{'access point':{width}s} samples  rms before  rms after  power at 1 m  exponent"
    head += "  range bias" if ranged else ""
    lines = [head]
    lines += [
        f"{fit.ap:{width}s}  {fit.places or fit.ranged:6d}  {_db(fit.rms_before_db, 7)}  {_db(fit.rms_after_db, 6)}"
        f"  {_law(fit)}" + (f"  {fit.range_bias_m:8.2f} m" if ranged else "")
        for fit in result.fits
    ]
    lines.append(f"losses of walls and fixtures: {result.loss_scale:.2f} times the plan's")
    lines += _basis(result)
    return "\n".join(lines + [f"note: {sentence}" for sentence in result.notes])


def _basis(result: Calibration) -> list[str]:
    """What the table's figures are of, and whether the map has them; access points that one law fits worse."""
    if not any(fit.places for fit in result.fits):
        return ["power and exponent are the plan's own, and the map has them so: no RSSI at known places was used"]
    said = "samples are means of a device in one square metre, or scans of readings without places; the map of RSSI is"
    biases = "; range biases are the map's" if any(fit.ranged for fit in result.fits) else ""
    if result.in_map < 0.005:
        lines = [f"{said} not made of this fit, and stays as it is without it{biases}"]
    elif result.in_map > 0.995:
        lines = [f"{said} made of this fit"]
    else:
        lines = [f"{said} {result.in_map:.0%} of this fit, the rest as it is without it{biases}"]
    worse = [fit.ap for fit in result.fits if fit.rms_after_db > fit.rms_before_db + WORSE_DB]
    if worse:
        lines.append(f"{', '.join(worse)}: worse after than before, as one law for all access points suits the others")
    return lines


def _law(fit: ApFit) -> str:
    known = math.isfinite(fit.p0_dbm)
    return f"{fit.p0_dbm:8.1f} dBm  {fit.exponent:8.2f}" if known else f"{'-':>8s}      {'-':>8s}"


def _db(value: float, width: int) -> str:
    return f"{value:{width}.1f} dB" if math.isfinite(value) else f"{'-':>{width}s}   "
