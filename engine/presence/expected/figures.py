"""Figures of zones with their 90 % intervals, out of what is expected.

Four errors go into an interval. *What a history knows* of its own stay (`ExpectedRow.visits_var` and so on) is the
stay's own, and so fades among many. *Chance*: visits that are as likely a neighbour's come and go one by one, so that
as many as are ambiguous have the variance of a count (Poisson), which is much where few come. *What a place does to
everybody*, as where the radio map is wrong, does not fade: it moves the ambiguous time of a zone as a whole, and is
taken in as a share of it. *What another sample of shoppers would have done* matters where periods are compared; of the
period itself the devices are all there were.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from engine.presence.expected.rows import ExpectedRow

NORMAL_90 = 1.6449
LEVEL = 0.9
COMMON_TIME = 0.8
COMMON_VISITS = 0.7
COMMON_DWELL = 0.4
"""The standard deviation of what a place does to everybody, of the ambiguous share of its time, its visits, and their
mean dwell: as found in drawn stores of other seeds than those that are measured (docs/accuracy)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the ends of its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure with its variances: of what is known of each stay, of what its place does to all of them, of the sample
    of shoppers that it is, and of chance among those who are there, which is a part of the sample's."""

    value: float
    known_var: float
    common_var: float
    sample_var: float
    chance_var: float = 0.0

    def figure(self, *, sampled: bool = False) -> Figure:
        """With its interval, which never goes below 0; `sampled` where it stands for more than its own period."""
        half = NORMAL_90 * sqrt(self.known_var + self.common_var + (self.sample_var if sampled else self.chance_var))
        return Figure(self.value, max(0.0, self.value - half), self.value + half)


@dataclass(frozen=True, slots=True)
class ZoneFigures:
    """One zone over a period. Where nobody was expected there, `mean_dwell_s` is None."""

    person_s: Figure
    visits: Figure
    mean_dwell_s: Figure | None


@dataclass(frozen=True, slots=True)
class ZoneSums:
    """Rows of one zone added up; the names are those of `ExpectedRow`."""

    person_s: float = 0.0
    visits: float = 0.0
    dwell_s: float = 0.0
    ambiguous_s: float = 0.0
    visits_var: float = 0.0
    dwell_var: float = 0.0
    cross_var: float = 0.0
    visits_sq: float = 0.0
    dwell_sq: float = 0.0
    cross_sq: float = 0.0

    @staticmethod
    def of(rows: Iterable[ExpectedRow]) -> ZoneSums:
        """The sums of these rows."""
        held = list(rows)
        names = ZoneSums.__slots__
        return ZoneSums(**{name: float(sum(getattr(row, name) for row in held)) for name in names})

    @property
    def ambiguous(self) -> float:
        """Which share of the time is as likely elsewhere, 0 to 1."""
        time = max(self.person_s, self.dwell_s)
        return min(1.0, self.ambiguous_s / time) if time > 0 else 1.0

    def time(self, person_s: float | None = None) -> Spread:
        """Person-seconds; `person_s` where they are known from elsewhere, as from heat that was let out."""
        value = self.person_s if person_s is None else person_s
        of = value / self.dwell_s if self.dwell_s > 0 else 1.0
        common = COMMON_TIME * self.ambiguous * value
        return Spread(value, self.dwell_var * of**2, common**2, self.dwell_sq * of**2)

    def count(self) -> Spread:
        """Visits."""
        common = COMMON_VISITS * self.ambiguous * self.visits
        return Spread(self.visits, self.visits_var, common**2, self.visits_sq, self.ambiguous * self.visits)

    def mean_dwell(self) -> Spread | None:
        """Mean dwell of a visit, s; variances of a ratio, to first order (Cochran 1977, "Sampling Techniques", 6.3)."""
        if self.visits <= 0:
            return None
        mean = self.dwell_s / self.visits

        def ratio_var(dwell: float, visits: float, cross: float) -> float:
            return max(0.0, dwell + mean**2 * visits - 2 * mean * cross) / self.visits**2

        known = ratio_var(self.dwell_var, self.visits_var, self.cross_var)
        common = (COMMON_DWELL * self.ambiguous * mean) ** 2
        return Spread(mean, known, common, ratio_var(self.dwell_sq, self.visits_sq, self.cross_sq))


def flow_spread(count: float, zones: Iterable[ZoneSums]) -> Spread:
    """Transitions between two zones (or of one and the outside), `zones` being what is expected of those inside.

    Of each stay one of its likely ways stands for it, so that by chance alone a count has the variance of a count; and
    whatever is wrong with a zone's visits is as wrong, by share, with the ways into it and out of it.
    """
    known = common = 0.0
    for zone in zones:
        visits = zone.count()
        if visits.value > 0:
            known += visits.known_var / visits.value**2
            common += visits.common_var / visits.value**2
    return Spread(count, count + known * count**2, common * count**2, count)


def sum_spreads(spreads: Iterable[Spread]) -> Spread:
    """Several figures added up: what places do to them goes one way, all else by chance."""
    found = list(spreads)
    return Spread(
        sum(s.value for s in found),
        sum(s.known_var for s in found),
        sum(sqrt(s.common_var) for s in found) ** 2,
        sum(s.sample_var for s in found),
        sum(s.chance_var for s in found),
    )


def zone_figures(sums: ZoneSums, person_s: float | None = None) -> ZoneFigures:
    """A zone's figures over the period of its sums."""
    dwell = sums.mean_dwell()
    return ZoneFigures(sums.time(person_s).figure(), sums.count().figure(), None if dwell is None else dwell.figure())
