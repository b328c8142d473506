"""From a source's map to the store's floor: a similarity of the plane, and degrees on the Earth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.config import MapConfig
from engine.plan.model import Anchor
from engine.records import F64

EARTH_M = 6_371_008.8  # mean radius (IUGG); a store is so small that the ellipsoid does not show
Point = tuple[F64, F64]


@dataclass(frozen=True, slots=True)
class MapTransform:
    """`z -> turn·z + shift` on complex numbers x + iy, after `z -> conj(z)` where the source's y points down.

    `|turn|` is metres per unit of the source's.
    """

    turn: complex = 1 + 0j
    shift: complex = 0j
    y_down: bool = False

    @staticmethod
    def of(config: MapConfig) -> MapTransform:
        """What two pairs of points say, or, without any, metres from the bottom left (or top left) corner."""
        if not config.points:
            return MapTransform(shift=1j * config.height_m if config.y_down else 0j, y_down=config.y_down)
        theirs = [complex(*p.theirs) for p in config.points]
        if config.y_down:
            theirs = [z.conjugate() for z in theirs]
        ours = [complex(*p.ours) for p in config.points]
        turn = (ours[1] - ours[0]) / (theirs[1] - theirs[0])
        return MapTransform(turn, ours[0] - turn * theirs[0], config.y_down)

    def __call__(self, x: F64, y: F64) -> Point:
        """The store's (x, y) of the source's, metres; shapes (n,)."""
        z = x + 1j * (-y if self.y_down else y)
        moved = self.turn * z + self.shift
        return moved.real, moved.imag

    @property
    def scale(self) -> float:
        """Metres of ours per metre (or other unit) of theirs: by how much errors are stretched."""
        return abs(self.turn)


def to_floor(lon: F64, lat: F64, anchor: Anchor) -> Point:
    """Degrees (n,) in the store's frame, metres: the plane that touches the Earth at the anchor. `bearing_deg` is the
    bearing of the y axis, clockwise from north."""
    east = np.radians(lon - anchor.lon) * EARTH_M * math.cos(math.radians(anchor.lat))
    north = np.radians(lat - anchor.lat) * EARTH_M
    bearing = math.radians(anchor.bearing_deg)
    return (
        east * math.cos(bearing) - north * math.sin(bearing),
        east * math.sin(bearing) + north * math.cos(bearing),
    )
