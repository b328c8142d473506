"""Small pictures drawn as paths, so that they need no font. Each fits a circle of radius 8 px around 0, 0, y down."""

from __future__ import annotations

from engine.plan.drawing import palette

_LINE = 'fill="none" stroke="#fff" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"'

# Within the disc, in white: an arrow in, an arrow out, a till, a bag, steps, two arrows, a slanted flight.
_GLYPHS = {
    "entrance": f'<path d="M0 4.5V-4M-3.4 -0.8L0 -4.2L3.4 -0.8" {_LINE}/>',
    "exit": f'<path d="M0 -4.5V4M-3.4 0.8L0 4.2L3.4 0.8" {_LINE}/>',
    "checkout": f'<path d="M-4 3.6H4V0H-4ZM-2.4 0L-1.6 -3.6H2.6L3.2 0" {_LINE}/>',
    "pickup": f'<path d="M-3.8 -1.4H3.8L3.2 4.2H-3.2ZM-1.8 -1.4C-1.8 -5 1.8 -5 1.8 -1.4" {_LINE}/>',
    "drive": f'<path d="M-4.4 2.4V-0.4L-2.6 -3H2.6L4.4 -0.4V2.4ZM-2.4 2.4V4M2.4 2.4V4" {_LINE}/>',
    "locker": f'<path d="M-3.6 -4H3.6V4H-3.6ZM-3.6 0H3.6M0.6 -2H1.6M0.6 2H1.6" {_LINE}/>',
    "stairs": f'<path d="M-4.4 3.8H-1.6V1H1.2V-1.8H4V-4" {_LINE}/>',
    "elevator": f'<path d="M-2.2 4V-3.4M-4 -1.6L-2.2 -3.6L-0.4 -1.6M2.2 -4V3.4M0.4 1.6L2.2 3.6L4 1.6" {_LINE}/>',
    "escalator": f'<path d="M-4.6 3.4H-2.4L2.4 -2.8H4.6" {_LINE}/>',
}


def opening_icon(category: str, x: float, y: float) -> str:
    """A coloured disc with the sign of an opening, centred at pixels x, y."""
    colour = palette.OPENINGS[category]
    disc = f'<circle r="8" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
    return f'<g transform="translate({x:.1f} {y:.1f})">{disc}{_GLYPHS[category]}</g>'


def access_point_icon(x: float, y: float) -> str:
    """A dot under two waves, centred at pixels x, y."""
    waves = "M-3.6 -1.6A5 5 0 0 1 3.6 -1.6M-6.2 -4.2A8.6 8.6 0 0 1 6.2 -4.2"
    halo = f'<path d="{waves}" fill="none" stroke="#fff" stroke-width="4.4" stroke-linecap="round"/>'
    blue = palette.ACCESS_POINT
    line = f'<path d="{waves}" fill="none" stroke="{blue}" stroke-width="1.8" stroke-linecap="round"/>'
    dot = f'<circle cy="2.4" r="2.8" fill="{blue}" stroke="#fff" stroke-width="1.2"/>'
    return f'<g transform="translate({x:.1f} {y:.1f})">{halo}{line}{dot}</g>'
