"""Frames in which people tell places by mistake: the other seven symmetries of the sheet that a level is drawn on, as
they are and stretched to fit, the sheet laid askew, and other scales."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.plan.model import Plan
from engine.records import F64, I32

SHIFTED, STRETCHED = "shifted by one vector", "stretched"
MIRRORS = {"mirrored in x": (-1, 1), "mirrored in y": (1, -1), "turned by half": (-1, -1)}
SWAPPED, TURNED, SWAPPED_TURNED = "x and y swapped", "turned by a quarter", "x and y swapped and turned by half"
ASKEW = "turned by an angle"
NOWHERE = "in no frame"
SCALES = (0.5, 0.6, 0.7, 0.8, 1.25, 1.4, 1.6, 2.0)
ANGLES = (-60.0, -30.0, 30.0, 60.0)  # degrees; half a step off, places are off by a quarter of how far out they lie
_SIDEWAYS = ((SWAPPED, 1, 1), (TURNED, -1, 1), (TURNED, 1, -1), (SWAPPED_TURNED, -1, -1))
"""Sheets whose x is the plan's y, and what signs both then have."""


@dataclass(frozen=True, slots=True)
class OtherFrame:
    """Another frame than the plan's. What was told at p is at turn (p - about) + onto + shift_m: `turn` (2, 2), `about`
    and `onto` (L, 2) a point of each level, as it was told and where it is, `shift_m` (2,). `odds`, natural logarithm,
    by which that is likelier. NOWHERE is no frame: places as they were told, where what was heard has nothing to do
    with the access points."""

    kind: str
    turn: F64
    about: F64
    onto: F64
    shift_m: F64
    odds: float = 0.0

    def right(self, level: I32, x_m: F64, y_m: F64) -> tuple[F64, F64]:
        """Where places (n,) are."""
        there = (np.column_stack([x_m, y_m]) - self.about[level]) @ self.turn.T + self.onto[level] + self.shift_m
        return there[:, 0], there[:, 1]

    @property
    def off_m(self) -> float:
        """How long the common vector is."""
        return float(np.hypot(*self.shift_m))


def frames_of(plan: Plan) -> Iterator[OtherFrame]:
    """The plan's own, then all others. A sheet that lay sideways has its low corner where the plan has it; it is as
    wide as the plan is deep, or was stretched to the sides that it was taken for."""
    low, high = np.split(np.array([level.polygon.bounds for level in plan.levels]), 2, axis=1)
    middle, none = (low + high) / 2, np.zeros(2)
    wide, deep = (high - low)[0].tolist()  # levels of one house are alike
    yield OtherFrame(SHIFTED, np.eye(2), middle, middle, none)
    for kind, signs in MIRRORS.items():
        yield OtherFrame(kind, np.diag(np.array(signs, np.float64)), middle, middle, none)
    sideways = low + (middle - low)[:, ::-1]
    for ratio, about in ((1.0, sideways), (wide / deep, middle))[: 1 if wide == deep else 2]:
        for kind, to_x, to_y in _SIDEWAYS:
            yield OtherFrame(kind, np.array([[0.0, to_x * ratio], [to_y / ratio, 0.0]]), about, middle, none)
    for angle in np.radians(ANGLES).tolist():
        cos, sin = np.cos(angle), np.sin(angle)
        yield OtherFrame(ASKEW, np.array([[cos, -sin], [sin, cos]]), middle, middle, none)
    for scale in SCALES:
        yield OtherFrame(STRETCHED, np.eye(2) * scale, middle, middle, none)
