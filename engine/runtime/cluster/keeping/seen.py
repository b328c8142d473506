"""The table of shards and nodes, as placing sees it; and which nodes live, by watching and by nobody's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

from engine.config import ClusterConfig
from engine.runtime.cluster.placing.layout import Bounds, ClusterLayout, PlacingNode, PlacingShard
from engine.storage.shards.nodes import NodeSeen
from engine.storage.shards.shards import ShardSeen


def bounds_of(cluster: ClusterConfig) -> Bounds:
    """What a shard may be."""
    return Bounds(cluster.stores_per_shard, cluster.split_above)


def layout_of(nodes: Mapping[str, NodeSeen], alive: Set[str], shards: Mapping[int, ShardSeen]) -> ClusterLayout:
    """The cluster as it is to be: a store that is on its way belongs to the shard that it goes to."""
    placed: dict[int, list[str]] = {number: [] for number in shards}
    loads = {}
    for number, shard in shards.items():
        for store in shard.stores:
            target = store.coming_to if store.coming_to in shards else number
            placed[number if target is None else target].append(store.store)
            loads[store.store] = store.load
    return ClusterLayout(
        {name: _node(node, name in alive) for name, node in nodes.items()},
        {number: PlacingShard(number, shards[number].node, tuple(sorted(stores))) for number, stores in placed.items()},
        loads,
    )


def under_way(shards: Mapping[int, ShardSeen]) -> tuple[str, int, int] | None:
    """(store, from, to) of the move that has begun and not ended; there is one at most."""
    rows = [(number, row) for number, shard in shards.items() for row in shard.stores]
    moves = [(row.store, number, row.coming_to) for number, row in rows if row.coming_to is not None]
    moves += [(row.store, row.left_by, n) for n, row in rows if row.left_by is not None and row.left_by in shards]
    return min(moves, default=None)


def _node(seen: NodeSeen, alive: bool) -> PlacingNode:
    word = seen.word
    return PlacingNode(word.name, alive, not seen.draining and not word.trouble, word.cpus, word.plans, word.version)


@dataclass(slots=True)
class _Watch:
    beats: int
    since_s: float


class NodeWatch:
    """Which nodes live: those whose beats did not stand still for `gone_s`, on this process's own monotonic clock.

    Who could not look for a while (the database was away, or this process was) begins to watch anew those that lived
    before: a node is never taken for dead because its watcher slept, nor because it could write as little as that could
    look. At first sight a node that spoke lately, by the database's clock, lives.
    """

    def __init__(self, gone_s: float, monotonic: Callable[[], float]) -> None:
        self._gone_s, self._monotonic = gone_s, monotonic
        self._watched: dict[str, _Watch] = {}
        self._looked_s = -1e9

    def look(self, nodes: Mapping[str, NodeSeen]) -> set[str]:
        """The names of those that live."""
        now = self._monotonic()
        slept, looked_s, self._looked_s = now - self._looked_s > self._gone_s / 2, self._looked_s, now
        for name, node in nodes.items():
            watch = self._watched.get(name)
            lived = watch is not None and looked_s - watch.since_s < self._gone_s
            if watch is None or (slept and (lived or node.age_s <= self._gone_s)):
                since = now if lived or node.age_s <= self._gone_s else -1e9
                self._watched[name] = _Watch(node.beats, since)
            elif watch.beats != node.beats:
                self._watched[name] = _Watch(node.beats, now)
        return {name for name in nodes if now - self._watched[name].since_s < self._gone_s}
