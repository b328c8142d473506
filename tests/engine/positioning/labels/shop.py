"""A hall with products, whose true radio differs from the map that is there by smooth shadows; labels of devices that
stand at the products, as the engine keeps them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan, Product
from engine.positioning.labels.field import nearest_cells
from engine.positioning.labels.places import KINDS, PLACE_M, Taught
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F64
from engine.vocabulary import LabelKind
from tests.engine.positioning.stores import hall

SHADOW_DB = 6.0
FLOOR_M2 = 240.0


def shop() -> tuple[Plan, Cells, RadioMap]:
    """The hall, twenty products in four rows, and the plan's own map."""
    spots = [(2.5 + 3.75 * i, 2.0 + 2.7 * j) for j in range(4) for i in range(5)]
    products = tuple(Product(f"p{k}", f"P{k}", "", 100, "0", x, y, "other") for k, (x, y) in enumerate(spots))
    plan = replace(hall(), products=products)
    cells = walkable_cells(plan, 1.0)
    return plan, cells, prior_map(plan, cells)


def true_dbm(cells: Cells, radio_map: RadioMap) -> F64:
    """(A, C) what is really there: the map, and shadows 3 to 4 m wide."""
    phase = np.arange(radio_map.n_ap)[:, None]
    waves = np.sin(cells.x_m / 2.2 + 2.0 * phase) * np.cos(cells.y_m / 2.5 + phase)
    return np.asarray(radio_map.mean_dbm + SHADOW_DB * waves, np.float64)


def labels(
    plan: Plan,
    cells: Cells,
    radio_map: RadioMap,
    n: int,
    *,
    wrong: tuple[int, ...] = (),
    mirrored: bool = False,
    devices: int = 1000,
    seed: int = 1,
) -> Taught:
    """`n` shelf scans of so many devices by turns. Products `wrong` stand where the next but nine of them does;
    `mirrored`: the planogram is drawn from the other side."""
    rng = np.random.default_rng(seed)
    product = rng.integers(0, len(plan.products), n)
    spot = np.array([(p.x_m, p.y_m) for p in plan.products])
    stands = np.where(np.isin(product, wrong), (product + 9) % len(spot), product)
    at = nearest_cells(cells, np.zeros(n, np.int32), *spot[stands].T)
    number = np.arange(n) % devices
    offset = rng.normal(0.0, 6.0, n)[number]
    rssi = true_dbm(cells, radio_map)[:, at].T + offset[:, None] + rng.normal(0.0, 3.0, (n, radio_map.n_ap))
    fix = spot[stands] + rng.normal(0.0, 1.2, (n, 2))
    x, y = spot[product].T
    whole = np.ones(n)
    return Taught(
        number.astype(np.int64), np.zeros(n, np.int32), np.full(n, KINDS.index(LabelKind.SHELF_SCAN), np.int32),
        product.astype(np.int32), np.zeros(n, np.int32), 20.0 - x if mirrored else x, y,
        whole * PLACE_M[LabelKind.SHELF_SCAN], fix[:, 0], fix[:, 1], 2.0 * whole, whole, 5.0 * whole,
        rssi.astype(np.float32),
    )  # fmt: skip
