"""Products on the plan of a page, each a link to itself with its figures."""

from __future__ import annotations

from api.managers.console.drawn.products import ProductLink, draw_products
from api.managers.console.saying import span_text, with_interval
from api.managers.console.shown import FigurePage
from api.texts.catalogue import words


def product_plans(page: FigurePage) -> list[tuple[str, str]]:
    """Heading and drawing; nothing of a period or a store without any."""
    if page.report.counts.is_empty or not page.report.table.rows:
        return []
    return [(span_text(page.asked.span, page.lang), draw_products(page.report, product_links(page)))]


def product_links(page: FigurePage) -> dict[str, ProductLink]:
    """By SKU."""
    t, plan, stops = words(page.lang), page.report.plan, page.report.table.figures("stops")
    out = {}
    for sku, figure in stops.items():
        said = f"{plan.product_by_sku[sku].name} · {t.figures.stops}: {with_interval(figure, 'count', page.lang)}"
        out[sku] = ProductLink(page.href(product=sku, level=None), said)
    return out
