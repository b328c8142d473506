"""What indicators are made of: counts of a store, or of a part of it, over a period. None where nobody counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.presence.expected.figures import Spread, ZoneSums
from engine.presence.expected.rows import TILL, ExpectedRow, StayLength


@dataclass(frozen=True, slots=True)
class FunnelCounts:
    """People of a period who came as far: through the door, to the zone, to the product in it, to the till with it.

    Each is part of the one before.
    """

    entered: int
    zone: int
    product: int
    till: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a period. Devices and people are whole numbers and count each once; visits, stops and dwell are expected ones
    (`engine.presence.expected`) with their spread.

    `devices_heard`: at the store, inside or passing; `came_in`: for at least `PASSING_S`; `short_stays`, `long_stays`:
    of those, shorter than `BOUNCE_S`, at least `ENGAGED_S`. `shoppers` are profiles that agreed to statistics,
    `shoppers_again` those who came on two days at least, `shopper_days` days on which they came. `transactions` at
    tills, `door_count` people by a door counter. `stops` at a product, of `passes` through its zone; `stop_buyers` of
    `stop_shoppers` who stopped and whose receipts are known. `waiting` people are at tills at once, each for `wait`
    seconds.
    """

    devices_heard: int | None = None
    came_in: int | None = None
    short_stays: int | None = None
    long_stays: int | None = None
    dwell: Spread | None = None
    visits: Spread | None = None
    shoppers: int | None = None
    shoppers_again: int | None = None
    shopper_days: int | None = None
    transactions: int | None = None
    door_count: int | None = None
    stops: Spread | None = None
    passes: Spread | None = None
    stop_shoppers: int | None = None
    stop_buyers: int | None = None
    funnel: FunnelCounts | None = None
    waiting: Spread | None = None
    wait: Spread | None = None


def add_counts(a: Counts, b: Counts) -> Counts:
    """Of two groups of different people together. What one of them did not count is not known of both; a mean (of
    dwell, of waiting) is no sum, so that it must be worked out of the sums of both (`ZoneSums`)."""

    def both(x: int | None, y: int | None) -> int | None:
        return None if x is None or y is None else x + y

    def spreads(x: Spread | None, y: Spread | None) -> Spread | None:
        if x is None or y is None:
            return None
        common = (x.common_var**0.5 + y.common_var**0.5) ** 2  # one map is wrong for both
        sample, chance = x.sample_var + y.sample_var, x.chance_var + y.chance_var
        return Spread(x.value + y.value, x.known_var + y.known_var, common, sample, chance)

    numbers: dict[str, Any] = {name: both(getattr(a, name), getattr(b, name)) for name in _NUMBERS}
    sums: dict[str, Any] = {name: spreads(getattr(a, name), getattr(b, name)) for name in _SPREADS}
    funnel = None
    if a.funnel is not None and b.funnel is not None:
        funnel = FunnelCounts(*(getattr(a.funnel, n) + getattr(b.funnel, n) for n in FunnelCounts.__slots__))
    return Counts(**numbers, **sums, funnel=funnel)


_NUMBERS = (
    *("devices_heard", "came_in", "short_stays", "long_stays", "shoppers", "shoppers_again", "shopper_days"),
    *("transactions", "door_count", "stop_shoppers", "stop_buyers"),
)
_SPREADS = ("visits", "stops", "passes", "waiting")


def store_counts(rows: Iterable[ExpectedRow], open_s: float) -> Counts:
    """What rows of a store tell of a period of which it was open for `open_s`; the rest is counted elsewhere."""
    held = list(rows)
    stays = {kind: round(sum(row.visits for row in held if row.zone == kind.value)) for kind in StayLength}
    short, long = stays[StayLength.SHORT], stays[StayLength.LONG]
    came_in = short + stays[StayLength.MIDDLE] + long
    tills = ZoneSums.of(row for row in held if row.zone.startswith(TILL))
    time = tills.time(tills.dwell_s)
    waiting = Spread(
        time.value / open_s, time.known_var / open_s**2, time.common_var / open_s**2, time.sample_var / open_s**2
    )
    return Counts(
        devices_heard=came_in + stays[StayLength.PASSED],
        came_in=came_in,
        short_stays=short,
        long_stays=long,
        waiting=waiting if tills.visits else None,
        wait=tills.mean_dwell(),
    )
