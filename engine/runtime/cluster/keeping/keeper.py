"""The keeper: every shard of the table has an actor, on its node; every store is in a shard; nodes that are gone, are
drained or in trouble are left. It remembers nothing that it could not find out again: another goes on where it died."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from engine.config import ClusterConfig
from engine.runtime.cluster.keeping.seen import SAID_S, JoinWatch, MoveWatch, NodeWatch, bounds_of, layout_of, under_way
from engine.runtime.cluster.placing.layout import (
    AddShard,
    DropStore,
    GiveStore,
    MoveStore,
    PutStore,
    RemoveShard,
    SendShard,
    Step,
)
from engine.runtime.cluster.placing.place import place
from engine.storage.database import Database
from engine.storage.shards.duties import let_go
from engine.storage.shards.nodes import HeadLost, NodeSeen, keep_head, read_nodes
from engine.storage.shards.shards import (
    ShardSeen,
    add_shard,
    cancel_move,
    drop_store,
    give_store,
    mend_rows,
    move_store,
    put_store,
    read_shards,
    remove_shard,
    want_on,
)

log = logging.getLogger(__name__)
PATIENCE_S = 15.0  # without an answer for so long, an actor is given up: frozen, or its machine cut off
MEND_EVERY_S = 10.0
MOST_PATIENCE_S = 120.0  # each actor of a shard that is given up gets twice the time of the one before


class Actors(Protocol):
    """The actors there are: `engine.runtime.cluster.keeping.ray_actors.RayActors`."""

    def list_joined(self) -> set[str]:
        """The nodes that actors can be started on."""

    def existing(self) -> set[int]:
        """The shards that have an actor, be it one that is being restarted."""

    def begin(self, number: int, node: str) -> None:
        """Starts a shard's actor on a node that has joined."""

    def end(self, number: int) -> None:
        """Ends it at once: Ray restarts it no more."""

    def ask(self, numbers: Sequence[int]) -> dict[int, str]:
        """The node that each of these is on, of those that answer now."""


@dataclass(slots=True)
class _Kept:
    """A shard's actor: on which node, when it answered last (or was begun), how many before it were given up."""

    node: str
    heard_s: float
    given_up: int = 0


class Keeper:
    """Keeps the cluster of the head of `epoch`."""

    def __init__(
        self,
        db: Database,
        actors: Actors,
        cluster: ClusterConfig,
        epoch: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db, self._actors, self._epoch, self._monotonic = db, actors, epoch, monotonic
        self._bounds = bounds_of(cluster)
        self._watch, self._joins = NodeWatch(cluster.node_gone_s, monotonic), JoinWatch(monotonic)
        self._moves, self._mended_s = MoveWatch(monotonic), -MEND_EVERY_S
        self._kept: dict[int, _Kept] = {}
        self._said: set[str] = set()

    def look(self) -> None:
        """Looks once, and mends what differs. Raises HeadLost, StorageUnavailable."""
        head = keep_head(self._db, self._epoch)
        if head is None or head.epoch != self._epoch:
            raise HeadLost(f"{head.node} ({head.address}) is the head now" if head else "the cluster has no head")
        self._mend()
        nodes = read_nodes(self._db)
        alive, joined = self._watch.look(nodes), self._actors.list_joined()
        shards = read_shards(self._db)
        absent = self._joins.absent(alive, joined, shards)
        placing = place(layout_of(nodes, alive, shards, absent), self._bounds)
        missed = {name for name in absent if self._joins.absence_s(name) >= SAID_S}  # whoever starts is not said
        self._say([*_troubles(nodes, alive, missed), *map(str, placing.refused)])
        steps = [one for one in placing.steps if not (isinstance(one, MoveStore) and self._moves.rests(one.store))]
        for step in due(steps, moving=self._is_moving(shards)):
            carry_out(self._db, step)
        self._tend(read_shards(self._db), joined)

    def _mend(self) -> None:
        """Rows that no program of ours writes would hold up the placing of all stores, so they are put right."""
        if self._monotonic() - self._mended_s >= MEND_EVERY_S:
            self._mended_s = self._monotonic()
            for sentence in mend_rows(self._db):
                log.warning("%s", sentence)

    def _is_moving(self, shards: Mapping[int, ShardSeen]) -> bool:
        move = under_way(shards)
        if move is None or not self._moves.late(move):
            return move is not None
        store, source, target = move
        if cancel_move(self._db, store, target):
            log.warning("store %s stays in shard %d: shard %d has not taken it for minutes", store, source, target)
        else:
            log.warning("store %s: shard %d has not let it go for minutes; %d takes it over", store, source, target)
            let_go(self._db, source, store)
        return False

    def _tend(self, shards: Mapping[int, ShardSeen], joined: Set[str]) -> None:
        existing = self._actors.existing()
        for number in existing - shards.keys():
            self._end(number, "is wanted no more")
        here = sorted(existing & shards.keys())
        answers = self._actors.ask(here)
        for number in here:
            self._judge(number, shards[number].node, answers.get(number))
        for number, shard in sorted(shards.items()):
            if number not in self._actors.existing() and shard.node in joined:
                self._begin(number, shard.node)

    def _judge(self, number: int, node: str, answer: str | None) -> None:
        now = self._monotonic()
        kept = self._kept.setdefault(number, _Kept(node, now))
        if answer is not None:
            kept.node, kept.heard_s, kept.given_up = answer, now, 0
        if kept.node != node:
            self._end(number, f"is wanted on {node}, and was on {kept.node}")
        elif now - kept.heard_s >= min(PATIENCE_S * 2**kept.given_up, MOST_PATIENCE_S):
            kept.given_up += 1
            self._end(number, f"has not answered for {now - kept.heard_s:.0f} s")

    def _begin(self, number: int, node: str) -> None:
        before = self._kept.get(number)
        self._kept[number] = _Kept(node, self._monotonic(), before.given_up if before else 0)
        log.info("shard %d starts on %s", number, node)
        self._actors.begin(number, node)

    def _end(self, number: int, why: str) -> None:
        log.warning("shard %d %s: its actor ends", number, why)
        self._actors.end(number)

    def _say(self, sentences: Sequence[str]) -> None:
        """Each once, when it begins to be so."""
        for sentence in sentences:
            if sentence not in self._said:
                log.warning("%s", sentence)
        self._said = set(sentences)


def due(steps: Sequence[Step], *, moving: bool) -> list[Step]:
    """What of a plan is done now: whatever interrupts no store at once, and of the moves one at a time."""
    at_once = (PutStore, GiveStore, SendShard, DropStore)
    urgent = 1 + max((n for n, step in enumerate(steps) if isinstance(step, at_once)), default=-1)
    first = next((n for n, step in enumerate(steps) if isinstance(step, MoveStore)), len(steps))
    kept = steps[: urgent if moving else max(urgent, first + 1)]
    return [step for n, step in enumerate(kept) if not isinstance(step, MoveStore) or (n == first and not moving)]


def carry_out(db: Database, step: Step) -> None:
    """Writes a step into the table: the shards themselves do the rest."""
    match step:
        case AddShard(number, node):
            add_shard(db, number, node)
        case RemoveShard(number):
            remove_shard(db, number)
        case SendShard(number, node):
            log.warning("shard %d goes to %s: its node is gone", number, node)
            want_on(db, number, node)
        case PutStore(store, number):
            put_store(db, store, number)
        case DropStore(store):
            log.warning("store %s: no node has its floor plan any more; nobody runs it", store)
            drop_store(db, store)
        case MoveStore(store, source, target):
            log.info("store %s moves from shard %d to shard %d", store, source, target)
            move_store(db, store, source, target)
        case GiveStore(store, source, target):
            log.info("store %s, which nobody runs, goes from shard %d to shard %d", store, source, target)
            give_store(db, store, source, target)


def _troubles(nodes: Mapping[str, NodeSeen], alive: set[str], missed: Set[str]) -> list[str]:
    gone = [f"node {name} is gone" for name in nodes if name not in alive]
    absent_too = [
        f"node {name} lives and has not joined the head: its log says why; stores go elsewhere meanwhile"
        for name in sorted(missed)
    ]
    troubled = [(name, n.word.trouble) for name, n in nodes.items() if n.word.trouble and name in alive]
    return [*gone, *absent_too, *(_SAID.get(trouble, _NEWER).format(name, trouble) for name, trouble in troubled)]


_SAID = {
    "clock": "node {0}: its clock is apart from the database's: set it by NTP; its stores go elsewhere meanwhile",
    "disk": "node {0}: its disk is nearly full: make room; its stores go elsewhere meanwhile",
}
_NEWER = "node {0}: it says {1}, which a newer version knows; its stores go elsewhere meanwhile"
