"""What indicators are made of: counts of a store, or of a part of it, over a period. None where nobody counted."""

from __future__ import annotations

from dataclasses import dataclass

from engine.presence.expected.figures import Spread


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
    `stop_shoppers` who stopped and whose receipts are known. `waiting` at tills at the moment, `waits_s` of those who
    were served.
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
    waits_s: tuple[float, ...] = ()
