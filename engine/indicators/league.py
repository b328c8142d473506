"""Stores beside one another, alike for alike: the same days of both periods, figures that size does not decide, and two
stores apart only where they differ.

A figure is a store's sample of what its shoppers do: its interval is of that, and so is the test between two stores.
Stores without figures in one of the periods are named, and not ranked: they were not open, or not counted, for as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.indicators.comparison import PeriodDifference, control_false_discoveries, difference, rank
from engine.indicators.counts import Counts
from engine.presence.expected.figures import Spread


class LeagueFigure(StrEnum):
    """By what stores can be compared."""

    CAME_IN = "came_in"
    CAPTURE = "capture"
    BOUNCE = "bounce"
    ENGAGED = "engaged"
    STAY = "stay"
    CONVERSION = "conversion"
    QUEUE = "queue"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class LeagueRow:
    """A store: its figure, that of the period before, whether they differ, and its place, from `best` to `worst`.

    A store that is not alike in both periods has no place.
    """

    store: str
    now: Spread | None
    before: Spread | None
    change: PeriodDifference | None
    best: int | None = None
    worst: int | None = None


def store_spread(figure: LeagueFigure, counts: Counts, stay: Spread | None = None) -> Spread | None:
    """One figure of a store with the variance of its sample; `stay` is the mean length of stays. None where nobody
    counted what it needs."""
    came = counts.came_in
    if figure is LeagueFigure.CAME_IN:
        return Spread(float(came), 0.0, 0.0, float(came)) if came else None
    if figure is LeagueFigure.STAY:
        return stay
    if figure is LeagueFigure.QUEUE:
        return counts.waiting
    if figure is LeagueFigure.WAITING:
        return counts.wait
    if figure is LeagueFigure.CONVERSION:
        return _rate(counts.transactions, came)
    part, whole = {
        LeagueFigure.CAPTURE: (came, counts.devices_heard),
        LeagueFigure.BOUNCE: (counts.short_stays, came),
        LeagueFigure.ENGAGED: (counts.long_stays, came),
    }[figure]
    return _share(part, whole)


def compare_stores(now: Mapping[str, Spread | None], before: Mapping[str, Spread | None]) -> list[LeagueRow]:
    """Stores by their figure, largest first; those that are not alike in both periods at last, by name."""
    alike = {store: spread for store, spread in now.items() if spread is not None and before.get(store) is not None}
    found = {s: difference(spread, was) for s, spread in alike.items() if (was := before[s]) is not None}
    changes = control_false_discoveries(found)
    rows = (
        [LeagueRow(r.name, now[r.name], before[r.name], changes[r.name], r.best, r.worst) for r in rank(alike)]
        if alike
        else []
    )
    others = sorted(store for store in now if store not in alike)
    return rows + [LeagueRow(store, now[store], before.get(store), None) for store in others]


def _share(part: int | None, whole: int | None) -> Spread | None:
    """Of a share with one more of either kind (Agresti and Coull 1998): none of ten is not surely none."""
    if part is None or not whole:
        return None
    p = (part + 1) / (whole + 2)
    return Spread(part / whole, 0.0, 0.0, p * (1 - p) / whole)


def _rate(events: int | None, of: int | None) -> Spread | None:
    if events is None or not of:
        return None
    value = events / of
    return Spread(value, 0.0, 0.0, max(1, events) / of**2 + value**2 / of)
