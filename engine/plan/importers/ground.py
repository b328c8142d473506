"""Where metres lie on Earth: a plane that touches WGS84 at one point, and the frame a plan is turned into on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Polygon

from engine.plan.model import Anchor
from engine.records import F64

WGS84_A_M = 6_378_137.0
WGS84_E2 = 0.00669437999014


@dataclass(frozen=True, slots=True)
class Ground:
    """Metres east and north of a point on the WGS84 ellipsoid. Good to a millimetre or two within 100 m of it, and to
    0.01 % of a length within a few kilometres."""

    lon: float
    lat: float

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Of longitude and of latitude, from the ellipsoid's radii of curvature at this latitude."""
        sin2 = math.sin(math.radians(self.lat)) ** 2
        across_m = WGS84_A_M / math.sqrt(1.0 - WGS84_E2 * sin2)
        along_m = across_m * (1.0 - WGS84_E2) / (1.0 - WGS84_E2 * sin2)
        return math.radians(across_m * math.cos(math.radians(self.lat))), math.radians(along_m)

    def to_metres(self, lonlat: F64) -> F64:
        """(n, 2) degrees to (n, 2) metres east and north."""
        return np.asarray((lonlat - np.array([self.lon, self.lat])) * np.array(self.metres_per_degree))

    def to_degrees(self, metres: F64) -> F64:
        """(n, 2) metres east and north to (n, 2) degrees."""
        return np.asarray(metres / np.array(self.metres_per_degree) + np.array([self.lon, self.lat]))


@dataclass(frozen=True, slots=True)
class Turn:
    """How a drawing's metres become a plan's: moved by `origin`, then turned so that an axis at `angle_deg`
    (counter-clockwise from the drawing's x axis) is the plan's x axis."""

    origin: tuple[float, float]
    angle_deg: float

    def apply(self, xy: F64) -> F64:
        """(n, 2) in the drawing's frame to (n, 2) in the plan's."""
        cos, sin = self._cos_sin()
        dx, dy = (xy - np.array(self.origin)).T
        return np.column_stack([dx * cos + dy * sin, dy * cos - dx * sin])

    def undo(self, xy: F64) -> F64:
        """(n, 2) in the plan's frame to (n, 2) in the drawing's."""
        cos, sin = self._cos_sin()
        x, y = np.asarray(xy).T
        return np.asarray(np.column_stack([x * cos - y * sin, x * sin + y * cos]) + np.array(self.origin))

    def _cos_sin(self) -> tuple[float, float]:
        return math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))

    def anchor(self, ground: Ground) -> Anchor:
        """Where the plan's origin lies, and where its y axis points, degrees clockwise from north."""
        ((lon, lat),) = ground.to_degrees(np.array([self.origin])).tolist()
        return Anchor(round(lon, 9), round(lat, 9), round(-self.angle_deg, 4) or 0.0)


def of_anchor(anchor: Anchor) -> tuple[Ground, Turn]:
    """The plane and the turn of a plan that has an anchor: `Turn.undo`, then `Ground.to_degrees`."""
    return Ground(anchor.lon, anchor.lat), Turn((0.0, 0.0), -anchor.bearing_deg)


def main_direction_deg(outlines: list[Polygon]) -> float:
    """The direction of most walls, degrees counter-clockwise from the x axis, in (-45, 45].

    The length-weighted mean of the edges' directions, taken four times over so that right angles agree.
    """
    cos, sin = 0.0, 0.0
    for outline in outlines:
        edges = np.diff(np.asarray(outline.exterior.coords)[:, :2], axis=0)
        length = np.hypot(*edges.T)
        four = 4.0 * np.arctan2(edges[:, 1], edges[:, 0])
        cos, sin = cos + float(length @ np.cos(four)), sin + float(length @ np.sin(four))
    if math.hypot(cos, sin) < 1e-9:
        return 0.0
    return math.degrees(math.atan2(sin, cos)) / 4.0


def turn_to_walls(outlines: list[Polygon], *, turned: bool) -> Turn:
    """The turn that lays the outlines' lower left corner at the origin, their walls along the axes where `turned`."""
    angle_deg = round(main_direction_deg(outlines), 4) if turned else 0.0
    about = Turn((0.0, 0.0), angle_deg)
    corners = np.concatenate([about.apply(np.asarray(p.exterior.coords)[:, :2]) for p in outlines])
    (origin,) = about.undo(np.array([corners.min(axis=0)])).tolist()
    return Turn((origin[0], origin[1]), angle_deg)
