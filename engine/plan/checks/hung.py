"""Warnings of how access points hang: too few of them, two at one place, all of a floor's in a corner or on a line."""

from __future__ import annotations

from itertools import combinations
from math import dist, hypot

from engine.plan.findings import Findings
from engine.plan.model import AccessPoint, Level, Plan

FEWEST_ACCESS_POINTS = 3  # fewer cannot fix a position in the plane
ONE_PLACE_M = 0.5  # nobody hangs two that near: it is one box, drawn for each of its radios
ONE_CORNER = 0.25  # of a floor's diagonal: seen from afar, access points that near all lie in one direction
ON_LINE_M = 1.0  # beside it: less is no angle to tell one side by
BOTH_SIDES_M = 3.0  # of floor on each side of it: with less, sides are nearer than a scan tells anyhow


def check_hung(plan: Plan, findings: Findings) -> None:
    """Adds the warnings of a plan without errors."""
    n = len(plan.access_points)
    if not n:
        fix = 'add features of feature_type "access_point"'
        findings.odd("features", "there is no access point: nothing can be located", fix)
    elif n < FEWEST_ACCESS_POINTS:
        reason = "there is 1 access point" if n == 1 else f"there are {n} access points"
        findings.odd("features", reason, f"positions need {FEWEST_ACCESS_POINTS} at least")
    for level in plan.levels:
        own = [ap for ap in plan.access_points if ap.level == level.id]
        _warn_of_one_place(level, own, findings)
        _warn_of_one_corner(level, own, findings)
        _warn_of_one_line(level, own, findings)


def _warn_of_one_place(level: Level, own: list[AccessPoint], findings: Findings) -> None:
    for one, other in combinations(own, 2):
        apart_m = dist((one.x_m, one.y_m, one.z_m), (other.x_m, other.y_m, other.z_m))
        if apart_m < ONE_PLACE_M:
            reason = f"access points {one.id!r} and {other.id!r} hang {apart_m:.2f} m apart"
            fix = "move the one that is wrong; of one box draw one, with all its addresses as macs"
            findings.odd(f"level {level.id}", reason, fix)


def _warn_of_one_corner(level: Level, own: list[AccessPoint], findings: Findings) -> None:
    if len(own) < FEWEST_ACCESS_POINTS:
        return
    apart_m = max(dist((a.x_m, a.y_m), (b.x_m, b.y_m)) for a, b in combinations(own, 2))
    x0, y0, x1, y1 = level.polygon.bounds
    if apart_m < ONE_CORNER * hypot(x1 - x0, y1 - y0):
        reason = f"its {len(own)} access points hang within {apart_m:.1f} m, on a floor of {x1 - x0:g} by {y1 - y0:g} m"
        findings.odd(f"level {level.id}", reason, "spread them: from one corner, nobody tells directions apart")


def _warn_of_one_line(level: Level, own: list[AccessPoint], findings: Findings) -> None:
    if len(own) < FEWEST_ACCESS_POINTS:
        return
    places = [(ap.x_m, ap.y_m) for ap in own]
    (x_m, y_m), far = max(combinations(places, 2), key=lambda pair: dist(*pair))
    along_m = dist((x_m, y_m), far)
    if along_m < ONE_PLACE_M:
        return  # that they hang at one place is said

    def beside_m(x: float, y: float) -> float:
        return ((far[0] - x_m) * (y - y_m) - (far[1] - y_m) * (x - x_m)) / along_m

    sides = [beside_m(x, y) for x, y, *_ in level.polygon.exterior.coords]
    left_m, right_m = max(sides), -min(sides)
    if max(abs(beside_m(*place)) for place in places) < ON_LINE_M and min(left_m, right_m) > BOTH_SIDES_M:
        reason = (
            f"its {len(own)} access points hang on one line, with {left_m:.0f} and {right_m:.0f} m of floor beside it"
        )
        findings.odd(f"level {level.id}", reason, "hang one off it: on which side somebody is, nobody tells")
