"""Where products are on a level: a disc each, the larger the more stops; what is chosen has a ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from api.managers.console.figures.report import Report
from engine.plan.drawing.draw import draw_svg
from engine.plan.drawing.legend import Captions

WIDTH_PX = 1100
LEAST_M, MOST_M = 0.25, 0.9
FEW, MANY, RING = "#7a8fa6", "#b35806", "#1b1b1b"
"""Without a figure that was let out, and with one."""


@dataclass(frozen=True, slots=True)
class ProductLink:
    """Where a product leads, and what is read of it."""

    href: str
    said: str


def draw_products(report: Report, links: Mapping[str, ProductLink], *, signs: bool | Captions = False) -> str:
    """The report's level with its products as SVG."""
    plan, level = report.plan, report.asked.level
    stops = {sku: f.value for sku, f in report.table.figures("stops").items()}
    most = max((n or 0.0 for n in stops.values()), default=0.0)
    discs = []
    for product in sorted(plan.products, key=lambda p: -(stops.get(p.sku) or 0.0)):
        if product.level != level or product.sku not in stops:
            continue
        n = stops[product.sku]
        radius = LEAST_M if not n or most <= 0 else LEAST_M + (MOST_M - LEAST_M) * (n / most) ** 0.5
        at = f'cx="{product.x_m:.2f}" cy="{product.y_m:.2f}"'
        disc = f'<circle {at} r="{radius:.2f}" fill="{FEW if n is None else MANY}" fill-opacity="0.75"/>'
        if product.sku == report.asked.product:
            disc += f'<circle {at} r="{radius + 0.35:.2f}" fill="none" stroke="{RING}" stroke-width="0.15"/>'
        discs.append(_link(disc, links.get(product.sku)))
    svg = draw_svg(
        plan, level=level, layers=[f'<g class="products">{"".join(discs)}</g>'], width_px=WIDTH_PX, signs=signs
    )
    return svg.replace('role="img"', 'role="group"', 1)


def _link(disc: str, link: ProductLink | None) -> str:
    if link is None:
        return disc
    said = f"<title>{escape(link.said)}</title>"
    return (
        f'<a href={quoteattr(link.href)} aria-label={quoteattr(link.said)} class="zone-link product-link">'
        f"<g>{said}{disc}</g></a>"
    )
