"""Machines of one cluster that are not alike: a clock five seconds off, a full disk, a plan that one of them has alone.

Elsewhere such a machine took its part of the work, and its shops had wrong times, lost checkpoints or no plan after the
next failure. Right is: it is said, what can go elsewhere does, and what has nowhere else to go stays where it runs.
"""

from __future__ import annotations

import pytest

from engine.runtime.cluster.keeping.seen import layout_of
from engine.runtime.cluster.placing.layout import Bounds, MoveStore, PutStore, Step
from engine.runtime.cluster.placing.place import Placing, place
from engine.storage.shards.nodes import NodeSeen, NodeWord
from engine.storage.shards.shards import ShardSeen, StoreOfShard

BOTH = {"paris": "1f", "lyon": "2e"}


def node(name: str, trouble: str = "", plans: dict[str, str] | None = None) -> NodeSeen:
    """As it says of itself."""
    return NodeSeen(NodeWord(name, trouble, "0.2", 2, 0.0, 9e3, BOTH if plans is None else plans), 7, False, 1.0)


def shard(number: int, on: str, *stores: str) -> ShardSeen:
    rows = tuple(StoreOfShard(store, None, 1, 0.1) for store in stores)
    return ShardSeen(number, on, on, 1, "working", "", "0.2", 9, 0.0, 90.0, 0.1, 5, 1.0, rows)


def placed(nodes: list[NodeSeen], *shards: ShardSeen) -> Placing:
    by_name, by_number = {one.word.name: one for one in nodes}, {one.number: one for one in shards}
    return place(layout_of(by_name, set(by_name), by_number), Bounds())


def moves(steps: tuple[Step, ...]) -> list[Step]:
    return [step for step in steps if isinstance(step, MoveStore | PutStore)]


@pytest.mark.parametrize("trouble", ["clock", "disk"])
def test_a_node_in_trouble_is_left_and_alone_it_goes_on(trouble: str) -> None:
    shards = shard(1, "north", "paris"), shard(2, "south", "lyon")
    both = placed([node("north", trouble), node("south")], *shards)
    assert moves(both.steps) == [MoveStore("paris", 1, 2)]
    assert placed([node("north", trouble)], shard(1, "north", "paris", "lyon")).steps == ()
    everywhere = placed([node("north", trouble), node("south", trouble)], *shards)
    assert everywhere.steps == (), "where all are off it is the database's clock that is wrong: nothing moves"


def test_a_plan_that_one_node_has_alone_is_not_placed_and_the_way_out_is_said() -> None:
    nodes = [node("north", plans=BOTH | {"nice": "3d"}), node("south")]
    both = placed(nodes, shard(1, "north", "paris", "lyon"))
    assert moves(both.steps) == []
    (said,) = map(str, both.refused)
    assert said.startswith("store nice: north and south have not the same floor plan; copy the folder nice of north")
    copied = [node("north", plans=BOTH | {"nice": "3d"}), node("south", plans=BOTH | {"nice": "3d"})]
    assert moves(placed(copied, shard(1, "north", "paris", "lyon")).steps) == [PutStore("nice", 2)]
