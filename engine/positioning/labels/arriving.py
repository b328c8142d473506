"""Labels as they arrive: which are the same, and which lines are of one receipt."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np

from engine.plan.model import Plan
from engine.positioning.labels.places import KINDS, UNTIMED
from engine.records import F64, Labels
from engine.vocabulary import LabelKind


def keys_of(labels: Labels) -> Iterator[int]:
    """What makes a label the same as another."""
    for i in range(len(labels)):
        said = (labels.device[i], labels.t[i], labels.kind[i], labels.product[i], labels.x_m[i], labels.y_m[i])
        yield int.from_bytes(blake2b(repr([v.item() for v in said]).encode(), digest_size=7).digest(), "big")


def together(labels: Labels) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Rows of labels, each alone, but the lines of one receipt together."""
    untimed = np.isin(labels.kind, [KINDS.index(kind) for kind in UNTIMED])
    order = np.lexsort((labels.kind, labels.device, labels.t))
    at = 0
    while at < len(order):
        end = at + 1
        while end < len(order) and untimed[order[at]] and _same(labels, int(order[at]), int(order[end])):
            end += 1
        yield order[at:end].astype(np.int64)
        at = end


def _same(labels: Labels, one: int, other: int) -> bool:
    alike = labels.device[one] == labels.device[other] and labels.t[one] == labels.t[other]
    return bool(alike and labels.kind[one] == labels.kind[other])


def labels_of(plan: Plan, rows: list[tuple[float, int, LabelKind, str, bool]]) -> Labels:
    """Labels of products: time, device, kind, sku and whether it needs nobody's consent. KeyError for a sku that the
    plan does not have."""
    index = {product.sku: i for i, product in enumerate(plan.products)}
    at = [plan.products[index[sku]] for _, _, _, sku, _ in rows]

    def column(values: list[float]) -> F64:
        return np.array(values, np.float64)

    return Labels(
        column([row[0] for row in rows]),
        np.array([row[1] for row in rows], np.uint64),
        np.array([KINDS.index(row[2]) for row in rows], np.int32),
        np.array([index[row[3]] for row in rows], np.int32),
        np.array([plan.level_index[p.level] for p in at], np.int32),
        column([p.x_m for p in at]),
        column([p.y_m for p in at]),
        np.array([row[4] for row in rows], np.bool_),
    )
