"""One level of a plan as SVG: floor, zones, fixtures, walls, openings, access points, products, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from shapely import affinity
from shapely.geometry import LineString, Point, Polygon

from engine.plan.drawing import palette
from engine.plan.drawing.icons import access_point_icon, opening_icon
from engine.plan.drawing.labels import LINE_EM, Label, LabelPlacer
from engine.plan.model import Level, Plan

Shape = Point | LineString | Polygon

LEVEL_MARGIN_M = 0.6  # access points may hang a little outside the outline


@dataclass(frozen=True, slots=True)
class PixelFrame:
    """From store metres (y up) to the picture's pixels (y down)."""

    left_px: float
    top_px: float
    scale_px_m: float
    x0_m: float
    y1_m: float

    def x(self, x_m: float) -> float:
        """Pixels from the left."""
        return self.left_px + (x_m - self.x0_m) * self.scale_px_m

    def y(self, y_m: float) -> float:
        """Pixels from the top."""
        return self.top_px + (self.y1_m - y_m) * self.scale_px_m

    def transform(self) -> str:
        """The `transform` of a group whose content is in store metres."""
        s = self.scale_px_m
        return f"matrix({s:.6g} 0 0 {-s:.6g} {self.x(0.0):.3f} {self.y(0.0):.3f})"

    def area(self, polygon: Polygon) -> Polygon:
        """A polygon in pixels."""
        s = self.scale_px_m
        return affinity.affine_transform(polygon, [s, 0, 0, -s, self.x(0.0), self.y(0.0)])


def panel(plan: Plan, level: Level, frame: PixelFrame, layers: Sequence[str], tint: bool = True) -> list[str]:
    """The elements of one level, lowest first. `layers` are fragments in store metres, above floor, below labels."""
    labels = LabelPlacer()
    icons = _openings(plan, level, frame, labels) + _access_points(plan, level, frame, labels)
    return [
        f'<g class="level" data-level={quoteattr(level.id)}>',
        _polygon(level.polygon, frame, f'fill="{palette.FLOOR}" stroke="{palette.INK}" stroke-width="1.2"'),
        *_zones(plan, level, frame, 0.22 if tint else 0.0),
        *_fixtures(plan, level, frame),
        *([f'<g class="layers" transform="{frame.transform()}">', *layers, "</g>"] if layers else []),
        *_walls(plan, level, frame),
        *_products(plan, level, frame),
        *icons,
        *_zone_labels(plan, level, frame, labels),
        "</g>",
    ]


def svg_text(lines: Sequence[str], x: float, y: float, size_px: float, extra: str = "", anchor: str = "middle") -> str:
    """Lines of text around pixels x, y, with a white edge that keeps them legible on anything."""
    first = y - (len(lines) - 1) * LINE_EM * size_px / 2 + 0.35 * size_px
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{first + i * LINE_EM * size_px:.1f}">{escape(line)}</tspan>'
        for i, line in enumerate(lines)
    )
    # The edge is a copy below: paint-order is not known to every SVG reader.
    common = f'font-size="{size_px:.1f}" text-anchor="{anchor}" {extra}'
    edge = f'<text {common} fill="none" stroke="#fff" stroke-opacity="0.85" stroke-width="3" aria-hidden="true"'
    return f'{edge} stroke-linejoin="round">{spans}</text><text {common} fill="{palette.INK}">{spans}</text>'


def _points(coordinates: Sequence[tuple[float, ...]], frame: PixelFrame) -> str:
    return "L".join(f"{frame.x(c[0]):.1f} {frame.y(c[1]):.1f}" for c in coordinates)


def _polygon(polygon: Polygon, frame: PixelFrame, style: str, title: str = "") -> str:
    rings = "".join(f"M{_points(list(r.coords)[:-1], frame)}Z" for r in (polygon.exterior, *polygon.interiors))
    tip = f"<title>{escape(title)}</title>" if title else ""
    return f'<path d="{rings}" fill-rule="evenodd" {style}>{tip}</path>'


def _zones(plan: Plan, level: Level, frame: PixelFrame, opacity: float) -> list[str]:
    drawn = []
    for i, zone in enumerate(plan.zones):
        if zone.level == level.id and not zone.polygon.equals(level.polygon):
            colour = palette.ZONES[i % len(palette.ZONES)]
            style = (
                f'fill="{colour}" fill-opacity="{opacity:g}" stroke="{colour}" stroke-width="1" stroke-dasharray="5 3"'
            )
            drawn.append(_polygon(zone.polygon, frame, style, zone.name))
    return drawn


def _fixtures(plan: Plan, level: Level, frame: PixelFrame) -> list[str]:
    drawn = []
    for fixture in plan.fixtures:
        if fixture.level == level.id:
            fill = palette.WALKABLE_FIXTURE if fixture.walkable else palette.FIXTURE
            style = f'fill="{fill}" stroke="{palette.FIXTURE_EDGE}" stroke-width="0.9"'
            drawn.append(_polygon(fixture.polygon, frame, style, fixture.name))
    return drawn


def _walls(plan: Plan, level: Level, frame: PixelFrame) -> list[str]:
    width = min(max(0.15 * frame.scale_px_m, 2.0), 6.0)
    drawn = []
    # Heavier walls over lighter ones: a partition ends at the outer wall, not on it.
    for wall in sorted((w for w in plan.walls if w.level == level.id), key=lambda w: w.attenuation_db):
        style = f'stroke="{palette.wall_colour(wall.material)}" stroke-width="{width:.1f}" stroke-linecap="square"'
        tip = f"<title>{escape(wall.material)}, {wall.attenuation_db:g} dB</title>"
        drawn.append(f'<path d="M{_points(list(wall.line.coords), frame)}" fill="none" {style}>{tip}</path>')
    return drawn


def _products(plan: Plan, level: Level, frame: PixelFrame) -> list[str]:
    return [
        f'<circle cx="{frame.x(p.x_m):.1f}" cy="{frame.y(p.y_m):.1f}" r="2.4" fill="{palette.PRODUCT}" stroke="#fff" '
        f'stroke-width="0.8"><title>{escape(p.name)} ({escape(p.sku)})</title></circle>'
        for p in plan.products
        if p.level == level.id
    ]


def _openings(plan: Plan, level: Level, frame: PixelFrame, labels: LabelPlacer) -> list[str]:
    drawn: list[str] = []
    doors: list[LineString] = []
    for opening in plan.openings:
        if opening.level != level.id:
            continue
        at = opening.geometry
        if isinstance(at, LineString):
            dashes = 'stroke-dasharray="6 6"' if at in doors else ""  # a door that is two things shows both colours
            style = f'stroke="{palette.OPENINGS[opening.category]}" stroke-width="5" {dashes}'
            drawn.append(f'<path d="M{_points(list(at.coords), frame)}" fill="none" {style}/>')
            doors.append(at)
        middle = at.interpolate(0.5, normalized=True) if isinstance(at, LineString) else at
        x, y = _free_spot(frame.x(middle.x), frame.y(middle.y), labels)
        drawn.append(opening_icon(opening.category, x, y))
        labels.keep_clear(x, y, 9)
    return drawn


def _free_spot(x: float, y: float, labels: LabelPlacer) -> tuple[float, float]:
    """Beside an icon that stands here already: a door is often both entrance and exit."""
    while any(abs((a + c) / 2 - x) < 12 and abs((b + d) / 2 - y) < 12 for a, b, c, d in labels.taken):
        x += 19
    return x, y


def _access_points(plan: Plan, level: Level, frame: PixelFrame, labels: LabelPlacer) -> list[str]:
    drawn = []
    for ap in plan.access_points:
        if ap.level == level.id:
            x, y = frame.x(ap.x_m), frame.y(ap.y_m)
            drawn.append(access_point_icon(x, y))
            short = ap.name if len(ap.name) <= 10 else "…" + ap.name[-5:]
            drawn.append(svg_text([short], x, y + 13, 8.5, f'fill-opacity="0.8" data-ap={quoteattr(ap.id)}'))
            labels.keep_clear(x, y + 2, 12)
    return drawn


def _zone_labels(plan: Plan, level: Level, frame: PixelFrame, labels: LabelPlacer) -> list[str]:
    zones = [z for z in plan.zones if z.level == level.id]
    for p in plan.products:
        if p.level == level.id:
            labels.keep_clear(frame.x(p.x_m), frame.y(p.y_m), 3)
    placed: list[Label] = [labels.place(z.name, frame.area(z.polygon)) for z in zones]
    return [svg_text(p.lines, p.x, p.y, p.size_px, 'font-weight="600"') for p in placed]
