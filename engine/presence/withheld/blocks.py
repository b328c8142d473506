"""Figures by hour that others counted, so that each stands for k at least: hours are merged until there are as many.

Who was behind a figure of elsewhere nobody can tell. What was counted, visits and transitions, stands for people: a
block has no fewer than k of them, and what it sums up to is laid evenly over its hours, as `engine.presence.release`
does with what the engine counts itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.presence.flows import FlowRow
from engine.presence.zonehours import ZoneHourRow

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
    lay: Callable[[list[Row]], list[Row]],
) -> dict[int, Row]:
    if k <= 1:
        return dict(enumerate(rows))
    at: dict[Hashable, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        at[key(row)].append(i)
    gated: dict[int, Row] = {}
    for places in at.values():
        for block in cut([count(rows[i]) for i in places], k):
            chosen = [places[j] for j in block]
            gated |= zip(chosen, lay([rows[i] for i in chosen]), strict=True)
    return dict(sorted(gated.items()))


def _lay_hours(rows: list[ZoneHourRow]) -> list[ZoneHourRow]:
    n = len(rows)
    person_s, dwell_s = sum(r.person_s for r in rows) / n, sum(r.dwell_s_sum for r in rows) / n
    peak, visits = max(r.persons_peak for r in rows), _share(sum(r.visits for r in rows), n)
    return [ZoneHourRow(r.hour_start, r.zone, person_s, v, dwell_s, peak) for r, v in zip(rows, visits, strict=True)]


def _lay_flows(rows: list[FlowRow]) -> list[FlowRow]:
    counts = _share(sum(r.count for r in rows), len(rows))
    return [replace(r, count=n) for r, n in zip(rows, counts, strict=True)]


def _share(total: int, n: int) -> list[int]:
    """`total` in n whole parts that differ by one at most, the larger ones first."""
    return [total // n + (i < total % n) for i in range(n)]
