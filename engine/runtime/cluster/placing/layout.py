"""A cluster as it is to be: nodes, shards, stores and their loads; and the steps that change it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

LEAST_LOAD = 0.005  # of one CPU: of a store that was not measured yet, or in which nobody is


@dataclass(frozen=True, slots=True)
class PlacingNode:
    """A node as placing sees it. `plans`: a digest of each store's floor plan there."""

    name: str
    alive: bool = True
    wanted: bool = True  # neither drained nor in trouble
    cpus: int = 1
    plans: Mapping[str, str] = field(default_factory=dict)
    version: str = ""  # of the program there


@dataclass(frozen=True, slots=True)
class PlacingShard:
    """A shard, the node it is wanted on, and its stores: those on their way to it are its own already."""

    number: int
    node: str
    stores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many stores a shard has at most, and at which load (share of one CPU) it is split."""

    stores: int = 50
    load: float = 0.7


@dataclass(frozen=True, slots=True)
class AddShard:
    """A new shard, without stores yet."""

    number: int
    node: str


@dataclass(frozen=True, slots=True)
class RemoveShard:
    """A shard that has no store any more."""

    number: int


@dataclass(frozen=True, slots=True)
class SendShard:
    """A shard whose node is gone starts on another one, with all its stores at once."""

    number: int
    node: str


@dataclass(frozen=True, slots=True)
class PutStore:
    """A store that no shard runs."""

    store: str
    number: int


@dataclass(frozen=True, slots=True)
class DropStore:
    """A store that no node has a floor plan of any more."""

    store: str


@dataclass(frozen=True, slots=True)
class MoveStore:
    """A store goes on in another shard, from its checkpoint."""

    store: str
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class GiveStore:
    """A store that nobody runs, as where its floor plan waits to be mended, is another shard's: there is nothing to
    take over, and nobody who could."""

    store: str
    source: int
    target: int


Step = AddShard | RemoveShard | SendShard | PutStore | DropStore | MoveStore | GiveStore


@dataclass(frozen=True, slots=True)
class ClusterLayout:
    """All of it, by name, number and store. `loads` are measured, as a share of one CPU; `waiting` are stores of shards
    that nobody has run yet."""

    nodes: Mapping[str, PlacingNode]
    shards: Mapping[int, PlacingShard]
    loads: Mapping[str, float] = field(default_factory=dict)
    waiting: Set[str] = frozenset()

    def load_of(self, store: str) -> float:
        """The store's load, never 0: many quiet stores weigh something too."""
        return max(self.loads.get(store, 0.0), LEAST_LOAD)

    def shard_of(self) -> dict[str, int]:
        """The shard of each store that has one."""
        return {store: number for number, shard in self.shards.items() for store in shard.stores}

    def good_nodes(self) -> list[str]:
        """Where stores should be, by name; where no node is well, those that are drained or in trouble stay in use."""
        alive = [node for node in self.nodes.values() if node.alive]
        return sorted(node.name for node in [n for n in alive if n.wanted] or alive)

    def not_older(self, node: str) -> list[str]:
        """Of the good nodes those whose program is at least of the version that `node` has: an older one may not read
        the checkpoints that were made there, and open visits would be lost. All of them where none is."""
        good = self.good_nodes()
        least = _order(self.nodes[node].version) if node in self.nodes else ()
        return [name for name in good if _order(self.nodes[name].version) >= least] or good

    def after(self, step: Step) -> ClusterLayout:
        """The cluster once the step is done."""
        shards = dict(self.shards)
        match step:
            case AddShard(number, node):
                shards[number] = PlacingShard(number, node)
            case RemoveShard(number):
                del shards[number]
            case SendShard(number, node):
                shards[number] = replace(shards[number], node=node)
            case PutStore(store, number):
                shards[number] = _with(shards[number], store)
            case DropStore(store):
                number = self.shard_of()[store]
                shards[number] = _without(shards[number], store)
            case MoveStore(store, source, target) | GiveStore(store, source, target):
                shards[source] = _without(shards[source], store)
                shards[target] = _with(shards[target], store)
        return replace(self, shards=shards)


def _order(version: str) -> tuple[int, ...]:
    """The numbers of a version: 0.10.0 is newer than 0.9.1."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _with(shard: PlacingShard, store: str) -> PlacingShard:
    return replace(shard, stores=tuple(sorted({*shard.stores, store})))


def _without(shard: PlacingShard, store: str) -> PlacingShard:
    return replace(shard, stores=tuple(s for s in shard.stores if s != store))
