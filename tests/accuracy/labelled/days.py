"""A day with labels: of shoppers who come in its first half, while positions and triggers are scored on those who come
in the second, whom no label names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.config import Config
from engine.offers.campaigns import Campaign
from engine.positioning.labels.arriving import labels_of
from engine.positioning.labels.places import KINDS as KIND_NUMBERS
from engine.records import Labels
from engine.runtime.offline import Chain, device_number, run_chain
from engine.vocabulary import LabelKind
from simulators.truth.labels import receipts, shelf_scans
from simulators.world import World
from tests.accuracy.days import SHIPPED, Day, day_of, drawn_world, shipped_world, stating

SECONDS = 7200.0
STATED = (0.8, 0.9)
LOT = 0x1B  # which labels are left where not all are


@dataclass(frozen=True)
class Labelled:
    """A day, the labels of those who came in its first half, and who is scored: those who came in the second, or all.
    `day` has every campaign once for each precision `stated`, so that one run of the chain tells them all."""

    world: World
    day: Day
    labels: Labels
    scored: set[str]
    stated: Sequence[float]


def labelled(
    kind: str, seed: int = 1, seconds: float = SECONDS, stated: Sequence[float] = STATED, whole: bool = False
) -> Labelled:
    """Of a drawn or a shipped store, as many labels as its scenario says; its campaigns state each precision. A `whole`
    day is scored on everybody, whom labels of its first half may name."""
    world, campaigns = world_of(kind, seed, seconds)
    names = world.device_names()
    late = {names[i] for i, j in enumerate(world.journeys) if j.start_s > seconds / 2}
    start_t = world.scenario.starts_at.timestamp()
    rows = [(start_t + t, device_number(n), k, sku, False) for t, n, k, sku in shelf_scans(world) if n not in late]
    rows += [
        (start_t + t, device_number(n), LabelKind.RECEIPT, sku, False) for t, n, sku in receipts(world) if n not in late
    ]
    labels = labels_of(world.plan, rows)
    return Labelled(world, day_of(world, stating(campaigns, stated)), labels, set(names) if whole else late, stated)


def world_of(kind: str, seed: int, seconds: float) -> tuple[World, list[Campaign]]:
    """A day of a store, and its campaigns."""
    return (shipped_world if kind in SHIPPED else drawn_world)(kind, seed, seconds)


def labels_in(labels: Labels, amount: str) -> Labels | None:
    """`none`, `receipts`, `all`, or a number: so many of all, by lot."""
    if amount == "receipts":
        return labels.take(labels.kind == KIND_NUMBERS.index(LabelKind.RECEIPT))
    if amount in ("none", "all"):
        return labels if amount == "all" else None
    left = np.random.default_rng(LOT).permutation(len(labels))[: int(amount)]
    return labels.take(np.sort(left)) if len(left) else None


def run(given: Labelled, labels: Labels | None) -> Chain:
    """The whole chain, with these labels."""
    day = given.day
    return run_chain(day.plan, Config(), day.campaigns, day.readings, day.sessions, labels=labels)
