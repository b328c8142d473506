"""A report's plan as a picture. Needs the extra `png`."""

from __future__ import annotations

from importlib.util import find_spec

from api.managers.console.drawn.drawings import draw
from api.managers.console.figures.report import Report
from engine.plan.drawing.draw import svg_to_png


def can_draw() -> bool:
    """Whether the extra is installed."""
    return find_spec("resvg_py") is not None and find_spec("ttf_opensans") is not None


def report_png(report: Report) -> bytes:
    """The plan with the report's heat or zones, with its legend."""
    return svg_to_png(draw(report, "now", {}, signs=True))
