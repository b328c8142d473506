"""Hours of elsewhere: merged until k stand behind a figure, laid evenly, nothing lost but less than k."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.presence.flows import FlowRow
from engine.presence.withheld.blocks import cut, gate_flows, gate_hours
from engine.presence.zonehours import ZoneHourRow

COUNTS = st.lists(st.integers(0, 30), max_size=40)


@given(COUNTS, st.integers(2, 50))
def test_blocks_cover_all_or_nothing_and_none_is_below_k(counts: list[int], k: int) -> None:
    blocks = cut(counts, k)
    assert [i for block in blocks for i in block] == (list(range(len(counts))) if sum(counts) >= k else [])
    assert all(sum(counts[i] for i in block) >= k for block in blocks)
    for block in blocks[:-1]:
        assert sum(counts[i] for i in block[:-1]) < k, "as short as they go"


@given(COUNTS, COUNTS, st.integers(2, 50))
def test_sums_stay_in_whole_ks_and_hours_of_a_block_are_alike(a: list[int], b: list[int], k: int) -> None:
    rows = [ZoneHourRow(3600.0 * i, z, 60.0 * n, n, 40.0 * n, float(n)) for z, c in (("a", a), ("b", b))
            for i, n in enumerate(c)]  # fmt: skip
    gated = gate_hours(rows, k)
    for zone, counts in (("a", a), ("b", b)):
        mine = [row for row in gated.values() if row.zone == zone]
        whole = sum(counts) if sum(counts) >= k else 0
        assert sum(row.visits for row in mine) == whole // k * k
        assert all(row.visits % k == 0 for row in mine)
        assert abs(sum(row.person_s for row in mine) - 60.0 * whole) < 1e-6
        for block in cut(counts, k):
            laid = mine[block.start : block.stop]
            assert {(row.person_s, row.persons_peak) for row in laid} == {
                (laid[0].person_s, float(max(counts[i] for i in block)))
            }
            assert all(abs(row.dwell_s_sum - 40.0 * row.visits) < 1e-6 for row in laid)
            assert max(row.visits for row in laid) - min(row.visits for row in laid) <= k
    assert all((rows[i].hour_start, rows[i].zone) == (row.hour_start, row.zone) for i, row in gated.items())


def test_transitions_are_merged_by_pair() -> None:
    rows = [FlowRow(0.0, "a", "b", 12), FlowRow(0.0, "b", "a", 3), FlowRow(3600.0, "a", "b", 9)]
    assert gate_flows(rows, 20) == {2: FlowRow(3600.0, "a", "b", 20)}
    assert list(gate_flows(rows, 1).values()) == rows


def test_hours_of_a_block_share_its_time_and_dwell_and_have_its_peak() -> None:
    """14, 3 and 6 visits: one block of 23, told as 20, in hours of 10 · 0, 1 and 2 of thirds of 2 ks."""
    rows = [ZoneHourRow(3600.0 * i, "a", 60.0 * (i + 1), n, 30.0 * n, 2.0 + i) for i, n in enumerate((4, 3, 16))]
    gated = gate_hours(rows, 10)
    assert [row.visits for row in gated.values()] == [10, 0, 10]
    assert [row.dwell_s_sum for row in gated.values()] == [300.0, 0.0, 300.0]
    assert {(row.person_s, row.persons_peak) for row in gated.values()} == {(120.0, 4.0)}
    assert [(row.hour_start, row.zone) for row in gated.values()] == [(0.0, "a"), (3600.0, "a"), (7200.0, "a")]


def test_what_is_left_of_a_block_is_carried_into_the_next() -> None:
    rows = [FlowRow(3600.0 * i, "a", "b", n) for i, n in enumerate((16, 14, 3))]
    assert gate_flows(rows, 10) == {0: FlowRow(0.0, "a", "b", 10), 1: FlowRow(3600.0, "a", "b", 10),
                                    2: FlowRow(7200.0, "a", "b", 10)}  # fmt: skip
    assert cut([16, 14, 3], 10) == [range(0, 1), range(1, 3)]
    assert cut([9], 10) == cut([], 10) == []
    assert cut([10], 10) == [range(0, 1)]
