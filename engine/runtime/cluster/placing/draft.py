"""A layout under change: loads are kept up to date step by step, as 20,000 stores are too many to sum up for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from engine.runtime.cluster.placing.layout import (
    AddShard,
    Bounds,
    ClusterLayout,
    DropStore,
    GiveStore,
    MoveStore,
    PlacingShard,
    PutStore,
    RemoveShard,
    SendShard,
    Step,
)

FILL = 0.9  # of the load at which a shard is split: what is moved does not at once move again


class LayoutDraft:
    """A layout and the steps that lead from it."""

    def __init__(self, layout: ClusterLayout, bounds: Bounds) -> None:
        self.layout, self.bounds = layout, bounds
        self.steps: list[Step] = []
        self.stores = {number: set(shard.stores) for number, shard in layout.shards.items()}
        self.shard_of = layout.shard_of()
        self.node_of = {number: shard.node for number, shard in layout.shards.items()}
        self.load = {number: sum(map(layout.load_of, stores)) for number, stores in self.stores.items()}
        self._on: defaultdict[str, set[int]] = defaultdict(set)
        self._carries: defaultdict[str, float] = defaultdict(float)
        for number, node in self.node_of.items():
            self._on[node].add(number)
            self._carries[node] += self.load[number]

    def node_load(self, name: str) -> float:
        """The load of a node's shards together, for each of its CPUs."""
        return self._carries[name] / max(self.layout.nodes[name].cpus, 1)

    def shards_on(self, node: str) -> list[int]:
        """The shards that are wanted on a node."""
        return sorted(self._on[node])

    def do(self, step: Step) -> None:
        """One step more."""
        self.steps.append(step)
        match step:
            case AddShard(number, node):
                self.stores[number], self.load[number], self.node_of[number] = set(), 0.0, node
                self._on[node].add(number)
            case RemoveShard(number):
                self._on[self.node_of.pop(number)].discard(number)
                del self.stores[number], self.load[number]
            case SendShard(number, node):
                self._send(number, node)
            case PutStore(store, number):
                self._add(store, number)
            case DropStore(store):
                self._take(store)
            case MoveStore(store, _, target) | GiveStore(store, _, target):
                self._take(store)
                self._add(store, target)

    def move(self, store: str, target: int) -> None:
        """The store leaves its shard for another one: with what it holds, or, where nobody runs it, at once."""
        step = GiveStore if store in self.layout.waiting else MoveStore
        self.do(step(store, self.shard_of[store], target))

    def room(self, store: str, nodes: Iterable[str], without: int | None = None) -> int:
        """The shard that takes the store: on the least loaded of `nodes`, a new one where none there has room."""
        node = min(nodes, key=lambda name: (self.node_load(name), len(self._on[name]), name))
        load = self.layout.load_of(store)
        fit = [
            number
            for number in self._on[node]
            if number != without
            and len(self.stores[number]) < self.bounds.stores
            and self.load[number] + load <= self.bounds.load * FILL
        ]
        if fit:
            return min(fit, key=lambda number: (self.load[number], number))
        number = max(self.stores, default=0) + 1
        self.do(AddShard(number, node))
        return number

    def finish(self) -> ClusterLayout:
        """The layout once all steps are done."""
        shards = {
            number: PlacingShard(number, self.node_of[number], tuple(sorted(stores)))
            for number, stores in sorted(self.stores.items())
        }
        return replace(self.layout, shards=shards)

    def _send(self, number: int, node: str) -> None:
        before = self.node_of[number]
        self._on[before].discard(number)
        self._carries[before] -= self.load[number]
        self._on[node].add(number)
        self._carries[node] += self.load[number]
        self.node_of[number] = node

    def _add(self, store: str, number: int) -> None:
        load = self.layout.load_of(store)
        self.stores[number].add(store)
        self.shard_of[store] = number
        self.load[number] += load
        self._carries[self.node_of[number]] += load

    def _take(self, store: str) -> None:
        number, load = self.shard_of.pop(store), self.layout.load_of(store)
        self.stores[number].discard(store)
        self.load[number] -= load
        self._carries[self.node_of[number]] -= load
