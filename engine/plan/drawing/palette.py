"""Colours of a drawn plan: distinct in colour, and in lightness when printed in grey."""

from __future__ import annotations

INK = "#22262b"
FAINT = "#6b7280"
FLOOR = "#fdfcf9"
FIXTURE = "#e4dfd5"
FIXTURE_EDGE = "#a39a89"
WALKABLE_FIXTURE = "#f3f0e9"
ACCESS_POINT = "#1d4ed8"
PRODUCT = "#c2410c"

# Neighbouring zones are mostly neighbours in the file: neighbours in this list differ strongly in hue.
ZONES = (
    "#7cb342",
    "#f0a63c",
    "#4fa3d1",
    "#d96c75",
    "#9a7fd1",
    "#3fae9a",
    "#c9b03a",
    "#e08fb8",
    "#6f8fdc",
    "#b08a62",
)

WALLS = {
    "unspecified": "#4b5563",
    "glass": "#5fb0cf",
    "drywall": "#9ca3af",
    "plasterboard": "#9ca3af",
    "plaster": "#9ca3af",
    "partition": "#9ca3af",
    "wood": "#a9743a",
    "door": "#a9743a",
    "brick": "#a5452f",
    "block": "#7d6b60",
    "stone": "#6b6459",
    "concrete": "#374151",
    "reinforced_concrete": "#1f2937",
    "metal": "#5b5f97",
    "exterior": "#1f2937",
}

OPENINGS = {
    "entrance": "#15803d",
    "exit": "#b91c1c",
    "checkout": "#6d28d9",
    "pickup": "#a16207",
    "drive": "#92400e",
    "locker": "#854d0e",
    "stairs": "#475569",
    "elevator": "#475569",
    "escalator": "#475569",
}


def wall_colour(material: str) -> str:
    """The colour of a wall; unknown materials look unspecified."""
    return WALLS.get(material.lower(), WALLS["unspecified"])
