"""The table of shards and nodes, as placing sees it; and which nodes live, by watching and by nobody's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

from engine.config import ClusterConfig
from engine.runtime.cluster.placing.layout import Bounds, ClusterLayout, PlacingNode, PlacingShard
from engine.storage.shards.nodes import NodeSeen
from engine.storage.shards.shards import ShardSeen, StoreOfShard

JOINS_S, SAID_S = 120.0, 60.0
MOVES_S, RESTS_S = 180.0, 900.0


def bounds_of(cluster: ClusterConfig) -> Bounds:
    """What a shard may be."""
    return Bounds(cluster.stores_per_shard, cluster.split_above)


def layout_of(
    nodes: Mapping[str, NodeSeen], alive: Set[str], shards: Mapping[int, ShardSeen], absent: Set[str] = frozenset()
) -> ClusterLayout:
    """The cluster as it is to be: a store that is on its way belongs to the shard that it goes to. Nodes that are
    `absent` live, and begin no shard."""
    placed: dict[int, list[str]] = {number: [] for number in shards}
    loads = {}
    for number, shard in shards.items():
        for store in shard.stores:
            target = store.coming_to if store.coming_to in shards else number
            placed[number if target is None else target].append(store.store)
            loads[store.store] = store.load
    return ClusterLayout(
        {name: _node(node, name in alive, name in absent) for name, node in nodes.items()},
        {number: PlacingShard(number, shards[number].node, tuple(sorted(stores))) for number, stores in placed.items()},
        loads,
        frozenset(row.store for shard in shards.values() for row in shard.stores if _waits(row)),
    )


def _waits(row: StoreOfShard) -> bool:
    return row.epoch == 0 and row.coming_to is None and row.left_by is None


def under_way(shards: Mapping[int, ShardSeen]) -> tuple[str, int, int] | None:
    """(store, from, to) of the move that has begun and not ended; there is one at most."""
    rows = [(number, row) for number, shard in shards.items() for row in shard.stores]
    moves = [(row.store, number, row.coming_to) for number, row in rows if row.coming_to is not None]
    moves += [(row.store, row.left_by, n) for n, row in rows if row.left_by is not None and row.left_by in shards]
    return min(moves, default=None)


def _node(seen: NodeSeen, alive: bool, absent: bool) -> PlacingNode:
    word = seen.word
    wanted = not (seen.draining or word.trouble or absent)
    return PlacingNode(word.name, alive, wanted, word.cpus, word.plans, word.version)


class JoinWatch:
    """Which nodes live and say so in the database, yet begin no shard, as their Ray has not joined the head's: a
    network that lets through to the database alone, a disk without room for Ray.

    One without a shard is none to put a store on until it joins. One that has shards may run them still, under the
    Ray of a head that was, and has JOINS_S to join the next.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._joined_s: dict[str, float] = {}

    def absent(self, alive: Set[str], joined: Set[str], shards: Mapping[int, ShardSeen]) -> set[str]:
        """The names of nodes to do without: alive and not joined, where no shard has stores, or for JOINS_S already."""
        now = self._monotonic()
        self._joined_s = {name: now if name in joined else self._joined_s.get(name, now) for name in alive}
        used = {shard.node for shard in shards.values() if shard.stores}
        return {n for n in alive - joined if n not in used or self.absence_s(n) >= JOINS_S}

    def absence_s(self, name: str) -> float:
        """For how long one that lives has not been joined."""
        return self._monotonic() - self._joined_s[name]


class MoveWatch:
    """Moves that do not come to pass: the shard that is to take the store does not begin, or cannot. Each holds up all
    others, so it is given up after MOVES_S, and its store is not moved again for RESTS_S."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._move: tuple[str, int, int] | None = None
        self._since_s = 0.0
        self._rests: dict[str, float] = {}

    def late(self, move: tuple[str, int, int] | None) -> bool:
        """Whether this one, which is under way, is to be given up."""
        now = self._monotonic()
        if move != self._move:
            self._move, self._since_s = move, now
        if move is None or now - self._since_s < MOVES_S:
            return False
        self._rests[move[0]] = now + RESTS_S
        return True

    def rests(self, store: str) -> bool:
        """Whether the store is left where it is for now."""
        return self._monotonic() < self._rests.get(store, -1e9)


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
