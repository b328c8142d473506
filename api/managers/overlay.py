"""Heat and hot squares as SVG fragments in the store's metres, to lie on a drawn plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.plan.draw import draw_svg
from engine.plan.model import Plan
from engine.presence.hotzones import LevelHeat
from engine.records import I64, Bools

# Light to dark, one hue family, so that order is read without a legend; pale ones let the plan through.
COLOURS = ("#ffe9a8", "#fed976", "#feb24c", "#fd8d3c", "#fc5a2d", "#e31a1c", "#b10026")
OPACITY = (0.45, 0.6, 0.7, 0.78, 0.84, 0.88, 0.9)
HOT_COLOUR = "#6a0018"
ALPHA = 0.05


def full_scale(levels: Sequence[LevelHeat]) -> float:
    """What the darkest colour stands for: the densest squares but for the top 1 %, of all levels together."""
    values = np.concatenate([heat.density[heat.mask] for heat in levels]) if levels else np.empty(0)
    values = values[values > 0]
    return float(np.quantile(values, 0.99)) if values.size else 0.0


def heat_layer(heat: LevelHeat, full: float) -> str:
    """Squares coloured by the square root of their density, so that quiet places still differ; one path per colour."""
    if full <= 0:
        return ""
    scaled = np.sqrt(np.clip(heat.density / full, 0.0, 1.0))
    step = np.where(scaled >= 0.08, np.minimum((scaled * len(COLOURS)).astype(np.int64), len(COLOURS) - 1), -1)
    paths = []
    for i, (colour, opacity) in enumerate(zip(COLOURS, OPACITY, strict=True)):
        d = "".join(_run(heat, *run) for run in _runs(step == i))
        if d:
            paths.append(f'<path d="{d}" fill="{colour}" fill-opacity="{opacity}" stroke="none"/>')
    return f'<g class="heat" shape-rendering="crispEdges">{"".join(paths)}</g>'


def hot_layer(heat: LevelHeat) -> str:
    """The outline of all squares that are hot (q below 0.05), without the lines between them."""
    hot = np.pad(heat.mask & (heat.q < ALPHA), 1)
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
    style = f'fill="none" stroke="{HOT_COLOUR}" stroke-width="0.18" stroke-linecap="round"'
    return f'<path class="hot" d="{"".join(d)}" {style}/>'


def ground_level(plan: Plan) -> str:
    """The level one enters: ordinal 0, else the lowest."""
    return min(plan.levels, key=lambda lv: (lv.ordinal != 0, lv.ordinal)).id


def drawn_heat(plan: Plan, levels: Sequence[LevelHeat], level: str, *, width_px: int, signs: bool = True) -> str:
    """One level of the plan as SVG with its heat on it. The colours mean the same on all levels."""
    heat = levels[plan.level_index[level]]
    layers = [layer for layer in (heat_layer(heat, full_scale(levels)), hot_layer(heat)) if layer]
    return draw_svg(plan, level=level, layers=layers, width_px=width_px, signs=signs)


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
