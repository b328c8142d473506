"""What shoppers told of their places, as a frame of labels: the same as if it had come over the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from engine.ingest.decoders.labels import LABEL_SOURCE, OFF_PLAN_M
from engine.ingest.decoders.native import Frame
from engine.plan.model import Plan
from engine.positioning.labels.places import KINDS
from engine.records import Labels, Readings
from engine.storage.people.told_places import ToldPlace
from engine.vocabulary import LabelRefusal, ReadingRefusal, RecordRefusal

SOURCE = LABEL_SOURCE + "shoppers"


def frame_of(plan: Plan, told: Sequence[ToldPlace], devices: Mapping[str, int], now: float) -> Frame:
    """`devices` are the phones of shoppers who agreed, by the shopper's id."""
    refused: Counter[ReadingRefusal | RecordRefusal | LabelRefusal] = Counter()
    rows = []
    index = {product.sku: i for i, product in enumerate(plan.products)}
    for one in told:
        device = devices.get(one.shopper_id)
        found = _place(plan, index, one)
        if device is None:
            refused[LabelRefusal.LEARNING_NOT_AGREED] += 1
        elif isinstance(found, LabelRefusal):
            refused[found] += 1
        else:
            rows.append((min(one.at, now), device, KINDS.index(one.kind), *found, False))
    labels = Labels.empty()
    if rows:
        t, device_of, kind, product, level, x, y, public = zip(*rows, strict=True)
        labels = Labels(
            np.array(t, np.float64),
            np.array(device_of, np.uint64),
            np.array(kind, np.int32),
            np.array(product, np.int32),
            np.array(level, np.int32),
            np.array(x, np.float64),
            np.array(y, np.float64),
            np.array(public, np.bool_),
        )
    nothing = Readings.empty()
    return Frame(plan.store, SOURCE, now, now, nothing, nothing, dict(refused), labels=labels)


def _place(plan: Plan, index: Mapping[str, int], one: ToldPlace) -> tuple[int, int, float, float] | LabelRefusal:
    """(product, level, x, y), or why there is none."""
    if one.sku:
        at = index.get(one.sku)
        if at is None:
            return LabelRefusal.UNKNOWN_PRODUCT
        product = plan.products[at]
        return at, plan.level_index[product.level], product.x_m, product.y_m
    if one.x_m is None or one.y_m is None:
        return LabelRefusal.BAD_LABEL_SHAPE
    level = plan.level_index.get(one.level or plan.levels[0].id)
    if level is None:
        return LabelRefusal.UNKNOWN_LEVEL
    if not shapely.contains_xy(plan.levels[level].polygon.buffer(OFF_PLAN_M), one.x_m, one.y_m):
        return LabelRefusal.LABEL_OFF_PLAN
    return -1, level, one.x_m, one.y_m
