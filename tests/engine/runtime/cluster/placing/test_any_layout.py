"""Whatever a cluster looks like: every store runs exactly once, no shard is too large, and little moves."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.cluster.placing.layout import Bounds, ClusterLayout, MoveStore, PlacingNode, PlacingShard
from engine.runtime.cluster.placing.place import Placing, place, rebalance
from tests.examples import examples

BOUNDS = Bounds(stores=5, load=0.7)
STORES = [f"s{n:02d}" for n in range(24)]
PLANS = dict.fromkeys(STORES, "one")


@st.composite
def layouts(draw: st.DrawFn) -> ClusterLayout:
    """Nodes well, drained and gone, one of them well; shards with any stores, also too many, also on no known node."""
    names = ["a", "b", "c"]
    nodes = {n: PlacingNode(n, draw(st.booleans()), draw(st.booleans()), draw(st.integers(1, 4)), PLANS) for n in names}
    nodes["d"] = PlacingNode("d", plans=PLANS)
    owner = draw(st.lists(st.integers(0, 4), min_size=len(STORES), max_size=len(STORES)))
    shards = {
        number: PlacingShard(
            number,
            draw(st.sampled_from([*nodes, "forgotten"])),
            tuple(s for s, n in zip(STORES, owner, strict=True) if n == number),
        )
        for number in range(1, 5)
    }
    loads = dict(zip(STORES, draw(st.lists(st.floats(0, 0.4), min_size=24, max_size=24)), strict=True))
    return ClusterLayout(nodes, shards, loads)


def apply(layout: ClusterLayout, placing: Placing) -> ClusterLayout:
    """What the steps, taken one by one as they will be, make of it."""
    for step in placing.steps:
        layout = layout.after(step)
    return layout


def load(layout: ClusterLayout, number: int) -> float:
    """Of a shard."""
    return sum(map(layout.load_of, layout.shards[number].stores))


@examples(60)
@given(layouts())
def test_every_store_runs_once_in_a_shard_within_bounds_on_a_good_node(layout: ClusterLayout) -> None:
    after = apply(layout, place(layout, BOUNDS))
    stores = [store for shard in after.shards.values() for store in shard.stores]
    assert sorted(stores) == STORES
    for number, shard in after.shards.items():
        assert 1 <= len(shard.stores) <= BOUNDS.stores
        assert load(after, number) <= BOUNDS.load + 1e-9 or len(shard.stores) == 1
        assert shard.node in after.good_nodes()


@examples(60)
@given(layouts())
def test_steps_and_promised_layout_agree_and_nothing_more_is_wanted_then(layout: ClusterLayout) -> None:
    for work in (place, rebalance):
        placing = work(layout, BOUNDS)
        assert apply(layout, placing) == replace(placing.layout)
    assert place(place(layout, BOUNDS).layout, BOUNDS).steps == ()


@examples(60)
@given(layouts())
def test_a_store_that_is_well_where_it_is_stays(layout: ClusterLayout) -> None:
    good = layout.good_nodes()
    moved = {step.store for step in place(layout, BOUNDS).steps if isinstance(step, MoveStore)}
    for number, shard in layout.shards.items():
        well = len(shard.stores) <= BOUNDS.stores and load(layout, number) <= BOUNDS.load
        if well and shard.node in good:
            assert moved.isdisjoint(shard.stores)


@examples(60)
@given(layouts())
def test_balancing_never_makes_nodes_less_alike(layout: ClusterLayout) -> None:
    def uneven(of: ClusterLayout) -> float:
        on = {name: sum(load(of, n) for n, s in of.shards.items() if s.node == name) for name in of.good_nodes()}
        return sum(carried**2 / of.nodes[name].cpus for name, carried in on.items())

    needed = place(layout, BOUNDS)
    more = rebalance(layout, BOUNDS)
    assert uneven(more.layout) <= uneven(needed.layout) + 1e-9
    assert more.steps[: len(needed.steps)] == needed.steps
