"""What is expected of zones waits until k people stand behind it, like every other figure (`engine.presence.release`).

A block of a zone is let out when k distinct devices were likely there, and when they count for k: somebody to whom
nineteen others add a trace would not be hidden by them, so that the sum of visits, squared, over the sum of their
squares (Kish's effective number, "Survey Sampling" 1965) must come to k as well.

Time on the floor between zones, and time in zones, is told by heat alone, which is cut so that nothing can be taken
from it.

Stops at products and steps of people's ways are parts of something that is told as well, and so wait for the rest of it
too: whoever was in the zone and did not stop, or came so far and no further, is nobody or k people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

import numpy as np

from engine.presence.expected.rows import FLOOR, UNKNOWN, ExpectedRow, add_up
from engine.privacy.k_anonymity import BlockPeople, count_for

LEAST_VISITS = 0.1
"""Whoever is expected to have made fewer visits to a zone does not count among its people."""

HoursOf = Callable[[float, float], list[tuple[float, float]]]
"""(hour, share) of the store's hours from one time to another."""
REST = "^"
"""Whoever was in what a row is a part of, as a part of its people."""
MOST_REST = 8
"""In multiples of k: so many are enough to hide among."""


@dataclass
class _Block:
    since: float
    sums: ExpectedRow
    crowd: BlockPeople = field(default_factory=BlockPeople)

    def hides(self, k: int, parts: Iterable[str]) -> bool:
        size, squares = (
            (self.sums.dwell_s, self.sums.dwell_sq)
            if self.sums.zone == UNKNOWN
            else (self.sums.visits, self.sums.visits_sq)
        )
        counts = self.crowd.hides(self.sums.zone, parts, k) and count_for(k, size, squares)
        return counts and self.crowd.hides_rest(self.sums.zone, REST, k)

    def see_rest(self, device: int, k: int) -> None:
        if len(self.crowd.parts.get(REST, ())) < MOST_REST * k:
            self.crowd.add(REST, device)


class ExpectedWaiting:
    """The blocks of one store."""

    def __init__(
        self,
        k: int,
        hours_of: HoursOf,
        parts: Mapping[str, frozenset[str]] | None = None,
        wholes: Mapping[str, tuple[str, ...]] | None = None,
        days_of: HoursOf | None = None,
    ) -> None:
        """`parts` are the names of what stands in each zone and has rows of its own: tills. `wholes` of which rows a
        row is a part; those are laid over the days of `days_of`, as they come too seldom for hours."""
        self._k, self._hours_of, self._parts = k, hours_of, dict(parts or {})
        self._wholes, self._days_of = dict(wholes or {}), days_of or hours_of
        self._steps: dict[str, list[str]] = {}
        for name, rows in self._wholes.items():
            for row in rows:
                self._steps.setdefault(row, []).append(name)
        self._blocks: dict[str, _Block] = {}
        self._ended: dict[str, float] = {}

    def keep(self, rows: Iterable[tuple[int, ExpectedRow]], begun: float) -> None:
        """Takes in what stays add, with their devices. Blocks that begin go on from the last one's end, or `begun`."""
        for device, row in rows:
            if row.zone == FLOOR:
                continue
            block = self._block(row.zone, begun)
            block.sums = add_up([block.sums, replace(row, hour_start=0.0, person_s=0.0)])[0]
            if row.zone == UNKNOWN or row.visits >= LEAST_VISITS:
                for zone in (row.zone, *(z for z, inner in self._parts.items() if row.zone in inner)):
                    self._block(zone, begun).crowd.add(row.zone, device)
                for step in self._steps.get(row.zone, ()):
                    self._block(step, begun).see_rest(device, self._k)

    def _block(self, zone: str, begun: float) -> _Block:
        if zone not in self._blocks:
            self._blocks[zone] = _Block(self._ended.get(zone, begun), replace(_EMPTY, zone=zone))
        return self._blocks[zone]

    def release(self, end: float) -> list[ExpectedRow]:
        """What may be let out at `end`, laid evenly over the hours of its block."""
        out: list[ExpectedRow] = []
        ready = [z for z, block in sorted(self._blocks.items()) if block.hides(self._k, self._parts.get(z, ()))]
        for zone in ready:
            block = self._blocks.pop(zone)
            over = self._days_of if zone in self._wholes else self._hours_of
            out += [_part(block.sums, t, share) for t, share in over(block.since, end)]
            self._ended[zone] = end
        return out

    def begin(self, end: float, *, first: bool) -> None:
        """No block goes on from before its beginning, nor begins later than now."""
        self._ended = {zone: min(t, end) for zone, t in self._ended.items()}
        for block in self._blocks.values():
            block.since = end if first else min(block.since, end)

    def forget(self, devices: set[int]) -> None:
        """These devices stand behind nothing any more; what they added stays in the sums."""
        for block in self._blocks.values():
            block.crowd.forget(devices)

    def turn(self) -> None:
        """Goes on under the next day's salt: whoever is heard from now on has another pseudonym."""
        for zone, block in self._blocks.items():
            block.crowd.turn()
            block.crowd.thin(REST, zone)

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        blocks = [
            [zone, block.since, list(astuple(block.sums)[2:]), block.crowd.salt, _people(block.crowd)]
            for zone, block in sorted(self._blocks.items())
        ]
        return {"blocks": blocks, "ended": dict(self._ended)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._ended = {str(zone): float(t) for zone, t in state["ended"].items()}
        self._blocks = {str(zone): _restore(str(zone), *rest) for zone, *rest in state["blocks"]}


_EMPTY = ExpectedRow(0.0, "", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _part(sums: ExpectedRow, hour: float, share: float) -> ExpectedRow:
    return ExpectedRow(hour, sums.zone, *(value * share for value in astuple(sums)[2:]))


def _people(crowd: BlockPeople) -> dict[str, np.ndarray[Any, np.dtype[np.uint64]]]:
    return {part: np.array(sorted(seen), np.uint64).reshape(-1, 2) for part, seen in crowd.parts.items()}


def _restore(zone: str, since: float, sums: Sequence[float], salt: int, people: Any) -> _Block:
    parts = {str(part): {(int(a), int(b)) for a, b in np.asarray(seen).tolist()} for part, seen in people.items()}
    return _Block(float(since), ExpectedRow(0.0, zone, *map(float, sums)), BlockPeople(parts, int(salt)))
