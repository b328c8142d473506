"""What happened in the store, person by person: visits, stops at products, what was paid; from the days of a year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.plan.model import Plan
from simulators.year.year import DayOut, Year


@dataclass(frozen=True, slots=True)
class ShelfStop:
    """A stay at a product, s UTC; `bought`: it was paid for on this visit."""

    sku: str
    since: float
    until: float
    bought: bool


@dataclass(frozen=True, slots=True)
class TripStay:
    """A stay in a zone, s UTC."""

    zone: str
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class ShopTrip:
    """One visit of one person (their number). `followed`: the phone is connected and its owner agreed to offers by now.
    `paid_at` and `till`: where something was bought; all times s UTC."""

    name: str
    who: int
    entered_at: float
    left_at: float
    connected: bool
    followed: bool
    stops: tuple[ShelfStop, ...]
    stays: tuple[TripStay, ...]
    paid_at: float | None
    till: str

    @property
    def bought(self) -> tuple[ShelfStop, ...]:
        """The stops that ended in the basket and at the till."""
        return tuple(stop for stop in self.stops if stop.bought)


def day_visits(year: Year, out: DayOut, day: int) -> Iterator[ShopTrip]:
    """The visits of a day, by arrival: of who leads a group, since those who come along have no account here."""
    plan, n = year.plan, len(out.arrive_s)
    stops, stays = _stops(plan, out, n), _stays(plan, out, n)
    paid, tills = out.payments.paid_s, year.floor.till_names
    for i in np.argsort(out.arrive_s, kind="stable").tolist():
        pays = out.payments.till[i] >= 0
        yield ShopTrip(
            f"d{day + 1}-{out.crowd.names[i]}-{int(out.arrive_s[i])}",
            int(out.crowd.shopper[i]),
            whole(out.start_t + out.arrive_s[i]),
            whole(out.start_t + out.left_s[i]),
            bool(out.crowd.connected[i]),
            bool(out.consenting[i]),
            tuple(stops[i]),
            tuple(stays[i]),
            whole(out.start_t + paid[i]) if pays else None,
            str(tills[out.payments.till[i]]) if pays else "",
        )


def whole(t: float) -> float:
    """To the second: that is what every shop system writes."""
    return float(int(t))


def _stops(plan: Plan, out: DayOut, n: int) -> list[list[ShelfStop]]:
    found: list[list[ShelfStop]] = [[] for _ in range(n)]
    columns = (out.stops.who, out.stops.product, out.stops.since_s, out.stops.until_s, out.kept)
    for who, product, since, until, kept in zip(*(column.tolist() for column in columns), strict=True):
        stop = ShelfStop(plan.products[product].sku, whole(out.start_t + since), whole(out.start_t + until), kept)
        found[who].append(stop)
    return found


def _stays(plan: Plan, out: DayOut, n: int) -> list[list[TripStay]]:
    found: list[list[TripStay]] = [[] for _ in range(n)]
    columns = (out.stays.person, out.stays.zone, out.stays.since, out.stays.until)
    for person, zone, since, until in zip(*(column.tolist() for column in columns), strict=True):
        if person < n:
            found[person].append(TripStay(plan.zones[zone].id, float(since), float(until)))
    return [sorted(stays, key=lambda stay: (stay.since, stay.zone)) for stays in found]
