"""When an SMS with an offer may be sent: not at night, on Sundays or on public holidays. Engineering input, not advice.

The hours are those of the French operators' rules for marketing messages, on top of the opt-in of L.34-5 CPCE; the
holidays those of L.3133-1 of the Code du travail.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from engine.vocabulary import Channel

FIRST_HOUR, LAST_HOUR = 8, 22
_FIXED = frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)})
_AFTER_EASTER = (1, 39, 50)
"""Easter Monday, Ascension and Whit Monday, in days after Easter."""


def channel_open(channel: Channel, now: float, timezone: ZoneInfo) -> bool:
    """Whether an offer may go out on a channel at a time (s UTC), by the shop's clock."""
    return channel is not Channel.SMS or is_sms_allowed(dt.datetime.fromtimestamp(now, timezone))


def is_sms_allowed(at: dt.datetime) -> bool:
    """Whether an SMS may go out at a local time: from 8:00 to before 22:00, on no Sunday and no public holiday."""
    return FIRST_HOUR <= at.hour < LAST_HOUR and at.weekday() != 6 and not is_holiday(at.date())


def is_holiday(day: dt.date) -> bool:
    """Whether a day is a public holiday in France."""
    moving = {easter(day.year) + dt.timedelta(days=n) for n in _AFTER_EASTER}
    return (day.month, day.day) in _FIXED or day in moving


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    w = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * w) // 451
    month, day = divmod(h + w - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)
