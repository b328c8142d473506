"""One withheld transition could be computed: every zone is left as often as it is entered. Sums over several zones, and
over several hours, told of few even where those of each zone did not.

Input: ten people in and eleven out of a zone let out, the one between withheld; drawn ways through three zones.
Right: whatever whole numbers of visits, ways in and ways out of any zones and quarters are added and taken, what is
left is nobody or k: each of them is a multiple of k.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from engine.plan.cells import walkable_cells
from engine.plan.model import Zone
from engine.presence.flows import FlowRow
from engine.presence.release import Release, Statistics
from tests.api.site import small_plan
from tests.engine.presence.test_release import BLOCK_S, T0, at_cells, left
from tests.examples import examples

K = 3
PLAN = replace(
    small_plan(),
    zones=tuple(Zone(z, "ground", z, "", box(3 * i, 0, 3 * i + 3, 8)) for i, z in enumerate("abc")),
)
CELLS = walkable_cells(PLAN, 1.0)
WAYS = st.lists(st.lists(st.text("abc", min_size=1, max_size=4), max_size=12), min_size=1, max_size=4)


def let_out(quarters: list[list[str]]) -> tuple[Counter[str], Counter[str], Counter[str], Counter[tuple[str, str]]]:
    """Visits, ways in, ways out, and pairs of the whole day; checked after each quarter. A way is a word of zones."""
    made = Release(PLAN, CELLS, 1.0, k=K, block_s=BLOCK_S)
    made.take(Statistics(), T0)
    visits, came, went, pairs = Counter[str](), Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    device = 0
    for i, ways in enumerate(quarters):
        for way in ways:
            device += 1
            zones = [z for at, z in enumerate(way) if not at or way[at - 1] != z]
            made.see(at_cells([], [], T0), [left(device, z, T0 + 60) for z in zones])
            made.see_moves([(device, a, b) for a, b in zip(["", *zones], [*zones, ""], strict=True)])
        out = made.take(Statistics(), T0 + BLOCK_S * (i + 1))
        visits.update({z: sum(r.visits for r in out.zone_hours if r.zone == z) for z in "abc"})
        for r in out.flows:
            pairs[r.from_zone, r.to_zone] += r.count
            went[r.from_zone] += r.count
            came[r.to_zone] += r.count
        told = [*out.zone_hours, *out.flows]
        counts = [r.count if isinstance(r, FlowRow) else r.visits for r in told]
        assert all(n % K == 0 for n in counts), "so no sum over zones, pairs or quarters is 1 to k - 1 off another"
    return visits, came, went, pairs


def test_one_who_went_on_is_not_the_difference() -> None:
    visits, came, went, pairs = let_out([["b"] * K + ["ab"]])
    assert (visits["b"], came["b"], went["b"]) == (K, K, K)
    assert pairs == {("", "b"): K, ("b", ""): K}
    assert let_out([["b"] * K + ["ab"] * K])[3] == {("", "b"): K, ("", "a"): K, ("a", "b"): K, ("b", ""): 2 * K}


@examples(60)
@given(WAYS)
def test_no_balance_tells_of_fewer_than_k(quarters: list[list[str]]) -> None:
    let_out(quarters)
