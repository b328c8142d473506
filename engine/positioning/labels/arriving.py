"""Labels as they arrive: which are the same, and which lines are of one receipt."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np

from engine.positioning.labels.places import KINDS, UNTIMED
from engine.records import Labels


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
