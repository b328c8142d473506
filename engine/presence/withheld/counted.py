"""Counts of what people did with coupons, told in blocks that k of them stand behind, in whole ks.

As visits and transitions are (`engine.presence.release`), but out of rows with their times: what happened since a
figure's last block waits until k distinct people are behind it; the block ends at a multiple of `step_s`, goes in whole
ks, and leaves its remainder to the next. Nobody's question has a part in where blocks end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from engine.privacy.k_anonymity import whole_ks

NOBODY = "?"
"""Begins the name of who is known for one stay only."""
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class CountedEvent:
    """What somebody did at `at` (s UTC); `amount` is 1, or what it was worth."""

    at: float
    who: str
    amount: int = 1


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """What is not told of a figure: all events since `since`, and `n` with `amount` in all of those before."""

    since: float = 0.0
    n: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class ToldBlock:
    """From `since` to `until` (s UTC): `n` events, a multiple of k, of `amount` together."""

    since: float
    until: float
    n: int
    amount: int


def tell_blocks(
    events: Sequence[CountedEvent], waiting: WaitingCount, k: int, step_s: float
) -> tuple[list[ToldBlock], WaitingCount]:
    """The blocks that `events` complete, which are all since `waiting.since`, by time; and what waits then."""
    by_end: dict[float, list[CountedEvent]] = defaultdict(list)
    for event in events:
        by_end[(event.at // step_s + 1) * step_s].append(event)
    out: list[ToldBlock] = []
    behind: list[CountedEvent] = []
    for end in sorted(by_end):
        behind += by_end[end]
        n = waiting.n + len(behind)
        if n < k or people_behind(behind) < k:
            continue
        amount = waiting.amount + sum(event.amount for event in behind)
        told = whole_ks(n, k)
        since = max(waiting.since, behind[0].at // step_s * step_s)
        out.append(ToldBlock(since, end, told, round(amount * told / n)))
        waiting, behind = WaitingCount(end, n - told, amount - out[-1].amount), []
    return out, waiting


def people_behind(events: Sequence[CountedEvent]) -> int:
    """How many people at least: those with a profile, and of the others the most of one day, as they are known for one
    stay only and may come again on another."""
    known = {event.who for event in events if not event.who.startswith(NOBODY)}
    others: dict[float, set[str]] = defaultdict(set)
    for event in events:
        if event.who.startswith(NOBODY):
            others[event.at // _DAY_S].add(event.who)
    return len(known) + max(map(len, others.values()), default=0)
