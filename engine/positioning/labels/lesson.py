"""What all labels of a store come to: the verdict on the map, what streams lie, what products stand elsewhere.

Takes seconds of a core, and is a function of what it is given: it can be worked out beside the engine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.doubts import CHANCE_SAYS, MovedProduct, find_displaced, lying, moved_products, weigh
from engine.positioning.labels.field import correction_of
from engine.positioning.labels.places import Taught
from engine.positioning.labels.trial import LEAST_LABELS, NOTHING, Verdict, try_labels
from engine.radio.radiomap import RadioMap


@dataclass(frozen=True, slots=True)
class LabelDoubts:
    """What labels say against each other: streams that lie, by their number, products that stand elsewhere, and the
    labels that are left, weighed."""

    lies: dict[int, str]
    moved: list[MovedProduct]
    believed: Taught


@dataclass(frozen=True, slots=True)
class Lesson:
    """Of labels, on top of the map that they were held against."""

    verdict: Verdict
    lies: dict[int, str]
    moved: list[MovedProduct]


NO_LESSON = Lesson(NOTHING, {}, [])


def lesson_of(plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught, chance: Collection[int]) -> Lesson:
    """Of these labels (n rows), the streams of number `chance` left aside."""
    found = doubts_of(plan, cells, taught, chance)
    return Lesson(try_labels(plan, cells, radio_map, found.believed), found.lies, found.moved)


def lesson_again(
    plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught, chance: Collection[int], verdict: Verdict
) -> Lesson:
    """The lesson whose verdict is known but for its correction, without trying it anew."""
    if len(taught) < LEAST_LABELS:
        return replace(NO_LESSON, verdict=verdict)
    found = doubts_of(plan, cells, taught, chance)
    if verdict.share > 0.0:
        own = found.believed.take(found.believed.weight > 0.1)
        verdict = replace(verdict, correction=correction_of(cells, radio_map, own))
    return Lesson(verdict, found.lies, found.moved)


def doubts_of(plan: Plan, cells: Cells, taught: Taught, chance: Collection[int]) -> LabelDoubts:
    """Of labels (n rows); streams of number `chance` say no more than chance does."""
    floor_m2 = floor_of(cells)
    lies = lying(taught) | find_displaced(plan, taught) | dict.fromkeys(chance, CHANCE_SAYS)
    honest = taught.take(~np.isin(taught.source, list(lies)))
    moved = moved_products(honest)
    weight = weigh(honest, floor_m2)
    weight[np.isin(honest.product, [m.product for m in moved]) & (honest.product >= 0)] = 0.0
    return LabelDoubts(lies, moved, replace(honest, weight=weight))


def floor_of(cells: Cells) -> float:
    """How large the floor is that one walks on, m²."""
    return max(len(cells) * cells.cell_m**2, 1.0)
