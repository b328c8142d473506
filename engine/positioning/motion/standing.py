"""Where people are likely to stand, as far as a plan says: at its products, at the tills, beside fixtures.

A planogram says it best: whoever stops does so for something. Its places count once each, however many products hang
there, blurred over where people stand around them and over what plans get wrong. Nothing is certain: a share stays
with the whole floor. And two products on a large floor are no planogram: people stand where it lists nothing, too.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.motion.walk import ORTHOGONAL, cell_walk
from engine.records import F32, F64, I64, Bools

AROUND_M = 0.8  # people do not stand on a product's point, nor is it drawn to the inch: deviation in x and in y
TILL_M = 2.5  # whoever pays, and who waits behind
TILLS, BESIDE, ANYWHERE = 0.15, 0.05, 0.05
"""Shares of all pauses: at tills, beside any fixture, and just somewhere. The rest is at products."""
BESIDE_M = 1.0
LISTED_M = 2.5  # an aisle's width: what stands so near to a listed product is told of by the planogram
WHOLE = 0.45
"""The share of shelf sides that a planogram tells of where it is whole. Five stores' tell of 0.70 to 0.98 of what is
beside fixtures, and of 0.49 to 0.78 of the whole floor."""
FIELD_STEPS = 64  # at most, of the blur


def standing_density(plan: Plan, cells: Cells) -> F32 | None:
    """(C,) how much likelier people stand at each cell than at any, of mean 1; None where the plan has no products."""
    if not plan.products or len(cells) < 2:
        return None
    shares = [
        (1.0, product_places(plan, cells)),
        (TILLS, till_cells(plan, cells)),
        (BESIDE, beside_fixtures(plan, cells)),
    ]
    shares.append((ANYWHERE, np.ones(len(cells))))
    given = [(share, where / where.sum()) for share, where in shares if where.sum() > 0]
    left = 1.0 - sum(share for share, _ in given[1:])
    unlisted = unlisted_cells(plan, cells)
    at_products = (1.0 - unlisted.sum()) * given[0][1] + unlisted
    density = left * at_products + sum((share * where for share, where in given[1:]), np.zeros(len(cells)))
    return np.asarray(density * len(cells), dtype=np.float32)


def product_places(plan: Plan, cells: Cells) -> F64:
    """(C,) places of products around each cell: 1 a place, spread over AROUND_M on foot."""
    at: F64 = np.zeros(len(cells))
    for i, level in enumerate(plan.levels):
        xy = np.array([(p.x_m, p.y_m) for p in plan.products if p.level == level.id]).reshape(-1, 2)
        own: I64 = np.flatnonzero(cells.level == i)
        if len(xy) and len(own):
            _, nearest = cKDTree(np.column_stack([cells.x_m[own], cells.y_m[own]])).query(xy)
            at[own[nearest]] = 1.0
    step_m2 = 4 * ORTHOGONAL * cells.cell_m**2 * 2
    walk: sparse.csr_array = cell_walk(cells)
    for _ in range(min(round(2 * AROUND_M**2 / step_m2), FIELD_STEPS)):
        at = np.asarray(walk @ at, np.float64)
    return at


def unlisted_cells(plan: Plan, cells: Cells) -> F64:
    """(C,) where people stand at what the plan does not list, as shares of all who stand at products. Each level counts
    by its shelf sides, of which a planogram that is whole has WHOLE near its products; what one lacks of that is shared
    out evenly over the sides far from them. Shelf sides are a level's whole floor where it has no fixtures."""
    beside = beside_fixtures(plan, cells) > 0
    far, lacks, sides = [], [], []
    for i, level in enumerate(plan.levels):
        own: I64 = np.flatnonzero(cells.level == i)
        own = own[beside[own]] if beside[own].any() else own
        xy = np.array([(p.x_m, p.y_m) for p in plan.products if p.level == level.id]).reshape(-1, 2)
        off_m, _ = cKDTree(xy).query(np.column_stack([cells.x_m[own], cells.y_m[own]]))  # inf where there is none
        far.append(own[off_m > LISTED_M])
        lacks.append(max(0.0, len(far[-1]) - (1.0 - WHOLE) * len(own)) / WHOLE)
        sides.append(len(own))
    out = np.zeros(len(cells))
    for at, lacking in zip(far, lacks, strict=True):
        if lacking > 0:
            out[at] = lacking / len(at) / sum(sides)
    return out


def till_cells(plan: Plan, cells: Cells) -> F64:
    """(C,) 1 within TILL_M of a till."""
    out = np.zeros(len(cells))
    for opening in plan.openings:
        if opening.category == "checkout":
            middle = opening.geometry.centroid
            near = np.hypot(cells.x_m - middle.x, cells.y_m - middle.y) <= TILL_M
            out[near & (cells.level == plan.level_index[opening.level])] = 1.0
    return out


def beside_fixtures(plan: Plan, cells: Cells) -> F64:
    """(C,) 1 within BESIDE_M of a fixture."""
    out: Bools = np.zeros(len(cells), np.bool_)
    for i, level in enumerate(plan.levels):
        shapes = [f.polygon for f in plan.fixtures if f.level == level.id]
        own = np.flatnonzero(cells.level == i)
        if shapes and len(own):
            area = shapely.union_all(shapes).buffer(BESIDE_M)
            shapely.prepare(area)
            out[own] = shapely.intersects_xy(area, cells.x_m[own], cells.y_m[own])
    return out.astype(np.float64)
