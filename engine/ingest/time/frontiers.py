"""How far each source of a store has told everything: what all of them have spoken past need not be waited for.

A source has told everything up to the newest time it spoke of, less the disorder it showed lately. One that is silent
for longer than its rhythm explains (it stopped, or it tells only when there is something to tell) is not waited for;
but room is left for how far behind the store's time its words usually come. Nobody is waited for in vain: what is
`reorder_s` behind the store's time is late anyway. For the first seconds of listening nobody's habits are known, and
`reorder_s` is waited for; until every source that is known has spoken a few times as it heard, and not of times long
gone, as in a backlog. Who is unknown by then, and straggles, is late by nothing: what it says first comes into the
window that is open.

Watermarks per source and their minimum are those of stream processing (Akidau et al. 2015, The Dataflow Model).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.ingest.time.clocks import MOST_SOURCES
from engine.records import F64

REMEMBER_S = 120.0  # a habit counts for so long at least, and for twice as long at most
MARGIN = 1.25  # what was the worst in the last minutes is soon outdone a little
ALIVE_S = 1.0  # a source may be silent for so long, or for twice its longest recent gap
LEARN_REORDERS = 2.0  # of `reorder_s` are listened to before anybody is believed at the latest
KNOWN_WORDS, KNOWN_S = 4, 2.0  # that a source tells of what it hears just then: its rhythm is known
PATIENT_S = 10.0  # with more to wait for, some source is declared to come late, and may not have spoken yet
_GAP_MAX_S = 120.0


@dataclass(slots=True)
class _Habit:
    """The largest value of the last minutes, forgotten in two steps."""

    since: float = -np.inf
    largest: float = 0.0
    before: float = 0.0

    def add(self, value: float, now: float) -> None:
        if not 0 <= now - self.since < REMEMBER_S:
            self.since, self.before, self.largest = now, self.largest, 0.0
        self.largest = max(self.largest, value)

    @property
    def value(self) -> float:
        return max(self.largest, self.before)


@dataclass(slots=True)
class _Source:
    heard_at: float
    told_to: float = -np.inf
    gap_s: _Habit = field(default_factory=_Habit)  # between two words
    disorder_s: _Habit = field(default_factory=_Habit)  # of a reading against what was told before
    behind_s: _Habit = field(default_factory=_Habit)  # of a reading against the store's time
    words: int = 0  # on end, since we listen, that told of what it heard just then
    since: float = np.inf  # the first of these

    def note(self, told_to: float, now: float) -> None:
        """A word that told everything up to `told_to`."""
        self.words, self.since = (self.words + 1, min(self.since, now)) if now - told_to <= ALIVE_S else (0, np.inf)

    def is_known(self, now: float) -> bool:
        return self.words >= KNOWN_WORDS and now - self.since >= KNOWN_S


class Frontiers:
    """The sources of one store. Time is an argument: receipt, s UTC."""

    def __init__(self, reorder_s: float) -> None:
        self._reorder_s = reorder_s
        self._sources: dict[str, _Source] = {}
        self._believe_from = np.inf

    def listen_from(self, now: float) -> None:
        """Nothing could be heard before `now`: what is known of the sources' rhythm says nothing for a while."""
        self._believe_from = now + LEARN_REORDERS * self._reorder_s
        for source in self._sources.values():
            source.words, source.since = 0, np.inf

    def hear(self, source: str, t: F64, told_to: float, clock: float, now: float) -> None:
        """A word of a source: readings at `t` (n,), everything told up to `told_to`, the store's time being `clock`."""
        if not np.isfinite(self._believe_from):
            self.listen_from(now)
        known = self._sources.get(source)
        if known is None:
            self._make_room()
            known = self._sources[source] = _Source(now)
        known.gap_s.add(min(abs(now - known.heard_at), _GAP_MAX_S), now)
        worth = clock - t <= self._reorder_s  # waiting for; nothing is, where most comes too late anyway
        if 2 * np.count_nonzero(worth) >= t.size:
            oldest = float(np.min(t, initial=np.inf, where=worth))
            known.disorder_s.add(max(known.told_to - oldest, 0.0), now)
            known.behind_s.add(max(clock - oldest, 0.0), now)
        known.heard_at = now
        known.note(told_to, now)
        known.told_to = max(known.told_to, told_to)

    def frontier_of(self, source: str, told_to: float) -> float:
        """Up to when a source that speaks has told everything, as far as its habits are known: the `told_to` of its
        word, less the disorder it showed."""
        known = self._sources.get(source)
        return told_to if known is None else told_to - self._with_margin(known.disorder_s)

    def common_frontier(self, clock: float, now: float) -> float:
        """The time that everybody who is waited for has spoken past; -inf where that is not known."""
        self._believe_from = min(self._believe_from, now + LEARN_REORDERS * self._reorder_s)  # we may be put back
        if not self._sources:
            return -np.inf
        if now < self._believe_from:
            known = all(source.is_known(now) for source in self._sources.values())
            if not known or self._reorder_s > PATIENT_S:
                return -np.inf
            self._believe_from = now  # whoever comes later is one more, and no reason to begin again
        return min(self._told_everything_to(source, clock, now) for source in self._sources.values())

    def _told_everything_to(self, source: _Source, clock: float, now: float) -> float:
        silent = now - source.heard_at > max(ALIVE_S, 2 * source.gap_s.value)
        if silent or source.told_to <= clock - self._reorder_s:
            return clock - self._with_margin(source.behind_s)
        return source.told_to - self._with_margin(source.disorder_s)

    def _with_margin(self, habit: _Habit) -> float:
        return min(MARGIN * habit.value, self._reorder_s)

    def _make_room(self) -> None:
        if len(self._sources) >= MOST_SOURCES:
            del self._sources[min(self._sources, key=lambda name: self._sources[name].heard_at)]

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        rows = [
            [s.heard_at, s.told_to, *(x for h in _habits(s) for x in (h.since, h.largest, h.before)), s.words, s.since]
            for s in self._sources.values()
        ]
        return {
            "believe_from": float(self._believe_from),
            "names": list(self._sources),
            "rows": np.array(rows, np.float64).reshape(-1, 13),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from `state()`."""
        self._believe_from = float(state["believe_from"])
        self._sources = {}
        for name, row in zip(state["names"], np.asarray(state["rows"]).tolist(), strict=True):
            gap_s, disorder_s, behind_s = (_Habit(*row[k : k + 3]) for k in (2, 5, 8))
            words, since = row[11:] or (0, np.inf)  # checkpoints of before know of none
            self._sources[name] = _Source(row[0], row[1], gap_s, disorder_s, behind_s, int(words), since)


def _habits(source: _Source) -> tuple[_Habit, _Habit, _Habit]:
    return source.gap_s, source.disorder_s, source.behind_s
