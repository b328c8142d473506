"""Whether a survey was taken in the store: its levels are the plan's, its places lie on them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import Polygon

from engine.errors import Problem
from engine.files.columns import SurveyTable
from engine.files.read import row_problems
from engine.plan.model import Plan
from engine.records import F64

LEAST_SPREAD = 0.25  # of a level's side: small units fit in by making a heap of any places
PLACES_LISTED = 5  # outside; more are one problem
UNITS_M = {"feet": 0.3048, "inches": 0.0254, "centimetres": 0.01, "millimetres": 0.001}
OUTSIDE_M = 2.0  # people note where they stand to a metre or two, some of it through the wall (1.4 m on measured sites)


def place_problems(table: SurveyTable, plan: Plan) -> list[Problem]:
    """Unknown levels, and places more than OUTSIDE_M outside their level: one problem per level and place, at its first
    line; many places of a level are one, with what is likely: another unit, or columns interchanged."""
    out = []
    for name in np.unique(table.level).tolist():
        rows = np.flatnonzero(table.level == name)
        if name in plan.level_index:
            out += _outside(table, plan, name, rows)
        else:
            known = ", ".join(plan.level_index)
            reason = f"unknown level {name!r}{_more(len(rows))}"
            out.append(
                Problem(table.file, f"line {table.lines(int(rows[0]))}, column level", reason, f"one of {known}")
            )
    return out


def _outside(
    table: SurveyTable, plan: Plan, name: str, rows: np.ndarray[tuple[int], np.dtype[np.intp]]
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
            f"({places[most, 0]:g}, {places[most, 1]:g}), by {away_m[most]:.4g} m; {sheet}"
        )
        place = f"line {table.lines(int(rows[first[far[0]]]))}, column x_m, y_m"
        return [Problem(table.file, place, reason, _likely(places, outline))]
    reasons = [
        f"({places[i, 0]:g}, {places[i, 1]:g}) lies {away_m[i]:.4g} m outside level {name!r}{_more(int(count[i]))};"
        f" {sheet}"
        for i in far
    ]
    return row_problems(table.file, "x_m, y_m", rows[first[far]].tolist(), reasons, table.lines)


def _likely(places: F64, outline: Polygon) -> str:
    """How places (P, 2) would all lie inside, and not in a heap, in the largest unit that they fit in; empty where in
    none."""
    low_x, low_y, high_x, high_y = outline.bounds
    sides_m = np.array([high_x - low_x, high_y - low_y])
    ways = [("with x_m and y_m interchanged they would all lie inside", places[:, ::-1])]
    inside = "they would all lie inside: metres are meant"
    ways += [(f"in {unit} {inside}", places * metres) for unit, metres in UNITS_M.items()]
    for said, there in ways:
        with np.errstate(over="ignore"):
            within = (np.asarray(shapely.distance(shapely.points(there), outline)) <= OUTSIDE_M).all()
        if within and (np.ptp(there, axis=0) >= LEAST_SPREAD * sides_m).any():
            return said
    return ""


def _more(n: int) -> str:
    return f", and on {n - 1} more line{'s' if n > 2 else ''}" if n > 1 else ""
