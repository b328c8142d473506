"""The plan with a report's heat: this period's, that of what it is compared with on the same scale, the difference, and
zones in colours of their own figures where there is no heat. Each zone is a link with its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from shapely.geometry import Polygon

from api.managers.console.figures.asked import View
from api.managers.console.figures.counts import SpanCounts
from api.managers.console.figures.report import Report
from api.managers.overlay import STEPS, draw_heat, mean_density, runs_path
from api.managers.told import Heat, TableFigure
from engine.plan.drawing.draw import draw_svg
from engine.plan.drawing.legend import Captions
from engine.plan.model import Plan
from engine.presence.hotzones import LevelHeat
from engine.records import F64

WIDTH_PX = 1100
DIFFERENCES = (
    # least difference in multiples of the common mean, colour where it is more, colour where it is less
    (0.25, "#fee0b6", "#d8daeb"),
    (0.75, "#fdb863", "#b2abd2"),
    (1.50, "#e08214", "#8073ac"),
    (3.00, "#b35806", "#542788"),
)
"""Orange for more and violet for less: told apart by everybody (ColorBrewer's PuOr, Harrower and Brewer 2003)."""
DIFFERENCE_OPACITY = 0.85
Which = Literal["now", "before", "difference"]


@dataclass(frozen=True, slots=True)
class ZoneLink:
    """Where a zone leads, and what is read of it."""

    href: str
    said: str


def common_rate(report: Report) -> float:
    """Person-seconds per m² and second over this period and those it is compared with: colours are multiples of it."""
    heats = [report.counts.heat, *heats_before(report)]
    seconds = sum(heat.seconds for heat in heats)
    return sum(mean_density(heat.levels) for heat in heats) / seconds if seconds > 0 else 0.0


def heats_before(report: Report) -> list[Heat]:
    """The heat of each period before that has any: days that were counted elsewhere say nothing of squares."""
    return [counts.heat for _, counts in report.looked.before if not counts.heat.is_empty]


def draw(report: Report, which: Which, links: Mapping[str, ZoneLink], *, signs: bool | Captions = False) -> str:
    """One picture of the report's level as SVG."""
    plan, level, counts = report.plan, report.asked.level, report.counts
    above = [
        _link(plan, zone, link) for zone, link in links.items() if plan.zones[plan.zone_index[zone]].level == level
    ]
    if counts.heat.is_empty:
        layers = [zone_layer(plan, level, report.table.figures("person_h")), *above]
        return _group(draw_svg(plan, level=level, layers=layers, width_px=WIDTH_PX, signs=signs, tint=False))
    if which == "difference":
        layers = [difference_layer(report, level), *above]
        return _group(draw_svg(plan, level=level, layers=layers, width_px=WIDTH_PX, signs=signs, tint=False))
    one_scale = report.view is View.HEAT and report.has_heat_before
    rate = common_rate(report) if one_scale else None
    levels, outlined, seconds = counts.heat.levels, counts.heat.outlined, counts.heat.seconds
    if which == "before":
        before = heats_before(report)
        levels = [_sum([heat.levels[i] for heat in before]) for i in range(len(plan.levels))]
        outlined = [np.zeros_like(lv.mask) for lv in levels]  # tested is this period only
        seconds = sum(heat.seconds for heat in before)
    return _group(
        draw_heat(
            plan,
            levels,
            level,
            outlined=outlined,
            width_px=WIDTH_PX,
            signs=signs,
            mean=None if rate is None else rate * seconds,
            above=above,
        )
    )


def draw_part(counts: SpanCounts, level: str, part: tuple[float, float], rate: float) -> str:
    """The heat of a part of the span, from a time to another, in multiples of `rate` (person-seconds per m² and s)."""
    levels = counts.made.tests(counts.plan.store).levels(counts.heat_rows(part))
    none = [np.zeros_like(lv.mask) for lv in levels]  # a moment is too short for a test
    mean = rate * (part[1] - part[0])
    return _group(draw_heat(counts.plan, levels, level, outlined=none, width_px=WIDTH_PX, signs=False, mean=mean))


def difference_layer(report: Report, level: str) -> str:
    """Squares by how much more or less happened there per hour than in the periods before."""
    at = report.plan.level_index[level]
    heats = heats_before(report)
    now, seconds = report.counts.heat.levels[at], sum(heat.seconds for heat in heats)
    rate = common_rate(report)
    if rate <= 0 or seconds <= 0 or report.counts.heat.seconds <= 0:
        return ""
    before = _sum([heat.levels[at] for heat in heats])
    moved = (now.density / report.counts.heat.seconds - before.density / seconds) / rate
    return _difference_paths(now, moved)


def _difference_paths(heat: LevelHeat, moved: F64) -> str:
    steps = np.digitize(np.abs(moved), [least for least, _, _ in DIFFERENCES]) - 1
    paths = []
    for i, (_, more, less) in enumerate(DIFFERENCES):
        for colour, there in ((more, moved > 0), (less, moved < 0)):
            d = runs_path(heat, heat.mask & (steps == i) & there)
            if d:
                paths.append(f'<path d="{d}" fill="{colour}" fill-opacity="{DIFFERENCE_OPACITY}" stroke="none"/>')
    return f'<g class="difference" shape-rendering="crispEdges">{"".join(paths)}</g>'


def zone_layer(plan: Plan, level: str, person_h: Mapping[str, TableFigure]) -> str:
    """Zones coloured by time per m², in multiples of their mean, as heat is. Rows of days or hours colour none."""
    area = {z.id: float(z.polygon.area) for z in plan.zones}
    spent = {zone: f.value or 0.0 for zone, f in person_h.items() if zone in area}
    floor = sum(area[zone] for zone in spent)
    mean = sum(spent.values()) / floor if floor > 0 else 0.0
    shapes = []
    for zone in sorted((z for z in plan.zones if z.level == level), key=lambda z: -z.polygon.area):
        times = spent.get(zone.id, 0.0) / area[zone.id] / mean if mean > 0 else 0.0
        step = int(np.digitize(times, [least for least, _, _ in STEPS])) - 1
        if step >= 0:
            _, colour, opacity = STEPS[step]
            shapes.append(f'<path d="{_ring(zone.polygon)}" fill="{colour}" fill-opacity="{opacity}"/>')
    return f'<g class="zone-figures">{"".join(shapes)}</g>'


def _sum(levels: Sequence[LevelHeat]) -> LevelHeat:
    """Heat of several periods as one, without a test."""
    first = levels[0]
    person_s = np.sum([lv.person_s for lv in levels], axis=0)
    density = np.sum([lv.density for lv in levels], axis=0)
    blank = np.full_like(person_s, np.nan)
    return LevelHeat(first.frame, person_s, first.fixes, first.walkable_m2, density, blank, blank)


def _link(plan: Plan, zone: str, link: ZoneLink) -> str:
    shape = _ring(plan.zones[plan.zone_index[zone]].polygon)
    said = escape(link.said)
    return (
        f'<a href={quoteattr(link.href)} aria-label={quoteattr(link.said)} class="zone-link">'
        f'<path d="{shape}" fill="#fff" fill-opacity="0" stroke="none"><title>{said}</title></path></a>'
    )


def _ring(polygon: Polygon) -> str:
    rings = (polygon.exterior, *polygon.interiors)
    return "".join(f"M{'L'.join(f'{x:.2f} {y:.2f}' for x, y, *_ in list(ring.coords)[:-1])}Z" for ring in rings)


def _group(svg: str) -> str:
    """Within a page a drawing holds links, which an image must not."""
    return svg.replace('role="img"', 'role="group"', 1)
