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
    UnsureVector,
    are_timed,
    find_displaced,
    find_unsure,
    lying,
    moved_products,
    no_nearer,
    put_back,
    weigh,
)
from engine.positioning.labels.elsewhere import keep_heard_elsewhere
from engine.positioning.labels.field import correction_of
from engine.positioning.labels.places import Taught
from engine.positioning.labels.shares import HALF, LITTLE, Evidence, contradicts, expected_share
from engine.positioning.labels.trial import LEAST_LABELS, NOTHING, Verdict, take_teaching, try_labels
from engine.radio.radiomap import RadioMap

MOST_BY_VECTOR_M = 0.11  # nearer by a common vector alone: honest days of two drawn shops come to 0.08, planograms that
# are off and make the map worse to 0.14 and more


@dataclass(frozen=True, slots=True)
class LabelDoubts:
    """What labels say against each other: streams that lie, by their number, by how much (x, y) those lie off that are
    off by one vector, products that stand elsewhere, and the labels that are left, weighed. Streams of these may be off
    by a vector of which nobody knows whether it is theirs or the map's (`unsure`); `apart` are all labels less that."""

    lies: dict[int, str]
    off_m: dict[int, tuple[float, float]]
    moved: list[MovedProduct]
    believed: Taught
    unsure: dict[int, UnsureVector]
    apart: Taught


@dataclass(frozen=True, slots=True)
class Lesson:
    """Of labels, on top of the map that they were held against. `apart_m`: streams, by their number, that teach no more
    than how places differ, less the vector (x, y) that all their places lie off."""

    verdict: Verdict
    lies: dict[int, str]
    moved: list[MovedProduct]
    off_m: dict[int, tuple[float, float]] = field(default_factory=dict)
    apart_m: dict[int, tuple[float, float]] = field(default_factory=dict)


NO_LESSON = Lesson(NOTHING, {}, [])


def lesson_of(plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught, told: Evidence) -> Lesson:
    """Of these labels (n rows); `told` is what receipts say of the shares of their streams.

    A vector that all labels of a stream lie off may be the map's, which then had better follow, or the stream's, and
    then everybody is put beside where they are. Devices left out are found nearer by it either way. Where most of what
    they gain is that vector, or it is longer than maps are off, nobody is moved by it. Of a map that nobody measured
    and no crowd made, which may be off by any, labels are believed."""
    found = doubts_of(plan, cells, taught, told)
    verdict = try_labels(plan, cells, radio_map, found.believed)
    if found.unsure and verdict.share > 0.0 and radio_map.measured >= 1.0:
        apart = try_labels(plan, cells, radio_map, found.apart)
        sure = any(common.surely_not_map for common in found.unsure.values())
        if sure or verdict.gain_m - apart.gain_m > MOST_BY_VECTOR_M:
            return _lesson(replace(apart, apart=True), found)
    return _lesson(verdict, found)


def lesson_again(
    plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught, told: Evidence, verdict: Verdict
) -> Lesson:
    """The lesson whose verdict is known but for its correction, without trying it anew."""
    if len(taught) < LEAST_LABELS:
        return replace(NO_LESSON, verdict=verdict)
    found = doubts_of(plan, cells, taught, told)
    if verdict.share > 0.0:
        own = take_teaching(found.apart if verdict.apart else found.believed, verdict.receipts)
        verdict = replace(verdict, correction=correction_of(cells, radio_map, own))
    return _lesson(verdict, found)


def _lesson(verdict: Verdict, found: LabelDoubts) -> Lesson:
    apart_m = {stream: common.off for stream, common in found.unsure.items()} if verdict.apart else {}
    return Lesson(verdict, found.lies, found.moved, found.off_m, apart_m)


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
    share = np.ones(len(honest))
    share[np.isin(honest.product, [m.product for m in moved]) & (honest.product >= 0)] = 0.0
    for stream, said in {**told, **doubted}.items():
        share[honest.source == stream] *= expected_share(said)
    unsure = find_unsure(plan, honest)
    apart = put_back(honest, unsure)
    believed, less = (replace(own, weight=weigh(own, floor_m2) * share) for own in (honest, apart))
    return LabelDoubts(lies, off_m, moved, believed, unsure, less)


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
