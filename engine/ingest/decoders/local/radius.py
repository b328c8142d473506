"""RADIUS accounting, as FreeRADIUS passes it on: who joined and who left, with the name that they signed in with.

Three forms: `rest` posts attributes as `{type, value: [..]}`, or with single values; forms of `name=value`; and lines
that an administrator's `linelog` writes, whose `columns` the source is told. Attributes are those of RFC 2866, 2869 and
3580.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import json_value
from engine.ingest.decoders.heard import ABSENT, EVERYBODY, Decoded, Told, VendorMessage, VendorSession
from engine.ingest.decoders.local.linelog import read_lines
from engine.ingest.decoders.loose import as_list, fields, identify, read_each
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import RecordUnusable, epoch_s, number, phone_mac
from engine.vocabulary import RecordRefusal, SourceSession

READ = frozenset(
    (
        "Acct-Session-Id",
        "Acct-Session-Time",
        "Acct-Status-Type",
        "Acct-Delay-Time",
        "Called-Station-Id",
        "Calling-Station-Id",
        "Chargeable-User-Identity",
        "Event-Timestamp",
        "Framed-IP-Address",
        "NAS-IP-Address",
        "NAS-IPv6-Address",
        "NAS-Identifier",
        "NAS-Port-Type",
        "User-Name",
    )
)
"""The attributes that are read. Huawei's own, with densities and places, are not: nobody says what they mean."""
CHANGES: Mapping[str, SourceSession] = {
    "start": SourceSession.CONNECT,
    "1": SourceSession.CONNECT,
    "stop": SourceSession.DISCONNECT,
    "2": SourceSession.DISCONNECT,
    "interim-update": SourceSession.UPDATE,
    "alive": SourceSession.UPDATE,
    "3": SourceSession.UPDATE,
}
ONCE = ("Acct-Session-Id", "Acct-Status-Type", "Calling-Station-Id", "Event-Timestamp", "Acct-Session-Time")
"""What no two requests have in common, but for one that is sent again; without the first it is not looked at."""
RESTARTS = frozenset(("accounting-on", "accounting-off", "7", "8"))
"""The network access server starts or stops: all its sessions are over."""
ON_CABLE = frozenset(("ethernet", "15", "fast-ethernet", "gigabit-ethernet"))
ANONYMOUS = re.compile(r"(anonymous|anon|)(@.*)?", re.IGNORECASE)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
OUR_ZONES = frozenset(("utc", "gmt", "z"))

_DATE = re.compile(r"(\w{3})\s+(\d{1,2})\s+(\d{4})\s+(\d\d):(\d\d):(\d\d)\s+(\w+)")
_STATION = re.compile(
    r"([0-9a-f]{12}|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|[0-9a-f]{4}(?:[.:-][0-9a-f]{4}){2})(?::(.*))?",
    re.IGNORECASE | re.DOTALL,
)
_MOST_ATTRIBUTES = 1000
_LONGEST = 80  # characters of what is remembered

Attributes = Mapping[str, str]


def decode_radius(message: VendorMessage, told: Told) -> Decoded:
    """One request, several, or lines. Raises MessageRefused: `not_json`, `bad_shape`, `too_large`."""
    out = Decoded()

    seen: set[tuple[str | None, ...]] = set()

    def read(record: Any) -> None:
        said = record if isinstance(record, _Lines) else _attributes(fields(record))
        once = tuple(map(said.get, ONCE))
        if once[0] and once in seen:  # sent again by a server that got no answer
            raise RecordUnusable(RecordRefusal.DUPLICATE)
        seen.add(once)
        _read(said, message.received_at, out)

    read_each(_records(message, told), read, out)
    return out


class _Lines(dict[str, str]):
    """Attributes that a line gave."""


def _records(message: VendorMessage, told: Told) -> list[Any]:
    if "columns" in told.options:
        return [_Lines(line) for line in read_lines(message.body, told.options)]
    try:
        return as_list(json_value(message.body))
    except MessageRefused as refusal:
        if refusal.reason != RecordRefusal.NOT_JSON or b"Acct-Status-Type=" not in message.body:
            raise
    try:
        pairs = parse_qsl(message.body.decode(), max_num_fields=_MOST_ATTRIBUTES)
    except (ValueError, UnicodeError):
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "a form that cannot be read") from None
    return [_Lines(pairs)]


def _attributes(said: dict[str, Any]) -> Attributes:
    """Attributes as texts by their names, whichever form they have. Those with several values have their first."""
    out = {}
    for name, value in said.items():
        if name not in READ:
            continue
        if type(value) is dict:
            value = value.get("value")
        if type(value) is list and value:
            value = value[0]
        kind = type(value)
        if kind is str:
            out[name] = value.strip()
        elif kind is int or kind is float:
            out[name] = str(value)
    return out


def _read(said: Attributes, received_at: float, out: Decoded) -> None:
    status = said.get("Acct-Status-Type", "").lower()
    t = _time(said, received_at)
    if status in RESTARTS:
        server = said.get("NAS-IP-Address") or said.get("NAS-IPv6-Address") or said.get("NAS-Identifier", "")
        out.sessions.append(VendorSession(EVERYBODY, SourceSession.DISCONNECT, t, server))
        return
    change = CHANGES.get(status)
    if change is None:  # requests for access, tunnels, failures
        out.ignored += 1
        return
    port = said.get("NAS-Port-Type", "").lower()
    if port in ON_CABLE:
        raise RecordUnusable(RecordRefusal.WIRED)
    mac = phone_mac(said.get("Calling-Station-Id"))
    ap, ssid = _read_station(said.get("Called-Station-Id", ""))
    out.sessions.append(VendorSession(mac, change, t, ap, ssid))
    identify(mac, _user(said), said.get("Framed-IP-Address"), out)


def _read_station(station: str) -> tuple[str, str]:
    """(access point, SSID) of a Called-Station-Id. The SSID may hold colons, or be empty."""
    return _known_called(station) if len(station) <= _LONGEST else _split_called(station)


def _split_called(station: str) -> tuple[str, str]:
    found = _STATION.fullmatch(station.strip())
    if found:
        return ap_name(found[1]), found[2] or ""
    name, _, ssid = station.partition(":")
    return name.strip(), ssid


_known_called = lru_cache(maxsize=1_000)(_split_called)  # the shop's own access points and networks


def _user(said: Attributes) -> str:
    """Who signed in; where the outer name of a tunnel is anonymous, the identity that is charged (RFC 4372), if any."""
    name = said.get("User-Name", "")
    if ANONYMOUS.fullmatch(name):
        name = said.get("Chargeable-User-Identity", "")
    return name


def _time(said: Attributes, received_at: float) -> float:
    """When it happened: as the server says, else as long before receipt as it waited. NaN for receipt."""
    given = said.get("Event-Timestamp", "")
    if given:
        return _known_date(given) if len(given) <= _LONGEST else _date(given)
    delay_s = number(said.get("Acct-Delay-Time"))
    return received_at - delay_s if 0 < delay_s < 86_400 else ABSENT


def _date(given: str) -> float:
    """`Nov 28 2026 10:00:18 UTC`, as FreeRADIUS prints it, seconds, or ISO 8601. NaN for a zone that only the server
    knows. Raises RecordUnusable, `bad_time`."""
    found = _DATE.fullmatch(given)
    if found is None:
        return epoch_s(given)
    if found[7].lower() not in OUR_ZONES:
        return ABSENT
    try:
        month = MONTHS.index(found[1].lower()) + 1
        day, year, hour, minute, second = (int(found[i]) for i in (2, 3, 4, 5, 6))
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        raise RecordUnusable(RecordRefusal.BAD_TIME) from None


_known_date = lru_cache(maxsize=256)(_date)  # many sessions say something within a second
