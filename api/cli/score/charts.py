"""Charts of the score page as SVG text: no script, no font, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from engine.records import F64

INK, FAINT, GRID = "#22262b", "#6b7280", "#e5e7eb"
TRUE, FOUND, BAD = "#22262b", "#0b6e4f", "#b91c1c"
SHARES = (0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True)
class Axes:
    """A frame of `width` by `height` px whose x runs to `x_max` and y to `y_max`, both from 0."""

    width: float
    height: float
    x_max: float
    y_max: float
    left: float = 52.0
    bottom: float = 40.0
    top: float = 14.0
    right: float = 16.0

    def x(self, value: float) -> float:
        """Pixels from the left."""
        return self.left + value / self.x_max * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return self.height - self.bottom - value / self.y_max * (self.height - self.bottom - self.top)

    def frame(self, x_ticks: Sequence[float], y_ticks: Sequence[float], x_name: str, y_name: str) -> list[str]:
        """Grid, ticks and names."""
        x0, x1, y0, y1 = self.x(0), self.x(self.x_max), self.y(0), self.y(self.y_max)
        out = [line(x0, self.y(v), x1, self.y(v), GRID) for v in y_ticks]
        out += [line(self.x(v), y0, self.x(v), y1, GRID) for v in x_ticks]
        out += [text(x0 - 7, self.y(v) + 4, f"{v:g}", "end") for v in y_ticks]
        out += [text(self.x(v), y0 + 17, f"{v:g}") for v in x_ticks]
        out.append(text((x0 + x1) / 2, self.height - 5, x_name))
        middle = (y0 + y1) / 2
        turned = f'transform="rotate(-90 13 {middle:.1f})"'
        return [
            *out,
            text(13, middle, y_name, extra=turned),
            line(x0, y0, x1, y0, FAINT),
            line(x0, y0, x0, y1, FAINT),
        ]


def cdf(errors_m: F64) -> str:
    """The share of fixes within so many metres, with the shares that people quote marked."""
    e = np.sort(errors_m)
    if not len(e):
        return ""
    axes = Axes(620, 320, _nice(float(np.percentile(e, 99))), 100.0, right=30.0)
    body = axes.frame(_ticks(axes.x_max), range(0, 101, 25), "error, m", "fixes within, %")
    share = np.linspace(0, 100, 201)
    at = np.minimum(np.percentile(e, share), axes.x_max)
    points = " ".join(f"{axes.x(m):.1f},{axes.y(s):.1f}" for m, s in zip(at.tolist(), share.tolist(), strict=True))
    body.append(f'<polyline points="{points}" fill="none" stroke="{FOUND}" stroke-width="2.5"/>')
    for q in SHARES:
        m = float(np.percentile(e, 100 * q))
        px, py = axes.x(min(m, axes.x_max)), axes.y(100 * q)
        body += [line(axes.x(0), py, px, py, FAINT, "3 3"), line(px, py, px, axes.y(0), FAINT, "3 3")]
        body += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{FOUND}"/>']
        body += [text(px + 8, py + 14, f"{q:.0%} within {m:.2f} m", "start", weight=600)]
    return svg(axes.width, axes.height, body, f"Distribution of {len(e)} errors")


def scatter(true_s: Sequence[float], found_s: Sequence[float]) -> str:
    """Found against true dwell, each visit a dot; on the diagonal the two are equal."""
    if not true_s:
        return ""
    most = _nice(float(np.percentile([*true_s, *found_s], 98)))
    axes = Axes(420, 320, most, most)
    body = axes.frame(_ticks(most), _ticks(most), "true dwell, s", "found dwell, s")
    body.append(line(axes.x(0), axes.y(0), axes.x(most), axes.y(most), FAINT, "4 4"))
    for a, b in zip(true_s, found_s, strict=True):
        if a <= most and b <= most:
            body.append(
                f'<circle cx="{axes.x(a):.1f}" cy="{axes.y(b):.1f}" r="2.6" fill="{FOUND}" fill-opacity="0.45"/>'
            )
    return svg(axes.width, axes.height, body, "Found against true dwell")


def histogram(values_s: Sequence[float], name: str) -> str:
    """How often each delay came, in bins of two seconds; what lies outside -20 to 60 s is in the outermost bins."""
    if not values_s:
        return ""
    edges = np.arange(-20.0, 61.0, 2.0)
    counts, _ = np.histogram(np.clip(values_s, -19.9, 59.9), edges)
    axes = Axes(420, 320, float(edges[-1] - edges[0]), _nice(float(counts.max())))
    body = axes.frame([], _ticks(axes.y_max), name, "triggers")
    for low, n in zip((edges[:-1] - edges[0]).tolist(), counts.tolist(), strict=True):
        if n:
            x, y, width = axes.x(low) + 0.5, axes.y(n), axes.x(2.0) - axes.x(0) - 1
            body.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{axes.y(0) - y:.1f}" fill="{FOUND}"/>'
            )
    body += [text(axes.x(v - edges[0]), axes.y(0) + 17, f"{v:g}") for v in range(-20, 61, 20)]
    zero = axes.x(-float(edges[0]))
    body += [
        line(zero, axes.y(0), zero, axes.y(axes.y_max), BAD, "4 3"),
        text(zero + 5, axes.top + 10, "due", "start"),
    ]
    return svg(axes.width, axes.height, body, "Delay of triggers")


def bars(rows: Sequence[tuple[str, float, float]], unit: str) -> str:
    """Two bars a row, true above found."""
    if not rows:
        return ""
    row_px, left, width = 30.0, 170.0, 620.0
    most = max(max(a, b) for _, a, b in rows) or 1.0
    body = []
    for i, (name, true, found) in enumerate(rows):
        y = 6 + i * row_px
        body.append(text(left - 8, y + 15, name, "end"))
        for k, (value, colour) in enumerate(((true, TRUE), (found, FOUND))):
            length = value / most * (width - left - 70)
            body.append(f'<rect x="{left}" y="{y + 1 + 11 * k:.1f}" width="{length:.1f}" height="10" fill="{colour}"/>')
            body.append(text(left + length + 5, y + 10 + 11 * k, f"{value:.1f} {unit}", "start", size=10))
    return svg(width, 12 + row_px * len(rows), body, "True and found")


def svg(width: float, height: float, body: Sequence[str], title: str) -> str:
    """A picture as wide as its place, at most as wide as drawn."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" role="img" class="chart">'
        f"<title>{escape(title)}</title>{''.join(body)}</svg>"
    )


def text(
    x: float, y: float, said: str, anchor: str = "middle", size: float = 12, weight: int = 400, extra: str = ""
) -> str:
    """One line of text."""
    style = f'text-anchor="{anchor}" font-size="{size:g}" font-weight="{weight}" fill="{INK}" {extra}'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(said)}</text>'


def line(x0: float, y0: float, x1: float, y1: float, colour: str, dashes: str = "") -> str:
    """A straight line, all along or in `dashes` (lengths of dash and gap, px)."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="{colour}" fill="none"{dashed}/>'


def _nice(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten, or four or eight of it: an axis that ends on a tick."""
    if value <= 0:
        return 1.0
    scale = 10.0 ** np.floor(np.log10(value))
    return float(next(k * scale for k in (1, 2, 3, 4, 5, 6, 8, 10) if k * scale >= value * 0.999))


def _ticks(most: float) -> list[float]:
    parts = next(n for n in (4, 5, 3, 6) if n == 6 or float(most / n * 10).is_integer())
    return [most / parts * i for i in range(parts + 1)]
