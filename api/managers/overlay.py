"""Heat and hot squares as SVG fragments in the store's metres, to lie on a drawn plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.plan.drawing.draw import draw_svg
from engine.plan.drawing.legend import Captions
from engine.plan.model import Plan
from engine.presence.hotzones import LevelHeat
from engine.records import I64, Bools

# One hue family, light to dark, so that order is read without a legend; where little happens the plan shows through.
STEPS = (
    # times the store's mean density, colour, opacity
    (0.25, "#fff3c4", 0.40),
    (0.60, "#ffe08a", 0.50),
    (1.00, "#ffc95e", 0.60),
    (1.50, "#fda13c", 0.72),
    (2.00, "#f8702a", 0.80),
    (3.00, "#e0331f", 0.86),
    (4.50, "#a80f26", 0.90),
)
HOT_COLOUR = "#6a0018"


def mean_density(levels: Sequence[LevelHeat]) -> float:
    """Person-seconds per walkable square metre over all levels: what the colours are multiples of."""
    floor_m2 = sum(float(heat.walkable_m2.sum()) for heat in levels)
    return sum(float(heat.person_s.sum()) for heat in levels) / floor_m2 if floor_m2 else 0.0


def heat_layer(heat: LevelHeat, mean: float) -> str:
    """Squares coloured by their density in multiples of `mean`, one path per colour; empty where nobody was."""
    if mean <= 0:
        return ""
    step = np.digitize(heat.density / mean, [least for least, _, _ in STEPS]) - 1
    paths = []
    for i, (_, colour, opacity) in enumerate(STEPS):
        d = runs_path(heat, heat.mask & (step == i))
        if d:
            paths.append(f'<path d="{d}" fill="{colour}" fill-opacity="{opacity}" stroke="none"/>')
    return f'<g class="heat" shape-rendering="crispEdges">{"".join(paths)}</g>'


def hot_layer(heat: LevelHeat, found: Bools) -> str:
    """The outline of all squares `found` hot, without the lines between them."""
    from scipy.ndimage import binary_fill_holes  # for this picture only; a server starts without it

    shelves = binary_fill_holes(found) & ~heat.mask  # a shelf amid hot squares is no hole in the outline
    hot = np.pad(found | shelves, 1)
    frame = heat.frame
    d = []
    for row, col in np.argwhere(hot[1:, 1:-1] != hot[:-1, 1:-1]).tolist():  # between (row - 1) and row
        d.append(f"M{_n(frame.x0_m + col * frame.heat_cell_m)} {_n(frame.y0_m + row * frame.heat_cell_m)}")
        d.append(f"h{_n(frame.heat_cell_m)}")
    for row, col in np.argwhere(hot[1:-1, 1:] != hot[1:-1, :-1]).tolist():
        d.append(f"M{_n(frame.x0_m + col * frame.heat_cell_m)} {_n(frame.y0_m + row * frame.heat_cell_m)}")
        d.append(f"v{_n(frame.heat_cell_m)}")
    if not d:
        return ""
    thick_m = 0.003 * frame.cols * frame.heat_cell_m  # about three pixels of a drawing 1,000 wide
    style = f'fill="none" stroke="{HOT_COLOUR}" stroke-width="{thick_m:.3f}" stroke-linecap="round"'
    return f'<path class="hot" d="{"".join(d)}" {style}/>'


def ground_level(plan: Plan) -> str:
    """The level one enters: ordinal 0, else the lowest."""
    return min(plan.levels, key=lambda lv: (lv.ordinal != 0, lv.ordinal)).id


def draw_heat(
    plan: Plan,
    levels: Sequence[LevelHeat],
    level: str,
    *,
    outlined: Sequence[Bools],
    width_px: int,
    signs: bool | Captions = True,
    mean: float | None = None,
    above: Sequence[str] = (),
) -> str:
    """One level of the plan as SVG with its heat on it, and the squares outlined that are `outlined` of each level.

    The colours mean the same on all levels: multiples of `mean` (person-seconds per m², by default the store's own),
    which is one for all drawings that are compared. `above` are further fragments, in store metres.
    """
    at = plan.level_index[level]
    heat, mean = levels[at], mean_density(levels) if mean is None else mean
    layers = [layer for layer in (heat_layer(heat, mean), hot_layer(heat, outlined[at]), *above) if layer]
    return draw_svg(plan, level=level, layers=layers, width_px=width_px, signs=signs)


def runs_path(heat: LevelHeat, mask: Bools) -> str:
    """The path of all squares of a mask, a run of neighbours at a time; empty without any."""
    return "".join(_run(heat, *run) for run in _runs(mask).tolist())


def _runs(mask: Bools) -> I64:
    """(n, 3): row, first column and length of each run of true squares."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return np.column_stack([starts, ends[:, 1] - starts[:, 1]])


def _run(heat: LevelHeat, row: int, col: int, length: int) -> str:
    side = heat.frame.heat_cell_m
    x, y = heat.frame.x0_m + col * side, heat.frame.y0_m + row * side
    return f"M{_n(x)} {_n(y)}h{_n(length * side)}v{_n(side)}h{_n(-length * side)}z"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
