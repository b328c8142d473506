"""The picture of a shared deal: what messengers show beside the link, and what a share sheet sends."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from textwrap import wrap

from api.texts.language import WRITTEN
from engine.errors import OperatorError
from engine.plan.drawing.draw import svg_to_png

WIDTH, HEIGHT = 1200, 630
_STATIC = Path(__file__).parents[1] / "static"
_LINE_CHARS, _LINES = 30, 3


@lru_cache(maxsize=64)
def share_picture(badge: str, title: str, store_name: str, warning: str, lang: str) -> bytes:
    """A PNG of 1200 by 630. Where the renderer is not installed, the one without words about the deal."""
    try:
        return svg_to_png(share_svg(badge, title, store_name, warning))
    except OperatorError:  # the extra `png`
        return (_STATIC / f"share-{lang if lang in WRITTEN else 'en'}.png").read_bytes()


def share_svg(badge: str, title: str, store_name: str, warning: str) -> str:
    """The same as SVG: the offer in a few characters, the deal's title, the shop, and what the law puts beside it."""
    lines = wrap(title, _LINE_CHARS, max_lines=_LINES, placeholder=" …")
    rows = "".join(
        f'<text x="90" y="{340 + 74 * i}" font-size="62" font-weight="600">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    shop_y = 556 if len(lines) < _LINES else 566
    label = escape(badge)
    chip_px = 80 + 52 * len(badge)
    chip = (
        f'<rect x="90" y="110" width="{chip_px}" height="140" rx="70" fill="#f2a71b"/>'
        f'<text x="{90 + chip_px / 2}" y="208" font-size="84" font-weight="600" text-anchor="middle" fill="#2b1d00">'
        f"{label}</text>"
    )
    law = f'<text x="90" y="604" font-size="26">{escape(warning)}</text>' if warning else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#0f5c4a"/>'
        '<g fill="none" stroke="#ffffff" stroke-opacity=".13" stroke-width="26">'
        + "".join(f'<circle cx="985" cy="420" r="{r}"/>' for r in (120, 220, 320, 420))
        + f'</g>{chip if badge else ""}<g font-family="Open Sans" fill="#ffffff">{rows}'
        f'<text x="90" y="{shop_y}" font-size="36" fill-opacity=".85">{escape(store_name)}</text>'
        f"{law}</g></svg>"
    )
