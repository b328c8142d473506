"""Times and durations as people of each language write them, by the store's clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from api.texts.catalogue import words
from api.texts.language import Language


def duration(seconds: float | None, lang: Language) -> str:
    """`45 s`, then `2 min 05` and `1 h 10` in French, `2 min 5 s` and `1 h 10 min` in English; a dash for None."""
    if seconds is None:
        return "–"
    t, whole = words(lang), round(seconds)
    pad = 2 if lang == "fr" else 1
    if whole < 60:
        said = t.units.seconds.format(s=whole)
    elif whole < 3600:
        said = t.units.minutes.format(m=whole // 60, s=f"{whole % 60:0{pad}d}")
    else:
        said = t.units.hours.format(h=whole // 3600, m=f"{whole % 3600 // 60:0{pad}d}")
    return said.replace(" ", "\u00a0")


def clock(t: float, timezone: str, *, seconds: bool = False) -> str:
    """The time of day in the store."""
    return _local(t, timezone).strftime("%H:%M:%S" if seconds else "%H:%M")


def hour(h: int, lang: Language) -> str:
    """An hour of the day: `9 h` in French, `09:00` in English; 24 is the end of the day."""
    return f"{h}\u00a0h" if lang == "fr" else f"{h:02d}:00"


def year(t: float, timezone: str) -> str:
    """The year in the store: `2025`."""
    return str(_local(t, timezone).year)


def short_date(at: float, timezone: str, lang: Language) -> str:
    """The day in the store: `21 nov.` or `21 Nov`."""
    t, day = words(lang), _local(at, timezone)
    return f"{_day(day, lang)}\u00a0{t.months_short[f'm{day.month}']}"


def near_date(at: float, now: float, timezone: str, lang: Language) -> str:
    """The same, with its year where that is not the year of `now`: `28 nov. 2027`."""
    day, of = short_date(at, timezone, lang), year(at, timezone)
    return day if of == year(now, timezone) else f"{day}\u00a0{of}"


def moment(t: float, timezone: str, lang: Language) -> str:
    """Day and time in the store: `28 novembre 2026, 14:05`."""
    return f"{long_date(_local(t, timezone).date(), lang)}, {clock(t, timezone)}"


def long_date(day: dt.date, lang: Language) -> str:
    """`28 novembre 2026` or `28 November 2026`."""
    t = words(lang)
    return f"{_day(day, lang)}\u00a0{t.months[f'm{day.month}']}\u00a0{day.year}"


def _day(day: dt.date, lang: Language) -> str:
    return "1er" if lang == "fr" and day.day == 1 else str(day.day)


def _local(t: float, timezone: str) -> dt.datetime:
    return dt.datetime.fromtimestamp(t, ZoneInfo(timezone))
