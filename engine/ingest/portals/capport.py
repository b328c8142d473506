"""Answers of a captive portal's API, RFC 8908: made for ours, and checked for anybody's."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.vocabulary import CapportFlaw

MEDIA_TYPE = "application/captive+json"
_ADDRESSES = ("user-portal-url", "venue-info-url")
_AMOUNTS = ("seconds-remaining", "bytes-remaining")


@dataclass(frozen=True, slots=True)
class CapportAnswer:
    """What an answer says. `captive` is None where it does not; `flaws` is empty where all is as RFC 8908 has it."""

    captive: bool | None = None
    portal_url: str | None = None
    venue_url: str | None = None
    seconds_remaining: float | None = None
    flaws: tuple[CapportFlaw, ...] = ()


def capport_body(captive: bool, portal_url: str, venue_url: str, seconds_remaining: int | None) -> dict[str, Any]:
    """The answer for one phone. Seconds are left out where nobody counts them."""
    body: dict[str, Any] = {"captive": captive, "user-portal-url": portal_url, "venue-info-url": venue_url}
    if seconds_remaining is not None and not captive:
        body |= {"seconds-remaining": max(0, seconds_remaining), "can-extend-session": True}
    return body


def read_capport(body: bytes, headers: Mapping[str, str] | None = None) -> CapportAnswer:
    """Reads and judges an answer; without headers the media type is not judged. Unknown keys are ignored, as they must
    be. Raises nothing."""
    flaws = _media_flaws(headers)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return CapportAnswer(flaws=(*flaws, CapportFlaw.NOT_JSON))
    if not isinstance(said, dict):
        return CapportAnswer(flaws=(*flaws, CapportFlaw.NOT_AN_OBJECT))
    captive = said.get("captive")
    if not isinstance(captive, bool):
        flaws += (CapportFlaw.NO_CAPTIVE,)
    seconds, urls = said.get("seconds-remaining"), [said.get(name) for name in _ADDRESSES]
    amounts = all(name not in said or _is_amount(said[name]) for name in _AMOUNTS)
    extends = isinstance(said.get("can-extend-session", False), bool)
    if not amounts or not extends or not all(url is None or _is_url(url) for url in urls):
        flaws += (CapportFlaw.BAD_VALUE,)
    elif any(url is not None and not url.lower().startswith("https://") for url in urls):
        flaws += (CapportFlaw.PLAIN_HTTP,)
    portal, venue = (url if isinstance(url, str) else None for url in urls)
    left = seconds if _is_amount(seconds) else None
    return CapportAnswer(captive if isinstance(captive, bool) else None, portal, venue, left, flaws)


def _media_flaws(headers: Mapping[str, str] | None) -> tuple[CapportFlaw, ...]:
    if headers is None:
        return ()
    given = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
    return () if given.partition(";")[0].strip().lower() == MEDIA_TYPE else (CapportFlaw.BAD_MEDIA_TYPE,)


def _is_amount(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))
