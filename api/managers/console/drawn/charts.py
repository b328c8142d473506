"""Charts as SVG that a page's style sheet colours, light or dark: bars over time, and bands from zone to zone.

Every mark is a link with its figures in words: for the pointer, the keyboard and a finger alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

WIDTH = 1000.0
HEIGHT = 320.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 14.0, 34.0
MOST_LABELS = 12
NODE = 14.0
GAP = 10.0
LABEL = 210.0
COLOURS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label below, what is read of it, where it leads; `before` with its spread where it is compared."""

    label: str
    said: str
    href: str
    value: float | None
    before: float | None = None
    low: float | None = None
    high: float | None = None
    own_low: float | None = None
    own_high: float | None = None


@dataclass(frozen=True, slots=True)
class FlowBand:
    """So many from one node to another."""

    source: str
    target: str
    size: float
    said: str
    href: str


def bars_svg(bars: Sequence[Bar], title: str, ticks: Sequence[tuple[float, str]]) -> str:
    """Bars from left to right; what was before as a line with its spread. `ticks` are values of the axis in words."""
    top = max((v for v, _ in ticks), default=1.0) or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(1, len(bars))
    every = math.ceil(len(bars) / MOST_LABELS)
    grid, labels = [], []
    for value, said in ticks:
        y = _height(value, top)
        grid.append(f'<path class="grid" d="M{LEFT:.0f} {y:.1f}H{WIDTH - RIGHT:.0f}"/>')
        grid.append(_text("axis", LEFT - 8, y + 4, "end", said))
    for i, bar in enumerate(bars[::every]):
        at = LEFT + step * i * every
        labels.append(_text("axis", at + step / 2, HEIGHT - 12, "middle", bar.label))
    marks = [_link(bar.href, bar.said, _bar(bar, LEFT + step * i, step, top)) for i, bar in enumerate(bars)]
    return "".join([_open(HEIGHT, title), *grid, *marks, *labels, "</svg>"])


def _bar(bar: Bar, left: float, step: float, top: float) -> str:
    """One bar in a column `step` wide."""
    x, wide, floor = left + step * 0.14, step * 0.72, HEIGHT - BOTTOM
    marks = [_rect("ground", left, TOP, step, floor - TOP)]
    if bar.value is not None:
        marks.append(_rect("bar", x, _height(bar.value, top), wide, floor - _height(bar.value, top)))
    if bar.own_low is not None and bar.own_high is not None:
        y0, y1 = _height(bar.own_low, top), _height(bar.own_high, top)
        marks.append(f'<path class="own" d="M{x + wide / 2:.1f} {y0:.1f}V{y1:.1f}"/>')
    if bar.low is not None and bar.high is not None:
        y0, y1 = _height(bar.high, top), _height(bar.low, top)
        marks.append(_rect("spread", x, y0, wide, max(1.0, y1 - y0)))
    if bar.before is not None:
        marks.append(f'<path class="was" d="M{x:.1f} {_height(bar.before, top):.1f}h{wide:.2f}"/>')
    return "".join(marks)


def _height(value: float, top: float) -> float:
    """How far down a value of an axis up to `top` lies."""
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(1.0, max(0.0, value / top))


def ticks_of(top: float, *, whole: bool = False) -> list[float]:
    """Round values from 0 to at least `top`, four or five of them; of `whole` things no fractions, and fewer."""
    if not top > 0:
        return [0.0, 1.0]
    raw = max(1.0, top / 4) if whole else top / 4
    size = 10.0 ** math.floor(math.log10(raw))
    halves = () if whole and size == 1.0 else (2.5,)
    step = next(size * k for k in (1.0, 2.0, *halves, 5.0, 10.0) if size * k >= raw)
    return [step * i for i in range(math.ceil(top / step) + 1)]


@dataclass(frozen=True)
class Nodes:
    """Where the nodes of a chart of bands are: the left edge and the top of each, its colour and what goes through it,
    `scale` being the height of one."""

    x: dict[str, float]
    y: dict[str, float]
    colour: dict[str, int]
    size: dict[str, float]
    scale: float
    height: float


def place_nodes(columns: Sequence[Sequence[str]], bands: Sequence[FlowBand]) -> Nodes:
    """Nodes one below the other in each column, as high as what goes through them, on one scale for all columns."""
    into, out_of = _totals(bands, "target"), _totals(bands, "source")
    size = {node: max(into.get(node, 0.0), out_of.get(node, 0.0)) for column in columns for node in column}
    most = max((sum(size[n] for n in column) for column in columns), default=0.0) or 1.0
    longest = max((len(column) for column in columns), default=1)
    height = max(260.0, 34.0 * longest)
    scale = (height - GAP * (longest + 1)) / most
    apart = (WIDTH - 2 * LABEL - NODE) / max(1, len(columns) - 1)
    x = {node: LABEL + i * apart for i, column in enumerate(columns) for node in column}
    colour = {node: i % COLOURS for column in columns for i, node in enumerate(column)}
    y: dict[str, float] = {}
    for column in columns:
        at = GAP
        for node in column:
            y[node] = at
            at += size[node] * scale + GAP
    return Nodes(x, y, colour, size, scale, height)


def bands_svg(columns: Sequence[Sequence[str]], bands: Sequence[FlowBand], names: Mapping[str, str], title: str) -> str:
    """Bands between columns of nodes (ids, one column each; a node's id is one column's only), as Sankey drew steam."""
    nodes = place_nodes(columns, bands)
    left, right = dict(nodes.y), dict(nodes.y)
    drawn = [_open(nodes.height, title)]
    for band in sorted(bands, key=lambda b: (nodes.y[b.source], nodes.y[b.target])):
        thick = band.size * nodes.scale
        path = _band(nodes, band, right[band.source], left[band.target], thick)
        right[band.source] += thick
        left[band.target] += thick
        drawn.append(_link(band.href, band.said, path))
    for i, column in enumerate(columns):
        for node in column:
            x, y, high = nodes.x[node], nodes.y[node], max(1.0, nodes.size[node] * nodes.scale)
            drawn.append(_rect(f"node c{nodes.colour[node]}", x, y, NODE, high))
            at, anchor = (x - 8, "end") if i == 0 else (x + NODE + 8, "start")
            drawn.append(_text("name", at, y + high / 2 + 4, anchor, names[node]))
    return "".join([*drawn, "</svg>"])


def _band(nodes: Nodes, band: FlowBand, y0: float, y1: float, thick: float) -> str:
    x0, x1 = nodes.x[band.source] + NODE, nodes.x[band.target]
    middle = (x0 + x1) / 2
    d = (
        f"M{x0:.1f} {y0:.2f}C{middle:.1f} {y0:.2f} {middle:.1f} {y1:.2f} {x1:.1f} {y1:.2f}"
        f"v{thick:.2f}C{middle:.1f} {y1 + thick:.2f} {middle:.1f} {y0 + thick:.2f} {x0:.1f} {y0 + thick:.2f}z"
    )
    return f'<path class="band c{nodes.colour[band.source]}" d="{d}"/>'


def _rect(classes: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{classes}" x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}"/>'


def _text(classes: str, x: float, y: float, anchor: str, said: str) -> str:
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def _totals(bands: Sequence[FlowBand], end: str) -> dict[str, float]:
    out: dict[str, float] = {}
    for band in bands:
        node = getattr(band, end)
        out[node] = out.get(node, 0.0) + band.size
    return out


def _open(height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="group" class="chart" '
        f"aria-label={quoteattr(title)}>"
    )


def _link(href: str, said: str, marks: str) -> str:
    return f"<a href={quoteattr(href)} aria-label={quoteattr(said)}><g><title>{escape(said)}</title>{marks}</g></a>"
