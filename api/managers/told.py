"""What is told of a zone and of a store's heat over a period: one truth for pages, exports and programs.

Visits and dwell are expected ones with their intervals where the engine kept them; elsewhere (imported or older hours,
zones that hold others) they are counted ones, which is said. What is nought where k is more than one is nought or
withheld, and which of them nobody is told: it is no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.presence.expected.figures import Spread, ZoneSums, flow_spread
from engine.presence.flows import OUTSIDE
from engine.presence.hotzones import HotZone, LevelHeat
from engine.records import Bools

VisitKind = Literal["expected", "counted"]
FEWER_THAN_K = "fewer_than_k"
"""Why there is no figure: nobody is behind it, or fewer than k people are."""


@dataclass(frozen=True, slots=True)
class TableFigure:
    """A figure and, where it has one, its interval: with 90 % it lies between `low` and `high`; of a mean over several
    periods, 90 % of such periods do. None: there is none; `withheld`: because it is nought, or fewer than k people are
    behind it. `p` is how likely a figure as far from those before is by chance, where several are known."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    withheld: bool = False


@dataclass(frozen=True)
class Heat:
    """The heat of a span, tested; and of each zone whether it is hot. `seconds` is how long the span was."""

    levels: list[LevelHeat]
    verdicts: list[HotZone]
    outlined: list[Bools]
    seconds: float

    @property
    def is_empty(self) -> bool:
        """Whether there is none, as of hours that were counted elsewhere."""
        return not any(float(level.person_s.sum()) > 0 for level in self.levels)


@dataclass(frozen=True, slots=True)
class CountedSums:
    """What some hours of some zones add up to."""

    person_s: float = 0.0
    visits: int = 0
    dwell_s_sum: float = 0.0
    persons_peak: float = 0.0

    @property
    def mean_dwell_s(self) -> float | None:
        """Of visits that ended; None without any."""
        return self.dwell_s_sum / self.visits if self.visits else None

    def __add__(self, other: CountedSums) -> CountedSums:
        return CountedSums(
            self.person_s + other.person_s,
            self.visits + other.visits,
            self.dwell_s_sum + other.dwell_s_sum,
            max(self.persons_peak, other.persons_peak),
        )


@dataclass(frozen=True, slots=True)
class ToldZone:
    """A zone's figures: person-seconds, visits, mean dwell (s), the most people at once."""

    kind: VisitKind
    person_s: TableFigure
    visits: TableFigure
    mean_dwell_s: TableFigure
    persons_peak: TableFigure

    @property
    def measures(self) -> tuple[TableFigure, TableFigure, TableFigure]:
        """Those that have errors, in the order of `spreads_of`."""
        return self.person_s, self.visits, self.mean_dwell_s

    @property
    def is_withheld(self) -> bool:
        """Whether it has no figure at all."""
        return self.person_s.value is None and self.visits.value is None


def spreads_of(sums: CountedSums, expected: ZoneSums | None) -> tuple[Spread, Spread, Spread] | None:
    """Person-seconds, visits and mean dwell with what is known of their errors; None where nothing is expected.

    Time is the one that was let out with the heat, so that it adds up."""
    dwell = None if expected is None else expected.mean_dwell()
    if expected is None or dwell is None:
        return None
    return expected.time(sums.person_s), expected.count(), dwell


def tell_zone(sums: CountedSums, expected: ZoneSums | None, k: int) -> ToldZone:
    """What is told of one zone (or of several, added up)."""
    spreads, peak = spreads_of(sums, expected), tell_sum(sums.persons_peak, k)
    if spreads is None:
        dwell = sums.mean_dwell_s
        mean = TableFigure(None, withheld=k > 1) if dwell is None else TableFigure(dwell)
        return ToldZone("counted", tell_sum(sums.person_s, k), tell_sum(sums.visits, k), mean, peak)
    time, visits, dwell_s = (tell_spread(spread, k) for spread in spreads)
    return ToldZone("expected", time, visits, dwell_s, peak)


def tell_spread(spread: Spread, k: int) -> TableFigure:
    """With its interval."""
    figure = spread.figure()
    return TableFigure(figure.value, figure.low, figure.high) if figure.value else tell_sum(0.0, k)


@dataclass(frozen=True, slots=True)
class ToldFlow:
    """Transitions from one zone to the next, `OUTSIDE` among them; `figure` is the count with its interval."""

    from_zone: str
    to_zone: str
    count: int
    figure: TableFigure


def flow_spreads(
    counts: Mapping[tuple[str, str], int], expected: Mapping[str, ZoneSums]
) -> dict[tuple[str, str], Spread]:
    """Transitions by pair with what is known of their errors, as far as it is of both zones; outside has none."""
    found = {}
    for pair, n in counts.items():
        inside = [zone for zone in pair if zone != OUTSIDE]
        if all(zone in expected for zone in inside):
            found[pair] = flow_spread(n, [expected[zone] for zone in inside])
    return found


def tell_flow(n: int, spread: Spread | None, k: int) -> TableFigure:
    """Transitions, with their interval where one is known."""
    return tell_sum(n, k) if spread is None else tell_spread(spread, k)


def tell_sum(value: float | None, k: int) -> TableFigure:
    """A sum; nought is none where k is more than one."""
    return TableFigure(None, withheld=True) if not value and k > 1 else TableFigure(value)
