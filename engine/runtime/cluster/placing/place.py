"""Places stores: what has to change so that every store runs, and what may change so that nodes carry alike.

New stores go, the heaviest first, to the node that carries least (longest processing time first: Graham 1969, within
4/3 of the best); whatever runs stays where it is unless there is a reason. While two versions run side by side, what
moves goes to no older one. 2,000 stores take a moment, so every pass of
the keeper works all of it out anew from what is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from engine.runtime.cluster.placing.draft import LayoutDraft
from engine.runtime.cluster.placing.layout import (
    Bounds,
    ClusterLayout,
    DropStore,
    PutStore,
    RemoveShard,
    SendShard,
    Step,
)

UNEVEN = 0.25  # of the mean load of a node: less is not worth a gap in anybody's store


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """A store that is not placed, or has nowhere to go: nodes `have` its floor plan, others `lack` it or differ."""

    store: str
    have: tuple[str, ...]
    lack: tuple[str, ...]

    def __str__(self) -> str:
        where, others = ", ".join(self.have), ", ".join(self.lack)
        return (
            f"store {self.store}: {where} and {others} have not the same floor plan; "
            f"copy the folder {self.store} of {self.have[0]} to the others, which see it within a minute"
        )


@dataclass(frozen=True, slots=True)
class Placing:
    """Steps in their order, what comes of them, and what was refused."""

    layout: ClusterLayout
    steps: tuple[Step, ...]
    refused: tuple[NotPlaced, ...] = ()


def place(layout: ClusterLayout, bounds: Bounds) -> Placing:
    """What has to change: shards of nodes that are gone start elsewhere, new stores are placed, nodes that are drained
    or in trouble are left, shards that are too large are split, empty ones go. Nothing where no node lives."""
    if not layout.good_nodes():
        return Placing(layout, ())
    draft = LayoutDraft(layout, bounds)
    refused = dict(_lacking(layout))
    _leave_the_gone(draft)
    _drop_unknown(draft)
    _put_new(draft, refused)
    _leave_the_unwanted(draft, refused)
    _split(draft, refused)
    _remove_empty(draft)
    return Placing(draft.finish(), tuple(draft.steps), tuple(refused[store] for store in sorted(refused)))


def rebalance(layout: ClusterLayout, bounds: Bounds, most: int = 1_000) -> Placing:
    """What may change beyond that: stores move from the node that carries most to the one that carries least, as long
    as they differ by more than UNEVEN of the mean; at most so many, and none that nobody runs: what it weighs is not
    known."""
    needed = place(layout, bounds)
    draft = LayoutDraft(needed.layout, bounds)
    kept = {one.store for one in needed.refused} | layout.waiting
    for _ in range(most if layout.good_nodes() else 0):
        move = _evening(draft, kept)
        if move is None:
            break
        store, node = move
        draft.move(store, draft.room(store, [node]))
    _remove_empty(draft)
    return Placing(draft.finish(), (*needed.steps, *draft.steps), needed.refused)


def _lacking(layout: ClusterLayout) -> Iterable[tuple[str, NotPlaced]]:
    """Stores of which not every good node has the same floor plan: one of them could not take it over."""
    good = layout.good_nodes()
    for store in {store for name in good for store in layout.nodes[name].plans}:
        found = {name: layout.nodes[name].plans.get(store) for name in good}
        common = Counter(digest for digest in found.values() if digest is not None).most_common(1)[0][0]
        have = tuple(name for name in good if found[name] == common)
        if len(have) < len(good):
            yield store, NotPlaced(store, have, tuple(name for name in good if name not in have))


def _leave_the_gone(draft: LayoutDraft) -> None:
    nodes = draft.layout.nodes
    for number, name in sorted(draft.node_of.items()):
        if name not in nodes or not nodes[name].alive:
            draft.do(SendShard(number, _best_node(draft, draft.stores[number], draft.layout.not_older(name))))


def _best_node(draft: LayoutDraft, stores: Iterable[str], nodes: Iterable[str]) -> str:
    """Where most of these stores have a floor plan, and of several such nodes the least loaded."""

    def order(name: str) -> tuple[int, float, str]:
        plans = draft.layout.nodes[name].plans
        return sum(store not in plans for store in stores), draft.node_load(name), name

    return min(nodes, key=order)


def _drop_unknown(draft: LayoutDraft) -> None:
    known = {store for node in draft.layout.nodes.values() for store in node.plans}
    for store in sorted(draft.shard_of.keys() - known):
        draft.do(DropStore(store))


def _put_new(draft: LayoutDraft, refused: Mapping[str, NotPlaced]) -> None:
    layout = draft.layout
    good = layout.good_nodes()
    known = {store for name in good for store in layout.nodes[name].plans}
    new = known - draft.shard_of.keys() - refused.keys()
    for store in sorted(new, key=lambda one: (-layout.load_of(one), one)):
        draft.do(PutStore(store, draft.room(store, good)))


def _leave_the_unwanted(draft: LayoutDraft, refused: Mapping[str, NotPlaced]) -> None:
    good = draft.layout.good_nodes()
    for number, node in sorted(draft.node_of.items()):
        if node in good:
            continue
        for store in sorted(draft.stores[number] - refused.keys()):
            draft.move(store, draft.room(store, draft.layout.not_older(node)))


def _split(draft: LayoutDraft, refused: Mapping[str, NotPlaced]) -> None:
    for number in sorted(draft.stores):
        good = draft.layout.not_older(draft.node_of[number])
        while (store := _too_much(draft, number, refused)) is not None:
            draft.move(store, draft.room(store, good, without=number))


def _too_much(draft: LayoutDraft, number: int, refused: Mapping[str, NotPlaced]) -> str | None:
    """The store that a shard beyond its bounds loses next: of too many the lightest, of too much load the one that is
    nearest to what is too much."""
    load_of, stores = draft.layout.load_of, draft.stores[number]
    free = stores - refused.keys()
    if not free or len(stores) < 2:
        return None
    if len(stores) > draft.bounds.stores:
        return min(free, key=lambda store: (load_of(store), store))
    excess = draft.load[number] - draft.bounds.load
    if excess <= 0.0:
        return None
    return min(free, key=lambda store: (abs(load_of(store) - excess), store))


def _remove_empty(draft: LayoutDraft) -> None:
    for number, stores in sorted(draft.stores.items()):
        if not stores:
            draft.do(RemoveShard(number))


def _evening(draft: LayoutDraft, kept: Set[str]) -> tuple[str, str] | None:
    """The store that makes nodes more alike, and the node it goes to; None where they are alike enough.

    Of a gap d per CPU between nodes of h and l CPUs, a store of load d / (1/h + 1/l) would close all; one below twice
    that makes the sum of squares smaller, so this ends.
    """
    layout = draft.layout
    per_cpu = {name: draft.node_load(name) for name in layout.good_nodes()}
    heavy = max(per_cpu, key=lambda name: (per_cpu[name], name))
    light = min(layout.not_older(heavy), key=lambda name: (per_cpu[name], name))
    gap = per_cpu[heavy] - per_cpu[light]
    if gap <= UNEVEN * sum(per_cpu.values()) / len(per_cpu):
        return None
    closes = gap / (1 / max(layout.nodes[heavy].cpus, 1) + 1 / max(layout.nodes[light].cpus, 1))
    stores = {store for number in draft.shards_on(heavy) for store in draft.stores[number]} - kept
    fit = [(abs(layout.load_of(store) - closes), store) for store in stores if layout.load_of(store) < closes * 1.5]
    return (min(fit)[1], light) if fit else None
