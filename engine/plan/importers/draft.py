"""What importers draw on: the pieces of a plan in a drawing's metres, before they are laid in the plan's own frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from shapely.geometry import Polygon

from engine.plan.features import DEFAULT_HEIGHT_M
from engine.plan.importers.geometry import Shape
from engine.plan.importers.ground import Ground
from engine.plan.importers.notes import Notes

MOST_FEATURES = 20_000  # a hypermarket has some thousands; this much is a drawing of something else
DEFAULT_MAST_M = 2.7
"""How high an access point hangs where a drawing does not say: under a shop's suspended ceiling."""


@dataclass
class Storey:
    """A level being drawn: its outline may be in several parts until the plan is laid out."""

    id: str
    ordinal: int
    name: str
    parts: list[Polygon]
    height_m: float = DEFAULT_HEIGHT_M


@dataclass
class Piece:
    """A feature of a plan: its type in our words, the storey's id, its shape, its properties as the plan has them.

    `id` in the properties is a wish: the plan's is made from it, or from the name.
    """

    kind: str
    level: str
    shape: Shape
    properties: dict[str, Any] = field(default_factory=dict)
    place: str = ""


@dataclass
class Draft:
    """A plan in the metres of the drawing. `ground` says where these lie on Earth, where the drawing does.

    `keep_frame`: the drawing's origin is the plan's (a picture's corner, say); without it the plan's is the lower left
    corner of its outlines. `risers` are stairs and lifts, which come into the plan where they join two storeys.
    `counts` is what the drawing held in its own words, for the report.
    """

    notes: Notes
    name: str = ""
    ground: Ground | None = None
    keep_frame: bool = False
    storeys: list[Storey] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    risers: list[Piece] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, level: str, shape: Shape, place: str = "", **properties: Any) -> None:
        """One more feature; properties that are None or empty are left to their defaults."""
        if len(self.pieces) >= MOST_FEATURES:
            reason = f"holds more than {MOST_FEATURES:,} walls, fixtures and zones: that is more than a shop"
            self.notes.refuse("(whole file)", reason, "leave out what is none, with --layer NAME=ignore")
        given = {key: value for key, value in properties.items() if value not in (None, "", (), [])}
        self.pieces.append(Piece(kind, level, shape, given, place))

    def of_kind(self, kind: str) -> list[Piece]:
        """The features of one type, in the order drawn."""
        return [piece for piece in self.pieces if piece.kind == kind]
