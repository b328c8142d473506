"""The `rayon` member of a plan: which store this is, its clock, its money, its place on Earth."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from typing import Any

from engine.plan.currencies import CURRENCIES
from engine.plan.fields import Field, closest, number, optional, read_object, show, text
from engine.plan.findings import Findings, WrongValueError
from engine.plan.model import Anchor

VERSION = 1


@dataclass(frozen=True, slots=True)
class Header:
    """What the `rayon` member says."""

    store: str
    name: str
    timezone: str
    currency: str
    anchor: Anchor | None


def _version(value: Any) -> int:
    if isinstance(value, bool) or value != VERSION:
        raise WrongValueError(f"{show(value)} is not a version this Rayon reads", f"{VERSION}")
    return VERSION


_NO_PLACE = frozenset({"Factory", "localtime", "posixrules"})
"""What the time zone database has besides zones: a machine that was not set up, or whatever it was set to."""


def _timezone(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValueError(f"{show(value)} is not a time zone", 'like "Europe/Paris"')
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        if not known:
            raise WrongValueError("this machine has no time zones", "pip install tzdata") from None
        raise WrongValueError(
            f"{show(value)} is not a time zone", _like_or(value, known, 'like "Europe/Paris"')
        ) from None
    if value in _NO_PLACE:
        raise WrongValueError(f"{show(value)} is no place's time", 'like "Europe/Paris"')
    return value


def _currency(value: Any) -> str:
    if not isinstance(value, str) or value not in CURRENCIES:
        raise WrongValueError(f"{show(value)} is not a currency", "an ISO 4217 code in capitals, like EUR")
    return value


def _like_or(value: str, known: set[str], otherwise: str) -> str:
    guess = closest(value, known) if known else otherwise
    return guess if guess.startswith("did you") else otherwise


_STORE_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_HEADER = {
    "version": Field(_version),
    # The store's id stands in MQTT topics and in URLs.
    "store": Field(text(at_most=64, pattern=_STORE_NAME, like="supermarket")),
    "name": Field(text()),
    "timezone": Field(_timezone),
    "currency": Field(_currency),
    "anchor": optional(lambda value: value),
}
_ANCHOR = {"lon": Field(number(-180, 180)), "lat": Field(number(-90, 90)), "bearing_deg": Field(number(-360, 360))}


def is_store_name(name: str) -> bool:
    """Whether a store may be called so, and with it its folder."""
    return len(name) <= 64 and re.fullmatch(_STORE_NAME, name) is not None


def read_header(raw: Any, findings: Findings) -> Header | None:
    """The header, or None when anything in it was wrong."""
    values = read_object(raw, _HEADER, "rayon", findings)
    anchor = None
    if isinstance(raw, dict) and raw.get("anchor") is not None:
        found = read_object(raw["anchor"], _ANCHOR, "rayon.anchor", findings)
        if found is None:
            return None
        anchor = Anchor(**found)
    if values is None:
        return None
    return Header(values["store"], values["name"], values["timezone"], values["currency"], anchor)
