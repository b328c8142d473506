"""Walls drawn with two faces: two lines a wall's thickness apart are one wall, and lose as much as one."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import LineString

THICKEST_M = 0.6  # of a wall; thicker ones are rare, and shelves stand further apart
PARALLEL_COS = math.cos(math.radians(3.0))
SHARED = 0.6  # of the shorter face, beside the other one


def have_two_faces(walls: list[LineString]) -> list[bool]:
    """Whether each straight piece of wall has another one beside it that is its other face."""
    if len(walls) < 2:
        return [False] * len(walls)
    ends = np.array([np.asarray(wall.coords)[[0, -1], :2] for wall in walls])
    along = ends[:, 1] - ends[:, 0]
    length = np.hypot(*along.T)
    along /= length[:, None]
    pairs = shapely.STRtree(walls).query(walls, predicate="dwithin", distance=THICKEST_M).T
    i, j = pairs[pairs[:, 0] != pairs[:, 1]].T
    parallel = np.abs((along[i] * along[j]).sum(axis=1)) > PARALLEL_COS
    i, j = i[parallel], j[parallel]
    start, stop = (((ends[j, k] - ends[i, 0]) * along[i]).sum(axis=1) for k in (0, 1))
    shared = np.minimum(np.maximum(start, stop), length[i]) - np.maximum(np.minimum(start, stop), 0.0)
    off = ends[j].mean(axis=1) - ends[i, 0]
    apart = np.abs(along[i, 0] * off[:, 1] - along[i, 1] * off[:, 0])
    faces = (shared > SHARED * np.minimum(length[i], length[j])) & (apart > 0.02) & (apart <= THICKEST_M)
    found = np.zeros(len(walls), np.bool_)
    found[i[faces]] = True
    return [bool(face) for face in found]
