"""What an operator asks for: a plan to look at, moves one store at a time, a node that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from engine.config import ClusterConfig
from engine.errors import OperatorError, Problem
from engine.runtime.cluster.keeping.keeper import carry_out
from engine.runtime.cluster.keeping.seen import bounds_of, layout_of, under_way
from engine.runtime.cluster.placing.layout import AddShard, ClusterLayout, GiveStore, MoveStore
from engine.runtime.cluster.placing.place import Placing, place, rebalance
from engine.storage.database import Database
from engine.storage.shards.nodes import read_nodes
from engine.storage.shards.shards import add_shard, cancel_move, give_store, move_store, read_shards

LOOK_S = 0.2
PATIENCE_S = 120.0  # for one store; a shard that is new starts within that


def see_layout(db: Database, cluster: ClusterConfig) -> ClusterLayout:
    """The cluster as it is. A node lives that spoke lately, by the database's clock."""
    nodes = read_nodes(db)
    alive = {name for name, node in nodes.items() if node.age_s <= cluster.node_gone_s}
    return layout_of(nodes, alive, read_shards(db))


def plan_rebalance(db: Database, cluster: ClusterConfig) -> Placing:
    """What `rayon cluster rebalance` would do."""
    return rebalance(see_layout(db, cluster), bounds_of(cluster))


def plan_drain(db: Database, cluster: ClusterConfig, node: str) -> Placing:
    """What would follow if the node were drained."""
    layout = see_layout(db, cluster)
    nodes = {**layout.nodes, node: replace(layout.nodes[node], wanted=False)}
    return place(replace(layout, nodes=nodes), bounds_of(cluster))


def stores_on(db: Database, node: str) -> int:
    """How many stores run on a node, or are wanted there."""
    shards = [shard for shard in read_shards(db).values() if node in (shard.node, shard.runs_on)]
    return sum(len(shard.stores) for shard in shards)


def move_all(
    db: Database, placing: Placing, sleep: Callable[[float], None] = time.sleep
) -> Iterator[MoveStore | GiveStore]:
    """Does the moves of a plan, one store after the other; gives each once the store runs where it is to be, or belongs
    there where nobody runs it, and none that somebody else has done or undone meanwhile. The keeper starts the shards
    that it takes. Raises OperatorError where one does not come to pass: its store stays, and holds up no other."""
    nodes = {step.number: step.node for step in placing.steps if isinstance(step, AddShard)}
    for step in placing.steps:
        if isinstance(step, MoveStore | GiveStore):
            if _move(db, step, nodes, sleep):
                yield step
        elif not isinstance(step, AddShard):
            carry_out(db, step)


def _move(db: Database, step: MoveStore | GiveStore, nodes: Mapping[int, str], sleep: Callable[[float], None]) -> bool:
    if isinstance(step, MoveStore):
        _wait(db, step, lambda: under_way(read_shards(db)) is None, sleep)
    if step.target in nodes and step.target not in read_shards(db):
        add_shard(db, step.target, nodes[step.target])
    if isinstance(step, GiveStore):
        return give_store(db, step.store, step.source, step.target)
    if not move_store(db, step.store, step.source, step.target):
        return False
    _wait(db, step, lambda: _has_arrived(db, step), sleep)
    return True


def _has_arrived(db: Database, step: MoveStore) -> bool:
    shard = read_shards(db).get(step.target)
    here = [] if shard is None else [store for store in shard.stores if store.store == step.store]
    return shard is None or any(store.coming_to is None and store.left_by is None for store in here)


def _wait(db: Database, step: MoveStore, done: Callable[[], bool], sleep: Callable[[float], None]) -> None:
    for _ in range(int(PATIENCE_S / LOOK_S)):
        if done():
            return
        sleep(LOOK_S)
    cancel_move(db, step.store, step.target)
    reason = f"shard {step.target} has not taken it within {PATIENCE_S:.0f} s"
    fix = f"it goes on in shard {step.source}; `rayon cluster status` says how both are"
    raise OperatorError([Problem("rayon cluster", step.store, reason, fix)])
