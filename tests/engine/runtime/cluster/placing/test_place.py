"""Placing in cases that one can count on the fingers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.runtime.cluster.placing.layout import (
    AddShard,
    Bounds,
    ClusterLayout,
    DropStore,
    GiveStore,
    MoveStore,
    PlacingNode,
    PlacingShard,
    PutStore,
    RemoveShard,
    SendShard,
)
from engine.runtime.cluster.placing.place import NotPlaced, place, rebalance

BOUNDS = Bounds(stores=50, load=0.7)


def nodes(*names: str, stores: int = 4, **changed: bool) -> dict[str, PlacingNode]:
    """Nodes that all have the plans of s0, s1, ...; `a_alive=False` and the like change one."""
    plans = {f"s{n}": "plan" for n in range(stores)}
    return {
        name: PlacingNode(name, changed.get(f"{name}_alive", True), changed.get(f"{name}_wanted", True), 2, plans)
        for name in names
    }


def shard(number: int, node: str, *stores: int) -> PlacingShard:
    return PlacingShard(number, node, tuple(f"s{n}" for n in stores))


def layout(known: dict[str, PlacingNode], *shards: PlacingShard, **loads: float) -> ClusterLayout:
    return ClusterLayout(known, {one.number: one for one in shards}, loads)


def test_a_first_start_spreads_stores_over_nodes() -> None:
    steps = place(layout(nodes("a", "b", stores=3)), BOUNDS).steps
    first = (AddShard(1, "a"), PutStore("s0", 1), AddShard(2, "b"), PutStore("s1", 2))
    assert steps == (*first, PutStore("s2", 1))


def test_the_heaviest_new_store_is_placed_first() -> None:
    steps = place(layout(nodes("a", "b", stores=3), s0=0.1, s1=0.2, s2=0.5), BOUNDS).steps
    assert [step.store for step in steps if isinstance(step, PutStore)] == ["s2", "s1", "s0"]


def test_of_too_many_stores_the_lightest_goes() -> None:
    full = layout(nodes("a", stores=3), shard(1, "a", 0, 1, 2), s0=0.3, s1=0.1, s2=0.2)
    assert place(full, Bounds(stores=2, load=1.0)).steps == (AddShard(2, "a"), MoveStore("s1", 1, 2))


def test_two_thousand_stores_make_forty_shards_and_one_store_more_moves_none() -> None:
    first = place(layout(nodes("a", "b", stores=2000)), Bounds(50, 100.0))
    assert [len(s.stores) for s in first.layout.shards.values()] == [50] * 40
    more = layout(nodes("a", "b", stores=2001), *first.layout.shards.values())
    assert place(more, Bounds(50, 100.0)).steps == (AddShard(41, "a"), PutStore("s2000", 41))


def test_a_dead_node_s_shards_start_elsewhere_whole_and_none_moves_where_nobody_lives() -> None:
    shards = shard(1, "a", 0, 1), shard(2, "b", 2), shard(3, "c", 3)
    gone = layout(nodes("a", "b", "c", a_alive=False), *shards, s2=0.3)
    assert place(gone, BOUNDS).steps == (SendShard(1, "c"),)
    assert place(layout(nodes("a", a_alive=False), shard(1, "a", 0)), BOUNDS).steps == ()


def test_a_drained_node_is_left_store_by_store() -> None:
    drained = layout(nodes("a", "b", a_wanted=False), shard(1, "a", 0, 1), shard(2, "b", 2, 3))
    assert place(drained, BOUNDS).steps == (MoveStore("s0", 1, 2), MoveStore("s1", 1, 2), RemoveShard(1))
    alone = layout(nodes("a", a_wanted=False), shard(1, "a", 0, 1, 2, 3))
    assert place(alone, BOUNDS).steps == (), "better on a node in trouble than nowhere"


def test_a_plan_that_one_node_has_alone_is_refused_and_what_runs_stays() -> None:
    known = nodes("a", "b", stores=2)
    known["b"] = PlacingNode("b", plans={"s0": "plan", "s1": "another", "s9": "plan"})
    placing = place(layout(known, shard(1, "a", 0, 1)), BOUNDS)
    assert placing.steps == ()
    assert placing.refused == (NotPlaced("s1", ("a",), ("b",)), NotPlaced("s9", ("b",), ("a",)))
    assert str(placing.refused[1]) == (
        "store s9: b and a have not the same floor plan; copy the folder s9 of b to the others, which see it within a "
        "minute"
    )


def test_a_shard_above_its_load_loses_what_is_nearest_to_the_excess() -> None:
    busy = layout(nodes("a"), shard(1, "a", 0, 1, 2, 3), s0=0.5, s1=0.3, s2=0.15, s3=0.1)
    assert place(busy, BOUNDS).steps == (AddShard(2, "a"), MoveStore("s1", 1, 2), MoveStore("s3", 1, 2))
    assert place(layout(nodes("a", stores=1), shard(1, "a", 0), s0=3.0), BOUNDS).steps == (), "one store is not split"


def test_a_store_without_any_plan_is_dropped_and_its_shard_with_it() -> None:
    assert place(layout(nodes("a", stores=0), shard(1, "a", 0)), BOUNDS).steps == (DropStore("s0"), RemoveShard(1))


def test_a_node_more_takes_its_part_when_asked_and_not_before() -> None:
    grown = layout(nodes("a", "b"), shard(1, "a", 0, 1, 2, 3), s0=0.1, s1=0.2, s2=0.1, s3=0.2)
    assert place(grown, BOUNDS).steps == ()
    evened = rebalance(grown, BOUNDS)
    assert evened.steps == (AddShard(2, "b"), MoveStore("s1", 1, 2), MoveStore("s0", 1, 2))
    assert rebalance(evened.layout, BOUNDS).steps == ()


def versions(**of: str) -> dict[str, PlacingNode]:
    return {name: replace(node, version=of[name]) for name, node in nodes(*of).items()}


def test_while_two_versions_run_no_store_goes_to_an_older_one() -> None:
    mixed = versions(a="0.9.1", b="0.10.0", c="0.10.0")
    full = layout(mixed, shard(1, "b", 0, 1, 2, 3))
    moves = [step for step in rebalance(full, BOUNDS).steps if isinstance(step, AddShard)]
    assert moves == [AddShard(2, "c")], "and none on a, where nothing is"
    gone = replace(full, nodes={**mixed, "b": replace(mixed["b"], alive=False)})
    assert place(gone, BOUNDS).steps == (SendShard(1, "c"),)
    split = place(layout(mixed, shard(1, "b", 0, 1, 2, 3)), Bounds(2, 0.7)).steps
    assert [step.node for step in split if isinstance(step, AddShard)] == ["c"]


def test_an_upgrade_goes_node_by_node_and_the_last_old_one_takes_what_nobody_else_can() -> None:
    mixed = versions(a="0.9.1", b="0.10.0")
    drained = layout({**mixed, "a": replace(mixed["a"], wanted=False)}, shard(1, "a", 0, 1), shard(2, "b", 2, 3))
    assert {step.target for step in place(drained, BOUNDS).steps if isinstance(step, MoveStore)} == {2}
    back = layout(versions(a="0.10.0", b="0.10.0"), shard(2, "b", 0, 1, 2, 3))
    assert [step.node for step in rebalance(back, BOUNDS).steps if isinstance(step, AddShard)] == ["a"]
    gone = layout({**mixed, "b": replace(mixed["b"], alive=False)}, shard(1, "b", 0, 1))
    assert place(gone, BOUNDS).steps[0] == SendShard(1, "a"), "better there than nowhere"


def test_what_nobody_runs_leaves_a_drained_node_at_once_and_evens_out_nothing() -> None:
    shards = shard(1, "a", 0, 1), shard(2, "b", 2)
    drained = replace(layout(nodes("a", "b", stores=3, a_wanted=False), *shards), waiting=frozenset({"s1"}))
    assert place(drained, BOUNDS).steps[:2] == (MoveStore("s0", 1, 2), GiveStore("s1", 1, 2))
    uneven = replace(layout(nodes("a", "b"), shard(1, "a", 0, 1, 2, 3), shard(2, "b")), waiting=frozenset({"s0", "s1"}))
    moved = {step.store for step in rebalance(uneven, BOUNDS).steps if isinstance(step, MoveStore | GiveStore)}
    assert moved == {"s2", "s3"}
    none = replace(uneven, waiting=frozenset({"s0", "s1", "s2", "s3"}))
    assert not [step for step in rebalance(none, BOUNDS).steps if isinstance(step, MoveStore | GiveStore)]


def cpu(name: str, cpus: int, *stores: int, version: str = "") -> PlacingNode:
    return PlacingNode(name, cpus=cpus, plans={f"s{n}": "plan" for n in stores}, version=version)


@pytest.mark.parametrize(
    ("loads", "moved"),
    [
        ((0.5, 0.0625, 0.4375), []),  # a gap of an eighth: a quarter of the mean
        ((0.515625, 0.0625, 0.4375), ["s1"]),  # a little more
        ((0.5, 0.1875, 0.4375), []),  # what is half as large again as would close the gap makes it no better
        ((0.5, 0.171875, 0.4375), ["s1"]),
    ],
)
def test_a_quarter_of_the_mean_is_even_enough(loads: tuple[float, float, float], moved: list[str]) -> None:
    known = {name: cpu(name, 1, 0, 1, 2) for name in "ab"}
    s0, s1, s2 = loads
    uneven = layout(known, shard(1, "a", 0, 1), shard(2, "b", 2), s0=s0, s1=s1, s2=s2)
    steps = rebalance(uneven, Bounds(50, 4.0)).steps
    assert [step.store for step in steps if isinstance(step, MoveStore)] == moved


def test_nodes_are_compared_by_the_load_of_each_of_their_cpus() -> None:
    known = {"a": cpu("a", 4, 0, 1, 2), "b": cpu("b", 1, 0, 1, 2)}
    placed = layout(known, shard(1, "a", 0), shard(2, "b", 1), s0=0.5, s1=0.25, s2=0.1)
    assert place(placed, BOUNDS).steps == (PutStore("s2", 1),), "an eighth of a CPU is less than a quarter"
    heavy = layout(known, shard(1, "b", 0, 1, 2), s0=0.5, s1=0.25, s2=0.125)
    moves = [step.store for step in rebalance(heavy, Bounds(50, 4.0)).steps if isinstance(step, MoveStore)]
    assert moves == ["s0", "s1"], "0.875 of one CPU, of which 0.7 would make both alike"


def test_as_many_moves_as_are_asked_for() -> None:
    uneven = layout(nodes("a", "b"), shard(1, "a", 0, 1, 2, 3), s0=0.1, s1=0.1, s2=0.1, s3=0.1)
    for most in (0, 1, 2):
        moves = [step for step in rebalance(uneven, BOUNDS, most).steps if isinstance(step, MoveStore)]
        assert len(moves) == most


def test_a_shard_is_filled_to_nine_tenths_and_to_its_number_of_stores() -> None:
    for load, steps in ((0.5, (PutStore("s1", 1),)), (0.501, (AddShard(2, "a"), PutStore("s1", 2)))):
        assert place(layout(nodes("a", stores=2), shard(1, "a", 0), s0=0.4, s1=load), Bounds(50, 1.0)).steps == steps
    for most, steps in ((2, (PutStore("s1", 1),)), (1, (AddShard(2, "a"), PutStore("s1", 2)))):
        assert place(layout(nodes("a", stores=2), shard(1, "a", 0)), Bounds(most, 1.0)).steps == steps


def test_of_shards_with_room_the_lightest_takes_the_store() -> None:
    known = layout(nodes("a", stores=3), shard(1, "a", 0), shard(2, "a", 1), s0=0.2, s1=0.1)
    assert place(known, BOUNDS).steps == (PutStore("s2", 2),)
    numbered = layout(nodes("a", stores=2), shard(7, "a", 0), s0=0.65)
    assert place(numbered, BOUNDS).steps == (AddShard(8, "a"), PutStore("s1", 8))


def test_a_shard_at_its_load_is_not_split_and_one_of_two_stores_is() -> None:
    known = nodes("a", stores=2)
    assert place(layout(known, shard(1, "a", 0, 1), s0=0.375, s1=0.375), Bounds(50, 0.75)).steps == ()
    split = place(layout(known, shard(1, "a", 0, 1), s0=0.375, s1=0.5), Bounds(50, 0.75)).steps
    assert split == (AddShard(2, "a"), MoveStore("s0", 1, 2)), "0.375 is nearer to the eighth that is too much"
    even = place(layout(known, shard(1, "a", 0, 1), s0=0.5, s1=0.5), Bounds(50, 0.75)).steps
    assert even[1] == MoveStore("s0", 1, 2)


def test_a_dead_nodes_shard_goes_where_most_of_its_plans_are() -> None:
    known = {"a": cpu("a", 1, 0, 1), "b": cpu("b", 1), "c": cpu("c", 1, 0, 1, 2)}
    gone = layout({**known, "a": replace(known["a"], alive=False)}, shard(1, "a", 0, 1), shard(2, "c", 2), s2=0.6)
    assert place(gone, BOUNDS).steps[0] == SendShard(1, "c")
    nowhere = layout({"b": replace(known["c"], name="b")}, shard(1, "x", 0, 1, 2))
    assert place(nowhere, BOUNDS).steps == (SendShard(1, "b"),)


def test_a_store_that_was_not_measured_weighs_a_little() -> None:
    quiet = layout(nodes("a"), s0=0.0, s1=0.004, s2=0.006)
    assert [quiet.load_of(f"s{n}") for n in range(4)] == [0.005, 0.005, 0.006, 0.005]
    assert Bounds() == Bounds(50, 0.7)
    assert layout(nodes("a"), shard(1, "a", 0, 1), shard(3, "a", 2)).shard_of() == {"s0": 1, "s1": 1, "s2": 3}


@pytest.mark.parametrize(
    ("node", "not_older"),
    [("a", ["a", "b", "c"]), ("b", ["b", "c"]), ("c", ["c"]), ("gone", ["a", "b", "c"]), ("dead", ["a", "b", "c"])],
)
def test_versions_count_by_their_numbers(node: str, not_older: list[str]) -> None:
    known = versions(a="0.9.12", b="0.10.0", c="0.10.1") | {"dead": PlacingNode("dead", False, version="1.0")}
    assert layout(known).not_older(node) == not_older


def test_each_step_leads_to_its_layout() -> None:
    known = layout(nodes("a", "b"), shard(1, "a", 1), shard(2, "b", 2))
    for step, shards in (
        (AddShard(3, "b"), {1: shard(1, "a", 1), 2: shard(2, "b", 2), 3: shard(3, "b")}),
        (RemoveShard(2), {1: shard(1, "a", 1)}),
        (SendShard(2, "a"), {1: shard(1, "a", 1), 2: shard(2, "a", 2)}),
        (PutStore("s0", 1), {1: shard(1, "a", 0, 1), 2: shard(2, "b", 2)}),
        (DropStore("s2"), {1: shard(1, "a", 1), 2: shard(2, "b")}),
        (MoveStore("s1", 1, 2), {1: shard(1, "a"), 2: shard(2, "b", 1, 2)}),
        (GiveStore("s2", 2, 1), {1: shard(1, "a", 1, 2), 2: shard(2, "b")}),
    ):
        assert known.after(step).shards == shards
