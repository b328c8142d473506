"""What the signs of a drawn plan mean, and how long a metre is."""

from __future__ import annotations

from engine.plan.drawing import palette
from engine.plan.drawing.icons import access_point_icon, opening_icon
from engine.plan.drawing.labels import GLYPH_EM
from engine.plan.drawing.panel import svg_text
from engine.plan.model import Level, Plan

ROW_PX = 24.0
_SIZE_PX = 11.0
_SIGN_PX = 22.0


def scale_bar(x: float, y: float, scale_px_m: float, room_px: float) -> str:
    """A bar of a round number of metres, about a sixth of `room_px` long, in two halves."""
    lengths = [m * 10**e for e in (-1, 0, 1, 2) for m in (1, 2, 5)]
    metres = max((m for m in lengths if m * scale_px_m <= max(room_px / 5, 30)), default=lengths[0])
    width = metres * scale_px_m
    half = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width / 2:.1f}" height="5" fill="{palette.INK}"/>'
    frame = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="5" fill="none" stroke="{palette.INK}"/>'
    return half + frame + svg_text([f"{metres:g} m"], x + width + 6, y + 3, _SIZE_PX, anchor="start")


def legend(plan: Plan, levels: list[Level], x: float, y: float, width_px: float) -> tuple[list[str], float]:
    """Signs with words, in rows from pixels x, y, and the height they take. Only what is drawn is explained."""
    drawn = []
    at_x, at_y = x, y + ROW_PX / 2
    for sign, word in _entries(plan, {level.id for level in levels}):
        need = _SIGN_PX + GLYPH_EM * _SIZE_PX * len(word) + 16
        if at_x + need > x + width_px and at_x > x:
            at_x, at_y = x, at_y + ROW_PX
        drawn.append(f'<g transform="translate({at_x + 9:.1f} {at_y:.1f})">{sign}</g>')
        drawn.append(svg_text([word], at_x + _SIGN_PX, at_y, _SIZE_PX, anchor="start"))
        at_x += need
    return drawn, at_y + ROW_PX / 2 - y


def _entries(plan: Plan, levels: set[str]) -> list[tuple[str, str]]:
    entries = []
    openings = {o.category for o in plan.openings if o.level in levels}
    entries += [(opening_icon(category, 0, 0), category) for category in palette.OPENINGS if category in openings]
    if any(ap.level in levels for ap in plan.access_points):
        entries.append((access_point_icon(0, 1), "access point"))
    if any(p.level in levels for p in plan.products):
        entries.append((f'<circle r="3" fill="{palette.PRODUCT}"/>', "product"))
    if any(f.level in levels for f in plan.fixtures):
        box = f'<rect x="-8" y="-5" width="16" height="10" fill="{palette.FIXTURE}" stroke="{palette.FIXTURE_EDGE}"/>'
        entries.append((box, "fixture"))
    for material in dict.fromkeys(w.material for w in plan.walls if w.level in levels):
        bar = f'<path d="M-8 0H8" stroke="{palette.wall_colour(material)}" stroke-width="4"/>'
        entries.append((bar, "wall" if material == "unspecified" else f"{material} wall"))
    return entries
