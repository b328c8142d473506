"""Lengths in the units that vendors write beside them."""

from __future__ import annotations

from engine.ingest.decoders.heard import ABSENT
from engine.ingest.decoders.values import FOOT_M, read_name

UNIT_M = {
    "feet": FOOT_M,
    "foot": FOOT_M,
    "ft": FOOT_M,
    "meters": 1.0,
    "meter": 1.0,
    "metres": 1.0,
    "metre": 1.0,
    "m": 1.0,
}


def unit_m(value: object, absent: str) -> float:
    """Metres of one unit; `absent` names the one that is meant where none is written. NaN for pixels and others, which
    are no lengths."""
    return UNIT_M.get((read_name(value) or absent).lower(), ABSENT)
