"""Figures by hour that others counted, so that each stands for k at least: hours are merged until there are as many.

Who was behind a figure of elsewhere nobody can tell. What was counted, visits and transitions, stands for people: a
block has no fewer than k of them, and what it sums up to is laid evenly over its hours, in whole ks, what is left being
carried into the next block: as `engine.presence.release` does with what the engine counts itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.presence.flows import FlowRow
from engine.presence.zonehours import ZoneHourRow
from engine.privacy.k_anonymity import lay_ks, whole_ks

Row = TypeVar("Row", ZoneHourRow, FlowRow)


def gate_hours(rows: Sequence[ZoneHourRow], k: int) -> dict[int, ZoneHourRow]:
    """Rows by their place in `rows`, which are in the order of time; none of zones with fewer than k visits in all."""
    return _gate(rows, k, lambda row: row.zone, lambda row: row.visits, _lay_hours)


def gate_flows(rows: Sequence[FlowRow], k: int) -> dict[int, FlowRow]:
    """The same for transitions, by pair of zones. Hours that get none have no row."""
    gated = _gate(rows, k, lambda row: (row.from_zone, row.to_zone), lambda row: row.count, _lay_flows)
    return {i: row for i, row in gated.items() if row.count}


def cut(counts: Sequence[int], k: int) -> list[range]:
    """Consecutive entries in blocks with a sum of k at least, as short as they go; none where all are fewer.

    The last block takes what is left.
    """
    blocks: list[range] = []
    begin = total = 0
    for i, n in enumerate(counts):
        total += n
        if total >= k:
            blocks.append(range(begin, i + 1))
            begin, total = i + 1, 0
    if blocks and begin < len(counts):
        blocks[-1] = range(blocks[-1].start, len(counts))
    return blocks


def _gate(
    rows: Sequence[Row],
    k: int,
    key: Callable[[Row], Hashable],
    count: Callable[[Row], int],
    lay: Callable[[list[Row], list[int]], list[Row]],
) -> dict[int, Row]:
    if k <= 1:
        return dict(enumerate(rows))
    at: dict[Hashable, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        at[key(row)].append(i)
    gated: dict[int, Row] = {}
    for places in at.values():
        carried = 0
        for block in cut([count(rows[i]) for i in places], k):
            chosen = [places[j] for j in block]
            total = carried + sum(count(rows[i]) for i in chosen)
            counts = lay_ks(whole_ks(total, k), [1 / len(chosen)] * len(chosen), k)
            carried = total % k
            gated |= zip(chosen, lay([rows[i] for i in chosen], counts), strict=True)
    return dict(sorted(gated.items()))


def _lay_hours(rows: list[ZoneHourRow], visits: list[int]) -> list[ZoneHourRow]:
    person_s, peak = sum(r.person_s for r in rows) / len(rows), max(r.persons_peak for r in rows)
    dwell_s = sum(r.dwell_s_sum for r in rows) / sum(r.visits for r in rows)
    return [
        ZoneHourRow(r.hour_start, r.zone, person_s, n, dwell_s * n, peak) for r, n in zip(rows, visits, strict=True)
    ]


def _lay_flows(rows: list[FlowRow], counts: list[int]) -> list[FlowRow]:
    return [replace(r, count=n) for r, n in zip(rows, counts, strict=True)]
