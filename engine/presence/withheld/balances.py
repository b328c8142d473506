"""Which pairs of zones may be let out together, so that no zone's sums tell what is withheld.

Every zone is left as often as it is entered, and entered as often as it is visited: what is let out of all its pairs
but one gives that one. So of a zone with pairs let out the people behind those withheld into it, and out of it, are
nobody or k; and what went out less what came in, and visits less either, are never 1 to k - 1
(complementary suppression, Cox 1980).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from engine.presence.flows import OUTSIDE
from engine.privacy.k_anonymity import BlockPeople, people_together

Pair = tuple[str, str]


@dataclass
class Balances:
    """What was let out of each zone ever: visits, ways in, ways out."""

    k: int
    visits: Counter[str] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def choose(self, ready: Collection[Pair], waiting: Mapping[Pair, tuple[int, BlockPeople]]) -> set[Pair]:
        """Those of `ready` that may go, the smallest of a zone that would tell something kept back; `waiting` has the
        transitions and people of each pair, these and all others."""
        out = set(ready)
        while (told := self._told(out, waiting)) is not None:
            out.remove(min((p for p in out if told in p), key=lambda p: (waiting[p][0], p)))
        return out

    def add(self, pairs: Mapping[Pair, int]) -> None:
        """These have been let out."""
        for (a, b), n in pairs.items():
            self.left[a] += n
            self.entered[b] += n

    def _told(self, out: set[Pair], waiting: Mapping[Pair, tuple[int, BlockPeople]]) -> str | None:
        """A zone of which letting `out` go would tell something."""
        came, went = Counter[str](), Counter[str]()
        for a, b in out:
            went[a] += waiting[a, b][0]
            came[b] += waiting[a, b][0]
        kept = [(pair, people) for pair, (_, people) in waiting.items() if pair not in out]
        for zone in sorted({zone for pair in out for zone in pair}):
            sides = [people_together([who for p, who in kept if p[side] == zone]) for side in (0, 1)]
            entered, left = self.entered[zone] + came[zone], self.left[zone] + went[zone]
            rests = [] if zone == OUTSIDE else [self.visits[zone] - entered, self.visits[zone] - left]
            differences = [abs(went[zone] - came[zone]), abs(left - entered), *rests]
            if not all(n == 0 or n >= self.k for n in (*sides, *differences)):
                return zone
        return None

    def state(self) -> dict[str, dict[str, int]]:
        """Everything that later choices depend on."""
        return {"visits": dict(self.visits), "entered": dict(self.entered), "left": dict(self.left)}

    def restore(self, state: Mapping[str, Mapping[str, int]]) -> None:
        """Takes over what `state` returned."""
        self.visits, self.entered, self.left = (
            Counter({str(zone): int(n) for zone, n in state[name].items()}) for name in ("visits", "entered", "left")
        )
