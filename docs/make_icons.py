"""Draws the wallet's icons from `api/static/mark.svg`: `python docs/make_icons.py`. Needs the extra `png`.

Phones cut a *maskable* icon to a shape of their own: its drawing stays within the inner 80 %, and its ground fills the
square.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image

from engine.plan.drawing.draw import svg_to_png

STATIC = Path(__file__).parents[1] / "api" / "static"
SIDE = 64
"""Of the mark's own square."""
GROUND = re.compile(r"<rect [^>]*/>")


def light(png: bytes) -> bytes:
    """The same picture in 32 colours, less than half as heavy: it is flat, but for the edges of its shapes."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGBA").quantize(32).save(out, "PNG", optimize=True)
    return out.getvalue()


def maskable(mark: str) -> str:
    """The mark's drawing at three quarters of its size on a ground without corners."""
    drawing = GROUND.sub("", mark)
    inner = re.sub(r"</?svg[^>]*>", "", drawing)
    margin = SIDE / 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="#0f5c4a"/>'
        f'<g transform="translate({margin:g} {margin:g}) scale(.75)">{inner}</g></svg>'
    )


def main() -> None:
    """Writes the three files of the manifest, and the one that iPhones ask for."""
    mark = (STATIC / "mark.svg").read_text(encoding="utf-8")
    for name, svg, side in (
        ("icon-192", mark, 192),
        ("icon-512", mark, 512),
        ("icon-maskable-512", maskable(mark), 512),
        ("icon-apple-180", maskable(mark), 180),
    ):
        sized = svg.replace("<svg ", f'<svg width="{side}" height="{side}" ', 1)
        (STATIC / f"{name}.png").write_bytes(light(svg_to_png(sized)))


if __name__ == "__main__":
    main()
