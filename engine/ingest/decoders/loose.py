"""Records as they come in a list, each for itself, and values that several systems spell in the same odd way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeVar

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import json_kind
from engine.ingest.decoders.columns import RSSI_END_DBM, RSSI_MIN_DBM
from engine.ingest.decoders.heard import ABSENT, Decoded, VendorIdentity
from engine.ingest.decoders.macs import colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, number
from engine.vocabulary import RecordRefusal

T = TypeVar("T")

_LONGEST_ADDRESS = 64  # characters
MOST_RECORDS = 100_000
STALE_S = 300.0
"""What was last heard longer ago than this says nothing of where a phone is. Controllers keep a phone in their list for
about as long after its last frame."""


def read_each(records: Iterable[T], read: Callable[[T], None], out: Decoded) -> None:
    """Reads every record, each for itself. Those that give nothing are counted in `out`. Raises MessageRefused,
    `too_large`, where there are more than any message of the size that we take can have."""
    for count, record in enumerate(records):
        if count >= MOST_RECORDS:
            raise MessageRefused(RecordRefusal.TOO_LARGE, f"more than {MOST_RECORDS} records")
        try:
            read(record)
        except RecordUnusable as unusable:
            out.refuse(unusable.reason)


def as_list(value: Any) -> list[Any]:
    """A list as it is, one object as a list of one. Raises MessageRefused, `bad_shape`."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise MessageRefused(RecordRefusal.BAD_SHAPE, f"a JSON {json_kind(value)} where records should be")


def fields(record: Any) -> dict[str, Any]:
    """A record that is an object. Raises RecordUnusable, `bad_shape`."""
    if not isinstance(record, dict):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    return record


def first(said: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The value of the first of these names that has one; None where none has."""
    for name in names:
        value = said.get(name)
        if value is not None:
            return value
    return None


def require_ap(ap: str) -> str:
    """An access point's name. Raises RecordUnusable, `no_ap`, where it is empty."""
    if not ap:
        raise RecordUnusable(RecordRefusal.NO_AP)
    return ap


def looks_like_mac(text: str) -> bool:
    """Whether a text is meant as a MAC, be it one that no device has: to tell keys that are MACs from other keys."""
    return len(text) == 17 and text[2] in ":-" and text[2::3] == text[2] * 5


def to_signed_32(value: Any) -> Any:
    """The number that was meant where a negative one was written as 32 bits without a sign."""
    return value - 2**32 if type(value) is int and 2**31 <= value < 2**32 else value


def age_s(milliseconds: Any) -> float:
    """How long ago, in seconds; NaN where none is given. What is longer than 24 days is a 32-bit number for "never"."""
    age_ms = number(milliseconds)
    return age_ms / 1000 if 0 <= age_ms < 2**31 else ABSENT


def rcpi_dbm(rcpi: float, rsni: float) -> float:
    """dBm of a beacon report's RCPI (802.11-2020, 9.4.2.37: half decibels above -110, 0 to 220; 255 is none).

    Phones of Apple report RSNI 0 and an RCPI on a scale of their own, dBm + 255, as usteer knows too: it is taken where
    it gives a level that a radio hears. Raises RecordUnusable, `bad_rssi`.
    """
    if rsni == 0 and RSSI_MIN_DBM <= rcpi - 255 < RSSI_END_DBM:
        return rcpi - 255
    if not 0 <= rcpi <= 220:
        raise RecordUnusable(RecordRefusal.BAD_RSSI)
    return dbm(rcpi / 2 - 110)


def address(value: Any) -> str:
    """An IP address that a device has; empty for none, for `0.0.0.0` and for anything else."""
    return spell_address(value) if isinstance(value, str) and len(value) <= _LONGEST_ADDRESS else ""


@lru_cache(maxsize=10_000)
def spell_address(text: str) -> str:
    """As `address`, remembered until `forgetting` forgets it."""
    try:
        ip = ip_address(text.strip())
    except ValueError:
        return ""
    return "" if ip.is_unspecified else str(ip)


def identify(mac: str, user: str, ip: Any, out: Decoded) -> None:
    """Notes who a phone is known as, and its IP address, each where it is given. A name that is a MAC is nobody's: MAC
    authentication makes it."""
    who = VendorIdentity(mac, "" if colon_mac(user) else user, address(ip))
    if (who.user or who.ip) and who not in out.identities[-1:]:
        out.identities.append(who)


def reference_time(received_at: float, times: Iterable[float]) -> float:
    """The time by which what is stale is judged: that of receipt, or the newest of a message where nobody knows it."""
    if math.isfinite(received_at):
        return received_at
    return max((t for t in times if math.isfinite(t)), default=ABSENT)
