"""A plan as a picture: SVG text, and PNG bytes of it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from xml.sax.saxutils import escape

from engine.errors import OperatorError, Problem
from engine.plan.drawing.legend import Captions, legend, scale_bar
from engine.plan.drawing.panel import LEVEL_MARGIN_M, PixelFrame, panel, svg_text
from engine.plan.model import Level, Plan

MARGIN_PX = 20.0
TITLE_PX = 34.0
BAR_PX = 26.0
FONT = "Open Sans"  # comes with the extra `png`; browsers fall back to what they have


def draw_svg(
    plan: Plan,
    *,
    level: str | None = None,
    layers: Sequence[str] = (),
    width_px: int = 1200,
    signs: bool | Captions = True,
    tint: bool = True,
) -> str:
    """One level, or all levels side by side, as a stand-alone SVG document `width_px` wide.

    `layers` are SVG fragments in store metres (y up), drawn above floor and fixtures and below walls and labels; they
    belong to one level, so they need `level` on a plan with several. `signs` adds the legend, in words of the reader's
    where they are given; without `tint` zones have their outlines only, for layers with colours of their own. Raises
    ValueError for an unknown level and for layers without one.
    """
    levels = _choose_levels(plan, level)
    if layers and len(levels) > 1:
        raise ValueError("layers belong to one level: say which")
    frames = _frames(levels, width_px)
    below = max(f.top_px + _height_px(lv, f) for lv, f in zip(levels, frames, strict=True))
    body = []
    for lv, frame in zip(levels, frames, strict=True):
        title = plan.name if lv.name == plan.name else f"{plan.name} · {lv.name}"
        body.append(svg_text([title], frame.left_px, MARGIN_PX + 8, 18, 'font-weight="600"', anchor="start"))
        body += panel(plan, lv, frame, layers, tint)
        bottom = frame.top_px + _height_px(lv, frame) + 10
        body.append(scale_bar(frame.left_px, bottom, frame.scale_px_m, _width_m(lv) * frame.scale_px_m))
    height = below + BAR_PX
    if signs:
        said = signs if isinstance(signs, Captions) else None
        explained, used = legend(plan, levels, MARGIN_PX, height, width_px - 2 * MARGIN_PX, said)
        body += explained
        height += used
    return _document(plan, body, width_px, height + MARGIN_PX / 2)


def svg_to_png(svg: str, *, zoom: float = 1.0) -> bytes:
    """The picture as PNG. Raises OperatorError when the extra `png` is not installed.

    The extra holds a renderer, and a font so that labels appear on machines without any. Letters that font lacks are
    taken from the machine's fonts.
    """
    try:
        import resvg_py

        fonts = [str(p) for p in (files("ttf_opensans") / "ttf").iterdir() if p.name in _FACES]
    except ModuleNotFoundError as error:
        fix = "pip install 'rayon[png]', or write .svg"
        raise OperatorError([Problem("png", str(error.name), "is not installed", fix)]) from error
    rendered: bytes = resvg_py.svg_to_bytes(
        svg_string=svg, font_files=fonts, font_family=FONT, sans_serif_family=FONT, zoom=zoom, background="#ffffff"
    )
    return bytes(rendered)


_FACES = ("OpenSans-Regular.ttf", "OpenSans-SemiBold.ttf")


def _choose_levels(plan: Plan, level: str | None) -> list[Level]:
    if level is None:
        return sorted(plan.levels, key=lambda lv: lv.ordinal)
    if level not in plan.level_index:
        known = ", ".join(lv.id for lv in plan.levels)
        raise ValueError(f"there is no level {level!r}: levels are {known}")
    return [plan.levels[plan.level_index[level]]]


def _width_m(level: Level) -> float:
    x0, _, x1, _ = level.polygon.bounds
    return float(x1 - x0 + 2 * LEVEL_MARGIN_M)


def _height_px(level: Level, frame: PixelFrame) -> float:
    _, y0, _, y1 = level.polygon.bounds
    return float(y1 - y0 + 2 * LEVEL_MARGIN_M) * frame.scale_px_m


def _frames(levels: list[Level], width_px: int) -> list[PixelFrame]:
    """Side by side at one scale, so that levels compare."""
    room = width_px - MARGIN_PX * (len(levels) + 1)
    scale = max(room, 50.0) / sum(_width_m(lv) for lv in levels)
    frames, left = [], MARGIN_PX
    for lv in levels:
        x0, _, _, y1 = lv.polygon.bounds
        frames.append(PixelFrame(left, MARGIN_PX + TITLE_PX, scale, x0 - LEVEL_MARGIN_M, y1 + LEVEL_MARGIN_M))
        left += _width_m(lv) * scale + MARGIN_PX
    return frames


def _document(plan: Plan, body: list[str], width_px: float, height_px: float) -> str:
    size = f'width="{width_px:g}" height="{height_px:.0f}" viewBox="0 0 {width_px:g} {height_px:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
            f"font-family=\"'{FONT}', 'Noto Sans', 'DejaVu Sans', Arial, sans-serif\">",
            f"<title>{escape(plan.name)}</title>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            *body,
            "</svg>\n",
        ]
    )
