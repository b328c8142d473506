"""What an operator says of a drawing because the drawing does not: every option of `rayon plan import`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.plan.currencies import CURRENCIES

METRES: dict[str, float] = {
    "m": 1.0,
    "dm": 0.1,
    "cm": 0.01,
    "mm": 0.001,
    "in": 0.0254,
    "ft": 0.3048,
    "us-ft": 1200 / 3937,
    "km": 1000.0,
}
"""Metres in one drawing unit, by the names that `--units` takes; `deg` for longitude and latitude comes besides."""
DEGREES = "deg"
DEFAULT_TIMEZONE, DEFAULT_CURRENCY = "Europe/Paris", "EUR"
assert DEFAULT_CURRENCY in CURRENCIES


@dataclass(frozen=True)
class DrawingAnswers:
    """`store` is the plan's id, as a rule its folder's name. `layers` maps a layer's name to what it holds (`KINDS`),
    `shops` are the units or occupants of a mall to take alone, `scale_m` is metres in a drawing unit."""

    store: str
    name: str = ""
    timezone: str = ""
    currency: str = ""
    units: str = ""
    scale_m: float | None = None
    layers: Mapping[str, str] = field(default_factory=dict)
    shops: tuple[str, ...] = ()
