"""Times on the wire: RFC 3339 in UTC with milliseconds; inside, float seconds."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def rfc3339(t: float) -> str:
    """`t` (seconds UTC) as `2026-11-22T10:30:00.000Z`."""
    return dt.datetime.fromtimestamp(t, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_day(t: float, timezone: str) -> str:
    """The day it is at a time (s UTC) in a store, as `2026-11-28`."""
    return dt.datetime.fromtimestamp(t, ZoneInfo(timezone)).date().isoformat()
