"""Whether a survey was taken in the store: its levels are the plan's, its places lie on them.

Where many lie outside, what is likeliest is told by evidence of its own: another unit by places that are spread wider
than the floor, most of them outside; another frame by what was heard there, for the whole or for a surveyor
(`engine.radio.frames`); columns interchanged by places that nothing else brings inside. Else nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import shapely
from shapely.geometry import Polygon

from engine.errors import Problem
from engine.files.columns import SurveyTable, Texts
from engine.files.read import row_problems
from engine.plan.model import Plan, ap_key
from engine.radio.evidence import Evidence, EvidenceKind, evidence_at
from engine.radio.evidence_sources import SURVEY_PLACE_SIGMA_M
from engine.radio.frames.frame import MIRRORS, NOWHERE
from engine.radio.frames.heard import survey_rows
from engine.radio.frames.parts import by_devices, other_parts, say_device
from engine.radio.frames.said import say_frame
from engine.radio.frames.told import other_frame
from engine.records import F64
from engine.spreadsheets import quote_cell

LEAST_SPREAD = 0.25  # of a level's side: small units fit in by making a heap of any places
LEAST_OUTSIDE = 0.5  # of places in another unit: of a floor in feet, all but a tenth lie outside
PLACES_LISTED = 5  # outside; more are one problem
UNITS_M = {"feet": 0.3048, "inches": 0.0254, "centimetres": 0.01, "millimetres": 0.001}
OUTSIDE_M = 2.0  # people note where they stand to a metre or two, some of it through the wall (1.4 m on measured sites)
FARTHEST_M = 1e7  # more has no squares, and says nothing of where somebody stood
INTERCHANGED = "with x_m and y_m interchanged they would all lie inside"


def say_levels(plan: Plan) -> str:
    """Which levels the plan has."""
    names = [f"'{name}'" for name in plan.level_index]
    return f"the plan's only level is {names[0]}" if len(names) == 1 else f"the plan has levels {', '.join(names)}"


def place_problems(table: SurveyTable, plan: Plan) -> list[Problem]:
    """Unknown levels, and places more than OUTSIDE_M outside their level: one problem per level and place, at its first
    line; many places of a level are one, with what is likely."""
    out = []
    told = cache(lambda: _likely_frame(table, plan))  # seconds, and the same for all levels
    for name in dict.fromkeys(table.level.tolist()):  # in the order of lines
        rows = np.flatnonzero(table.level == name)
        if name in plan.level_index:
            out += _outside(table, plan, name, rows, told)
        else:
            place = f"line {table.lines(int(rows[0]))}, column level"
            out.append(
                Problem(table.file, place, f"unknown level {quote_cell(name)}{_more(len(rows))}", say_levels(plan))
            )
    return out


def _outside(
    table: SurveyTable,
    plan: Plan,
    name: str,
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    told: Callable[[], str],
) -> list[Problem]:
    places, first, count = np.unique(
        np.column_stack([table.x_m[rows], table.y_m[rows]]), axis=0, return_index=True, return_counts=True
    )
    outline = plan.levels[plan.level_index[name]].polygon
    with np.errstate(over="ignore"):  # of places beyond all metres
        away_m = np.asarray(shapely.distance(shapely.points(places), outline))
    far = np.flatnonzero(away_m > OUTSIDE_M)
    far = far[np.argsort(first[far])]
    x0, y0, x1, y1 = outline.bounds
    sheet = f"its metres go from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g})"
    if len(far) > PLACES_LISTED:
        few = ", ".join(str(table.lines(int(rows[first[i]]))) for i in far[:PLACES_LISTED])
        most = far[np.argmax(away_m[far])]
        reason = (
            f"{len(far)} of {len(places)} places lie outside level {name!r} (lines {few}, …), the farthest, "
            f"({places[most, 0]:g}, {places[most, 1]:g}), by {_say_far(away_m[most])}; {sheet}"
        )
        place = f"line {table.lines(int(rows[first[far[0]]]))}, column x_m, y_m"
        device = table.device[rows[first]]
        likely = _likely_unit(places, away_m, outline) or told() or _say_interchanged(places, device, away_m, outline)
        return [Problem(table.file, place, reason, likely)]
    reasons = [
        f"({places[i, 0]:g}, {places[i, 1]:g}) lies {_say_far(away_m[i])} outside level {name!r}{_more(int(count[i]))};"
        f" {sheet}"
        for i in far
    ]
    fixes = [told()] if reasons else []  # of all: said once
    return row_problems(table.file, "x_m, y_m", rows[first[far]].tolist(), reasons, table.lines, fixes)


def _likely_unit(places: F64, away_m: F64, outline: Polygon) -> str:
    """The largest unit in which places (P, 2) would all lie inside, and not in a heap, where as metres they are spread
    wider than the floor and most lie outside; empty where there is none. Divided by three, nearly any places fit in."""
    low_x, low_y, high_x, high_y = outline.bounds
    sides_m = np.array([high_x - low_x, high_y - low_y])
    wider = (np.ptp(places, axis=0) > sides_m + 2 * OUTSIDE_M).any()
    if not wider or (away_m > OUTSIDE_M).mean() < LEAST_OUTSIDE:
        return ""
    for unit, metres in UNITS_M.items():
        there = places * metres
        if _all_inside(there, outline) and (np.ptp(there, axis=0) >= LEAST_SPREAD * sides_m).any():
            return f"in {unit} they would all lie inside: metres are meant"
    return ""


def _likely_frame(table: SurveyTable, plan: Plan) -> str:
    """In which frame all places, or those of one surveyor or side, were told by what was heard there; empty where that
    does not say."""
    evidence = _evidence(table, plan)
    frame = other_frame(plan, survey_rows(plan, evidence))
    if frame is not None and frame.kind != NOWHERE:
        theirs, alone = by_devices(plan, evidence, frame)
        if not alone and not theirs:
            return say_frame(frame)
    surveyors = np.unique(table.device).tolist()
    parts = [other for other in other_parts(plan, evidence) if other.frame.kind != NOWHERE]
    return "; ".join(f"those of {other.part.say(surveyors)}: {say_frame(other.frame)}" for other in parts)


def _evidence(table: SurveyTable, plan: Plan) -> Evidence:
    """Of rows whose level and access point the plan has, and whose place is on Earth."""
    ap = np.array([plan.ap_index.get(ap_key(name), -1) for name in table.ap.tolist()], np.int32)
    level = np.array([plan.level_index.get(name, -1) for name in table.level.tolist()], np.int32)
    near = np.maximum(np.abs(table.x_m), np.abs(table.y_m)) < FARTHEST_M
    ok = np.flatnonzero((ap >= 0) & (level >= 0) & near)
    source = np.unique(table.device, return_inverse=True)[1].astype(np.int32)
    return evidence_at(
        plan,
        kind=EvidenceKind.SURVEYED,
        ap=ap[ok],
        source=source[ok],
        level=level[ok],
        x_m=table.x_m[ok],
        y_m=table.y_m[ok],
        rssi_dbm=np.where(table.rssi_dbm < 0, table.rssi_dbm, np.nan)[ok],
        range_m=np.where(table.range_m <= plan.longest_range_m, table.range_m, np.nan)[ok],
        place_sigma_m=np.full(len(ok), SURVEY_PLACE_SIGMA_M),
    )


def _say_interchanged(places: F64, device: Texts, away_m: F64, outline: Polygon) -> str:
    """Whose places (P, 2), of `device` (P,), would all lie inside with x and y interchanged, and in no mirror: of
    those who have some outside; empty where that does not bring all of them inside."""
    whose = np.unique(device[away_m > OUTSIDE_M])
    ways = [(np.ones(len(places), np.bool_), INTERCHANGED)]
    surveyors = np.unique(device).tolist()
    if len(whose) < len(surveyors):
        named = ", ".join(say_device(surveyors, surveyors.index(name)) for name in whose.tolist())
        ways.append((np.isin(device, whose), f"those of {named}: {INTERCHANGED}"))
    for own, said in ways:
        there = places[own]
        mirrored = any(_all_inside(mirror, outline) for mirror in _mirrors(there, outline))
        if _all_inside(there[:, ::-1], outline) and not mirrored:
            return said
    return ""


def _mirrors(places: F64, outline: Polygon) -> list[F64]:
    """The places in a mirrored sheet, and in one turned by half."""
    low_x, low_y, high_x, high_y = outline.bounds
    middle = np.array([low_x + high_x, low_y + high_y]) / 2
    return [(places - middle) * np.array(signs) + middle for signs in MIRRORS.values()]


def _all_inside(places: F64, outline: Polygon) -> bool:
    with np.errstate(over="ignore"):
        return bool((np.asarray(shapely.distance(shapely.points(places), outline)) <= OUTSIDE_M).all())


def _say_far(away_m: float) -> str:
    """Metres; of places beyond all of them, whose squares are no numbers, how far at least."""
    return f"{away_m:.4g} m" if np.isfinite(away_m) else "more than 1e150 m"


def _more(n: int) -> str:
    return f", and on {n - 1} more line{'s' if n > 2 else ''}" if n > 1 else ""
