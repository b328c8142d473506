"""Whether a survey was taken in the store: its levels are the plan's, its places lie on them."""

from __future__ import annotations

import numpy as np
import shapely

from engine.errors import Problem
from engine.files.columns import SurveyTable
from engine.files.read import row_problems
from engine.plan.model import Plan

OUTSIDE_M = 2.0  # people note where they stand to a metre or two, some of it through the wall (1.4 m on measured sites)


def place_problems(table: SurveyTable, plan: Plan) -> list[Problem]:
    """Unknown levels, and places more than OUTSIDE_M outside their level: one problem per level and place, at its first
    line."""
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
    reasons = [
        f"({places[i, 0]:g}, {places[i, 1]:g}) lies {away_m[i]:.4g} m outside level {name!r}{_more(int(count[i]))};"
        f" its metres go from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g})"
        for i in far
    ]
    return row_problems(table.file, "x_m, y_m", rows[first[far]].tolist(), reasons, table.lines)


def _more(n: int) -> str:
    return f", and on {n - 1} more line{'s' if n > 2 else ''}" if n > 1 else ""
