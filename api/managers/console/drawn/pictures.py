"""A report's plan as a picture that says by itself what it shows. Needs the extra `png`."""

from __future__ import annotations

from importlib.util import find_spec

from api.managers.console.drawn.drawings import draw
from api.managers.console.drawn.products import draw_products
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import Report
from api.managers.console.saying import span_text, title
from api.managers.overlay import HOT_COLOUR, STEPS
from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import short_number
from api.texts.times import moment
from engine.plan.drawing.draw import svg_to_png
from engine.plan.drawing.legend import SIGN_WORDS, Captions
from engine.storage.presence.plan_versions import plan_digest


def can_draw() -> bool:
    """Whether the extra is installed."""
    return find_spec("resvg_py") is not None and find_spec("ttf_opensans") is not None


def report_png(report: Report, lang: Language) -> bytes:
    """The plan with the report's heat or zones, its legend, and which store, period and plan it is of."""
    return svg_to_png(report_svg(report, lang))


def report_svg(report: Report, lang: Language) -> str:
    """The same as SVG."""
    captions = _captions(report, lang)
    if report.view is View.PRODUCTS:
        return draw_products(report, {}, signs=captions)
    return draw(report, "now", {}, signs=captions)


def _captions(report: Report, lang: Language) -> Captions:
    t, has_heat = words(lang), not report.counts.heat.is_empty
    shared = has_heat and report.has_heat_before
    scale = t.console.scale_fixed if shared else t.board.scale if has_heat else t.console.scale_zones
    lines = [f"{report.plan.name} · {title(report, lang)} · {span_text(report.span, lang)} · {report.plan.timezone}"]
    lines += [
        t.console.of_plan.format(version=v.digest, time=moment(v.since, report.plan.timezone, lang))
        for v in report.versions[-3:]
    ] or [t.console.plan_now.format(version=plan_digest(report.plan))]
    if report.view is View.PRODUCTS:
        return Captions(
            {name: t.plan_signs[name.replace(" ", "_")] for name in SIGN_WORDS}, [], t.figures.stops, None, lines
        )
    return Captions(
        {name: t.plan_signs[name.replace(" ", "_")] for name in SIGN_WORDS},
        [(short_number(least, lang), colour, opacity) for least, colour, opacity in STEPS],
        scale,
        (HOT_COLOUR, t.board.outline) if has_heat else None,
        lines,
    )
