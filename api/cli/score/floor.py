"""Layers on the floor plan for the score page: where errors are large, and the worst stretches of tracks."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from engine.plan.drawing.draw import draw_svg
from engine.plan.model import Plan
from engine.records import F64
from engine.referee.places import PlacesWithSigma
from engine.referee.true_places import PlaceColumns, TruePlaces

SQUARE_M = 1.0
LEAST_FIXES = 3  # in a square, before its mean says anything
STRETCH_S = 120.0
WIDE_PX = 1400  # a plan is drawn so wide before a part is cut out of it: labels are then as large as elsewhere
CROP_M = 16.0  # a part is at least so wide
ASPECT = 1.4
MARGIN_M = 1.5
LEAST_STRETCH = 12  # fixes in a stretch that is shown
STEPS_M = (1.0, 2.0, 3.0, 4.0, 6.0)
COLOURS = ("#1a9850", "#91cf60", "#fee08b", "#fc8d59", "#d73027", "#7f0000")
"""Mean error up to each of STEPS_M, and beyond."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one device's track: its median error, and the picture of it."""

    device: str
    from_t: float
    to_t: float
    median_m: float
    fixes: int
    picture: str


def error_map(plan: Plan, level: str, places: TruePlaces, width_px: int = 1000) -> str:
    """The floor with the mean error of the fixes whose true place lies in each square metre."""
    rows = np.flatnonzero(places.level == level)
    column, line = (np.floor(v[rows] / SQUARE_M).astype(np.int64) for v in (places.x_m, places.y_m))
    squares, inverse = np.unique(np.stack([column, line], axis=1), axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    count = np.bincount(inverse, minlength=len(squares))
    mean = np.bincount(inverse, weights=places.error_m[rows], minlength=len(squares)) / np.maximum(count, 1)
    layer = [
        f'<rect x="{c * SQUARE_M:g}" y="{r * SQUARE_M:g}" width="{SQUARE_M}" height="{SQUARE_M}" '
        f'fill="{colour_of(m)}" fill-opacity="0.75"><title>{m:.1f} m, {n} fixes</title></rect>'
        for (c, r), m, n in zip(squares.tolist(), mean.tolist(), count.tolist(), strict=True)
        if n >= LEAST_FIXES
    ]
    return fluid(draw_svg(plan, level=level, layers=layer, width_px=width_px, signs=False))


def colour_of(error_m: float) -> str:
    """The colour of an error."""
    return COLOURS[int(np.searchsorted(STEPS_M, error_m))]


def worst_stretches(
    plan: Plan, truth: PlaceColumns, fixes: PlacesWithSigma, places: TruePlaces, how_many: int = 4
) -> list[Stretch]:
    """The stretches of `STRETCH_S` with the largest mean error, one a device, worst first."""
    t, device = fixes.t[places.row], fixes.device[places.row]
    found: list[tuple[float, str, float]] = []
    for name in np.unique(device).tolist():
        own = np.flatnonzero(device == name)
        own = own[np.argsort(t[own], kind="stable")]
        ends = np.searchsorted(t[own], t[own] + STRETCH_S)
        sums = np.concatenate([[0.0], np.cumsum(places.error_m[own])])
        n = ends - np.arange(len(own))
        mean = np.where(n >= LEAST_STRETCH, (sums[ends] - sums[:-1]) / n, -1.0)
        if len(mean) and mean.max() > 0:
            found.append((float(mean.max()), name, float(t[own][int(mean.argmax())])))
    found.sort(key=lambda f: (-f[0], f[1]))
    return [_stretch(plan, truth, fixes, places, name, start) for _, name, start in found[:how_many]]


def _stretch(
    plan: Plan, truth: PlaceColumns, fixes: PlacesWithSigma, places: TruePlaces, device: str, start_t: float
) -> Stretch:
    end_t = start_t + STRETCH_S
    t = fixes.t[places.row]
    own = np.flatnonzero((fixes.device[places.row] == device) & (t >= start_t) & (t < end_t))
    own = own[np.argsort(t[own], kind="stable")]
    levels, counts = np.unique(places.level[own], return_counts=True)
    level = str(levels[counts.argmax()])
    way = np.flatnonzero((truth.device == device) & (truth.t >= start_t - 1) & (truth.t <= end_t + 1))
    way = way[np.argsort(truth.t[way], kind="stable")]
    layer = _path(truth, way[truth.level[way] == level]) + _fixes(fixes, places, own, level)
    picture = fluid(draw_svg(plan, level=level, layers=layer, width_px=WIDE_PX, signs=False))
    x_m = np.concatenate([truth.x_m[way], fixes.x_m[places.row[own]]])
    y_m = np.concatenate([truth.y_m[way], fixes.y_m[places.row[own]]])
    picture = crop(picture, x_m, y_m)
    return Stretch(device, start_t, float(t[own[-1]]), float(np.median(places.error_m[own])), len(own), picture)


def _path(truth: PlaceColumns, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[str]:
    points = " ".join(
        f"{x:.2f},{y:.2f}" for x, y in zip(truth.x_m[rows].tolist(), truth.y_m[rows].tolist(), strict=True)
    )
    return [f'<polyline points="{points}" fill="none" stroke="#22262b" stroke-width="0.14" stroke-linejoin="round"/>']


def _fixes(
    fixes: PlacesWithSigma, places: TruePlaces, own: np.ndarray[tuple[int], np.dtype[np.intp]], level: str
) -> list[str]:
    """Each fix on this level, tied to where the device truly was."""
    out = []
    for i in own.tolist():
        row = int(places.row[i])
        if fixes.level[row] != level:
            continue
        x, y, at_x, at_y = fixes.x_m[row], fixes.y_m[row], places.x_m[i], places.y_m[i]
        colour = colour_of(float(places.error_m[i]))
        tie = f'<path d="M{at_x:.2f} {at_y:.2f}L{x:.2f} {y:.2f}" stroke="{colour}" stroke-width="0.06"/>'
        dot = f'<circle cx="{x:.2f}" cy="{y:.2f}" r="0.22" fill="{colour}" stroke="#fff" stroke-width="0.05"/>'
        out.append(tie + dot)
    return out


def fluid(picture: str) -> str:
    """A drawn plan as part of a page: it shrinks with its place. Width and height stay in its viewBox."""
    head, rest = picture.split(">", 1)
    parts = [p for p in head.split(" ") if not p.startswith(("width=", "height="))]
    return " ".join(parts) + ' style="width:100%;height:auto">' + rest


def crop(picture: str, x_m: F64, y_m: F64) -> str:
    """The part of a drawn plan around these places, by its viewBox: the plan says itself where its metres lie."""
    said = re.search(r'class="layers" transform="matrix\(([-\d.e]+) 0 0 [-\d.e]+ ([-\d.]+) ([-\d.]+)\)"', picture)
    if said is None:
        raise ValueError("the picture has no layers")
    scale, x0, y0 = (float(v) for v in said.groups())
    whole = [float(v) for v in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)[0]]
    spans = [np.ptp(v) + 2 * MARGIN_M for v in (x_m, y_m)]
    wide = max(spans[0], spans[1] * ASPECT, CROP_M) * scale
    wide = min(wide, whole[0], whole[1] * ASPECT)
    high = wide / ASPECT
    middle = x0 + scale * (x_m.min() + x_m.max()) / 2, y0 - scale * (y_m.min() + y_m.max()) / 2
    # never beyond the picture: what lies there is no part of the store
    left, top = (
        float(np.clip(m - size / 2, 0.0, most - size))
        for m, size, most in zip(middle, (wide, high), whole, strict=True)
    )
    box = f'viewBox="{left:.0f} {top:.0f} {wide:.0f} {high:.0f}"'
    return re.sub(r'viewBox="[^"]*"', box, picture, count=1)
