"""Single values as shop systems write them: amounts as text, identifiers as numbers, times with and without a zone.

Each gives a good value or raises `RecordUnusable` with the reason to count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from engine.commerce.records import OrderLine, ShopEvent
from engine.ingest.decoders.heard import ABSENT
from engine.ingest.decoders.values import RecordUnusable, number
from engine.ingest.shops.checks import check_event
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.plain import AMOUNT_MAX, MOST_LINES, text
from engine.plan.currencies import EXPONENTS
from engine.vocabulary import OrderState, RecordRefusal

_LONGEST = 200  # characters of an identifier or a name
_TIME_MAX_S = 1e11
_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(?:[.,][0-9]{0,18})?")
_MICROS = 1_000_000
REFERENCE = "rayon_request"
"""Under which name an order of another system says which request of ours it answers."""
_STATES = tuple(OrderState)


def name(value: object) -> str:
    """The same of a name for people, cut where it is too long."""
    return text(value[:_LONGEST] if isinstance(value, str) else value)


def identifier(value: object) -> str:
    """The same; raises `no_id` where there is none. Zero is none."""
    said = text(value)
    if said in ("", "0"):
        raise RecordUnusable(RecordRefusal.NO_ID)
    return said


def decimal(value: object) -> Decimal:
    """A decimal number from a number or text, with a point or comma. Raises `bad_amount`."""
    kind = type(value)
    said = repr(value) if kind in (int, float) else value if isinstance(value, str) else ""
    if len(said) > 40 or not _DECIMAL.fullmatch(said.strip()):
        raise RecordUnusable(RecordRefusal.BAD_AMOUNT)
    try:
        return Decimal(said.strip().replace(",", "."))
    except InvalidOperation:
        raise RecordUnusable(RecordRefusal.BAD_AMOUNT) from None


def currency(value: object, told: ShopTold) -> str:
    """A currency of ISO 4217: as it is written, by the source's number of it, or the one told. Raises
    `unknown_currency`."""
    said = text(value)
    code = told.currencies.get(said, said or told.currency).upper()
    if code not in EXPONENTS:
        raise RecordUnusable(RecordRefusal.UNKNOWN_CURRENCY)
    return code


def minor(value: object, code: str) -> int:
    """An amount in the currency's smallest unit; what is finer is rounded, half to even. Raises `bad_amount`."""
    return in_minor(decimal(value), code)


def in_minor(amount: Decimal, code: str) -> int:
    """The same of a number."""
    whole = int((amount * 10 ** EXPONENTS[code]).to_integral_value(ROUND_HALF_EVEN))
    if abs(whole) > AMOUNT_MAX:
        raise RecordUnusable(RecordRefusal.BAD_AMOUNT)
    return whole


def milli(value: object) -> int:
    """A quantity in thousandths. Raises `bad_amount`."""
    whole = int((decimal(value) * 1000).to_integral_value(ROUND_HALF_EVEN))
    if abs(whole) > AMOUNT_MAX:
        raise RecordUnusable(RecordRefusal.BAD_AMOUNT)
    return whole


def time_s(value: object, zone: ZoneInfo) -> float:
    """Seconds UTC of an ISO 8601 time or of seconds; a time without a zone is in `zone`. Raises `bad_time`."""
    found = number(value) if not isinstance(value, str) else _written_time(value, zone)
    if not 0 < found < _TIME_MAX_S:
        raise RecordUnusable(RecordRefusal.BAD_TIME)
    return found


def _written_time(written: str, zone: ZoneInfo) -> float:
    try:
        found = datetime.fromisoformat(written.strip())
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        return ABSENT


def version_of(changed_s: float, rank: int = 0) -> int:
    """Microseconds of the last change. `rank` tells changes of one second apart, where the source's clock does not."""
    return int(changed_s * _MICROS) + rank


def state_rank(state: OrderState) -> int:
    """How far an order is, as a number."""
    return _STATES.index(state)


def place(value: object, told: ShopTold) -> str:
    """The store of a location; empty for none. Raises `unknown_place` for one that nobody told of."""
    said = text(value)
    if not said:
        return ""
    if said not in told.places:
        raise RecordUnusable(RecordRefusal.UNKNOWN_PLACE)
    return told.places[said]


def known_place(said: Iterable[object], told: ShopTold) -> str:
    """The store of the first of these names that is told of; empty where none is: a way of delivery is no location."""
    return next((told.places[name] for name in map(text, said) if name in told.places), "")


def records(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; none for null. Raises `bad_shape`: an order of which a line is lost is none."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_LINES or any(type(one) is not dict for one in value):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    return value


def total(lines: Iterable[OrderLine]) -> int:
    """What the lines come to."""
    return sum(line.amount_minor for line in lines)


def add_whole(into: ShopDecoded, found: Iterable[ShopEvent]) -> None:
    """Adds all that one record says, or counts why it says nothing: a purchase comes with its order, or not at all."""
    try:
        events = list(found)
        for event in events:
            check_event(event)
        into.events += events
    except RecordUnusable as unusable:
        into.refuse(unusable.reason, unusable.wrong)
