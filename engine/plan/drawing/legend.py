"""What the signs of a drawn plan mean, and how long a metre is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.plan.drawing import palette
from engine.plan.drawing.icons import access_point_icon, opening_icon
from engine.plan.drawing.labels import GLYPH_EM
from engine.plan.drawing.panel import svg_text
from engine.plan.model import Level, Plan

ROW_PX = 24.0
_SIZE_PX = 11.0
_SIGN_PX = 22.0
_STEP_PX = 46.0


@dataclass(frozen=True, slots=True)
class Captions:
    """What stands below a drawn plan, in its reader's words.

    `words` says what signs are called, by `SIGN_WORDS`; others keep their English. `steps` are the colours of a layer,
    each as (label, colour, opacity), with what they are a scale of in `scale`; `outline` is a colour and what has it.
    `lines` stand last.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[tuple[str, str, float]] = ()
    scale: str = ""
    outline: tuple[str, str] | None = None
    lines: Sequence[str] = ()


SIGN_WORDS = ("access point", "product", "fixture", *palette.OPENINGS, *(f"{m} wall" for m in palette.WALLS))
"""What the signs of a plan are called in English: the keys of `Captions.words`."""


def scale_bar(x: float, y: float, scale_px_m: float, room_px: float) -> str:
    """A bar of a round number of metres, about a sixth of `room_px` long, in two halves."""
    lengths = [m * 10**e for e in (-1, 0, 1, 2) for m in (1, 2, 5)]
    metres = max((m for m in lengths if m * scale_px_m <= max(room_px / 5, 30)), default=lengths[0])
    width = metres * scale_px_m
    half = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width / 2:.1f}" height="5" fill="{palette.INK}"/>'
    frame = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="5" fill="none" stroke="{palette.INK}"/>'
    return half + frame + svg_text([f"{metres:g} m"], x + width + 6, y + 3, _SIZE_PX, anchor="start")


def legend(
    plan: Plan, levels: list[Level], x: float, y: float, width_px: float, said: Captions | None = None
) -> tuple[list[str], float]:
    """Signs with words, in rows from pixels x, y, and the height they take. Only what is drawn is explained."""
    said = said or Captions()
    drawn = []
    at_x, at_y = x, y + ROW_PX / 2
    for sign, name in _entries(plan, {level.id for level in levels}):
        word = said.words.get(name, name.removeprefix("unspecified "))
        need = _SIGN_PX + GLYPH_EM * _SIZE_PX * len(word) + 16
        if at_x + need > x + width_px and at_x > x:
            at_x, at_y = x, at_y + ROW_PX
        drawn.append(f'<g transform="translate({at_x + 9:.1f} {at_y:.1f})">{sign}</g>')
        drawn.append(svg_text([word], at_x + _SIGN_PX, at_y, _SIZE_PX, anchor="start"))
        at_x += need
    at_y += ROW_PX / 2
    colours, at_y = _colours(said, x, at_y)
    for line in said.lines:
        drawn.append(svg_text([line], x, at_y + ROW_PX / 2, _SIZE_PX, anchor="start"))
        at_y += ROW_PX * 0.75
    return drawn + colours, at_y - y


def _colours(said: Captions, x: float, y: float) -> tuple[list[str], float]:
    """The scale of colours and the outline in a row at y, and where the next row begins."""
    if not said.steps and said.outline is None:
        return [], y
    drawn, at_x, middle = [], x, y + ROW_PX / 2
    for label, colour, opacity in said.steps:
        box = f'x="{at_x:.1f}" y="{middle - 6:.1f}" width="{_STEP_PX}" height="12"'
        drawn.append(f'<rect {box} fill="{colour}" fill-opacity="{opacity:g}"/>')
        drawn.append(svg_text([label], at_x + 3, middle, _SIZE_PX, anchor="start"))
        at_x += _STEP_PX
    if said.scale:
        drawn.append(svg_text([said.scale], at_x + 8, middle, _SIZE_PX, anchor="start"))
        at_x += 24 + GLYPH_EM * _SIZE_PX * len(said.scale)
    if said.outline is not None:
        colour, what = said.outline
        box = f'x="{at_x:.1f}" y="{middle - 7:.1f}" width="18" height="14"'
        drawn.append(f'<rect {box} fill="none" stroke="{colour}" stroke-width="3"/>')
        drawn.append(svg_text([what], at_x + 26, middle, _SIZE_PX, anchor="start"))
    return drawn, y + ROW_PX


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
        entries.append((bar, f"{material if material in palette.WALLS else 'unspecified'} wall"))
    return entries
