"""What all labels of a store come to: the verdict on the map, what streams lie, what products stand elsewhere.

Takes seconds of a core, and is a function of what it is given: it can be worked out beside the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.doubts import (
    CHANCE_SAYS,
    MovedProduct,
    are_timed,
    find_displaced,
    lying,
    moved_products,
    no_nearer,
    weigh,
)
from engine.positioning.labels.elsewhere import keep_heard_elsewhere
from engine.positioning.labels.field import correction_of
from engine.positioning.labels.places import Taught
from engine.positioning.labels.shares import HALF, LITTLE, Evidence, contradicts, expected_share
from engine.positioning.labels.trial import LEAST_LABELS, NOTHING, Verdict, take_teaching, try_labels
from engine.radio.radiomap import RadioMap


@dataclass(frozen=True, slots=True)
class LabelDoubts:
    """What labels say against each other: streams that lie, by their number, by how much (x, y) those lie off that are
    off by one vector, products that stand elsewhere, and the labels that are left, weighed."""

    lies: dict[int, str]
    off_m: dict[int, tuple[float, float]]
    moved: list[MovedProduct]
    believed: Taught


@dataclass(frozen=True, slots=True)
class Lesson:
    """Of labels, on top of the map that they were held against."""

    verdict: Verdict
    lies: dict[int, str]
    moved: list[MovedProduct]
    off_m: dict[int, tuple[float, float]] = field(default_factory=dict)


NO_LESSON = Lesson(NOTHING, {}, [])


def lesson_of(plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught, told: Evidence) -> Lesson:
    """Of these labels (n rows); `told` is what receipts say of the shares of their streams."""
    found = doubts_of(plan, cells, taught, told)
    return Lesson(try_labels(plan, cells, radio_map, found.believed), found.lies, found.moved, found.off_m)


def lesson_again(
    plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught, told: Evidence, verdict: Verdict
) -> Lesson:
    """The lesson whose verdict is known but for its correction, without trying it anew."""
    if len(taught) < LEAST_LABELS:
        return replace(NO_LESSON, verdict=verdict)
    found = doubts_of(plan, cells, taught, told)
    if verdict.share > 0.0:
        own = take_teaching(found.believed, verdict.receipts)
        verdict = replace(verdict, correction=correction_of(cells, radio_map, own))
    return Lesson(verdict, found.lies, found.moved, found.off_m)


def doubts_of(plan: Plan, cells: Cells, taught: Taught, told: Evidence) -> LabelDoubts:
    """Of labels (n rows); `told` is what receipts say of the shares of their streams."""
    floor_m2 = floor_of(cells)
    doubted = no_nearer(taught, floor_m2)
    by_chance = [s for s, said in doubted.items() if contradicts(said, HALF)]
    by_chance += [s for s, said in told.items() if contradicts(said, LITTLE)]
    displaced = find_displaced(plan, taught)
    off_m = {stream: one.off_m for stream, one in displaced.items() if one.off_m is not None}
    frames = lying(taught) | {stream: one.what for stream, one in displaced.items()}
    frames |= _of_receipts(taught, frames)
    lies = dict.fromkeys(by_chance, CHANCE_SAYS) | frames
    honest = taught.take(~np.isin(taught.source, list(lies)))
    moved = keep_heard_elsewhere(plan, cells, honest, moved_products(honest))
    weight = weigh(honest, floor_m2)
    weight[np.isin(honest.product, [m.product for m in moved]) & (honest.product >= 0)] = 0.0
    for stream, said in {**told, **doubted}.items():
        weight[honest.source == stream] *= expected_share(said)
    return LabelDoubts(lies, off_m, moved, replace(honest, weight=weight))


def _of_receipts(taught: Taught, frames: dict[int, str]) -> dict[int, str]:
    """Streams of receipts, where most labels that name a product at its time stand in another frame than the plan's: it
    is the planogram that does, by which receipts have their places, and they cannot tell a frame themselves."""
    timed = are_timed(taught.kind)
    named = taught.source[timed & (taught.product >= 0)]
    off = named[np.isin(named, list(frames))]
    if 2 * len(off) <= len(named):
        return {}
    return dict.fromkeys(np.unique(taught.source[~timed]).tolist(), frames[int(np.bincount(off).argmax())])


def floor_of(cells: Cells) -> float:
    """How large the floor is that one walks on, m²."""
    return max(len(cells) * cells.cell_m**2, 1.0)
