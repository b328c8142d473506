"""What a page of figures was asked for, out of its address: leniently for people, who read what was changed and why,
strictly for programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from api.managers.overlay import ground_level
from api.managers.reports import BadPeriod
from api.managers.spans.days import Bucket, Comparison, DaySpan
from engine.plan.model import Plan

LONGEST_DAYS = 366
EARLIEST = dt.date(1970, 1, 3)
LATEST = dt.date(2199, 12, 30)
DEFAULT_DAYS = 7
Choice = TypeVar("Choice", bound=StrEnum)


class View(StrEnum):
    """A page of figures."""

    HEAT = "heat"
    ZONES = "zones"
    PRODUCTS = "products"
    FLOWS = "flows"
    HOURS = "hours"
    TREND = "trend"
    FUNNEL = "funnel"
    ROPO = "ropo"
    ROPO_UPLIFT = "ropo_uplift"
    CHANNEL_UPLIFT = "channel_uplift"
    QUEUE = "queue"


class NoteCode(StrEnum):
    """What a reader has to know of the figures, or of what was asked, each with what to do."""

    # what was asked could not be had
    BAD_DATE = "bad_date"
    SWAPPED = "swapped"
    TOO_LONG = "too_long"
    FUTURE = "future"
    BAD_HOURS = "bad_hours"
    BAD_CHOICE = "bad_choice"
    ZONE_UNKNOWN = "zone_unknown"
    LEVEL_UNKNOWN = "level_unknown"
    PRODUCT_UNKNOWN = "product_unknown"
    OTHER_CLOCK = "other_clock"
    # of the figures
    NO_READINGS = "no_readings"
    EMPTY = "empty"
    BEFORE_FIRST = "before_first"
    RUNNING = "running"
    SHORT_DAY = "short_day"
    ZONES_GONE = "zones_gone"
    PLAN_CHANGED = "plan_changed"
    NO_REFERENCE = "no_reference"
    FEWER_REFERENCES = "fewer_references"
    REFERENCE_BEFORE_FIRST = "reference_before_first"
    NO_HEAT = "no_heat"
    LAST_FIGURES = "last_figures"
    NOT_RANKED = "not_ranked"
    NEVER_RANKED = "never_ranked"
    TOO_LITTLE = "too_little"
    NO_TILL_ZONE = "no_till_zone"
    COUNTED_ZONES = "counted_zones"
    COUNTED_BEFORE = "counted_before"
    FIRST_HOUR = "first_hour"
    COUPONS_ALL_HOURS = "coupons_all_hours"
    PRODUCTS_ALL_HOURS = "products_all_hours"
    NO_PRODUCTS = "no_products"
    NO_STOPS = "no_stops"
    STOPS_SINCE = "stops_since"
    NO_RECEIPTS = "no_receipts"
    RECEIPTS_IN_BLOCKS = "receipts_in_blocks"
    WHOLE_MONTHS = "whole_months"
    NOT_FOLLOWED = "not_followed"
    NO_VIEWS = "no_views"
    NOBODY_JOINED = "nobody_joined"
    NO_WAYS = "no_ways"
    NO_STEPS = "no_steps"


REFUSED = {
    NoteCode.BAD_DATE: f"a day from {EARLIEST} to {LATEST}",
    NoteCode.SWAPPED: "the last day is before the first: exchange them",
    NoteCode.TOO_LONG: f"{LONGEST_DAYS} days at most",
    NoteCode.BAD_HOURS: "such as 9-12, within 0 and 24",
    NoteCode.BAD_CHOICE: "no such choice",
}
"""What a program gets a 422 for instead of something else than it asked for, with what would be right."""


@dataclass(frozen=True, slots=True)
class Note:
    """One remark with what fills in its sentence. `at` is the field of the form that it is about, empty for none."""

    code: NoteCode
    values: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page with its period, comparison and filters. `sort` is the key of a column; `at` a moment of the playback."""

    view: View
    span: DaySpan
    compare: Comparison
    level: str
    zone: str | None = None
    by: Bucket = Bucket.DAY
    product: str | None = None
    category: str | None = None
    sort: str | None = None
    at: int | None = None
    notes: tuple[Note, ...] = ()

    def query(self, **changes: Any) -> str:
        """Its address's query; `changes` are values by name, None for left out."""
        low, high = self.span.hours
        said: dict[str, Any] = {
            "from": self.span.first.isoformat(),
            "to": self.span.last.isoformat(),
            "compare": None if self.compare is Comparison.NONE else self.compare.value,
            "level": self.level,
            "zone": self.zone,
            "product": self.product,
            "category": self.category,
            "hours": None if (low, high) == (0, 24) else f"{low}-{high}",
            "weekdays": ",".join(str(d) for d in sorted(self.span.weekdays)) or None,
            "by": None if self.by is Bucket.DAY else self.by.value,
            "sort": self.sort,
        }
        said |= {name.rstrip("_"): value for name, value in changes.items()}
        return urlencode({name: value for name, value in said.items() if value is not None})

    def of(self, view: View) -> AskedPage:
        """The same asked of another page."""
        return replace(self, view=view)


def read_asked(plan: Plan, view: View, given: Mapping[str, str], now: float, *, strict: bool = False) -> AskedPage:
    """What `given` (name to text) asks for at `now` (s UTC). Raises BadPeriod (422) where `strict`, and anything of it
    could not be had as it stands."""
    notes: list[Note] = []
    hours = _hours(given.get("hours", ""), notes)
    weekdays = _weekdays(given.get("weekdays", ""), notes)
    span = replace(_span(plan, given, now, notes), hours=hours, weekdays=weekdays)
    compare = _choice(Comparison, "compare", given.get("compare", ""), Comparison.NONE, notes)
    by = _choice(Bucket, "by", given.get("by", ""), Bucket.DAY, notes)
    product, category = _product(plan, given, notes)
    at_product = {} if product is None else {"level": plan.product_by_sku[product].level}
    level, zone = _place(plan, {**given, **at_product}, notes)
    refused = [note for note in notes if note.code in REFUSED]
    if strict and refused:
        raise BadPeriod("; ".join(_refusal(note) for note in refused))
    at = given.get("at", "")
    sort = given.get("sort", "")
    return AskedPage(
        view,
        span,
        compare,
        level,
        zone,
        by,
        product,
        category,
        sort if sort.isidentifier() and len(sort) <= 40 else None,
        int(at) if at.isdecimal() and at.isascii() and len(at) <= 6 else None,
        tuple(notes),
    )


def _refusal(note: Note) -> str:
    """What a program asked for wrongly: where, the code of the remark, and what would be right."""
    where = {"": "from, to", "since": "hours"}.get(note.at, note.at)
    return f"{where}: {REFUSED[note.code]} ({note.code.value})"


def _span(plan: Plan, given: Mapping[str, str], now: float, notes: list[Note]) -> DaySpan:
    today = dt.datetime.fromtimestamp(now, ZoneInfo(plan.timezone)).date()
    first, last = (_day(plan, name, given.get(name, ""), notes) for name in ("from", "to"))
    if last is None:
        last = today if first is None else max(first, today)
    if first is None:
        first = max(last - dt.timedelta(days=DEFAULT_DAYS - 1), EARLIEST)
    if first > last:
        notes.append(Note(NoteCode.SWAPPED))
        first, last = last, first
    if last > today:
        if first > today or given.get("to"):
            notes.append(Note(NoteCode.FUTURE, {"day": today}))
        shown = min(last, max(first, today)) if first <= today else today
        first = first if first <= today else today - dt.timedelta(days=DEFAULT_DAYS - 1)
        last = shown
    if (last - first).days >= LONGEST_DAYS:
        notes.append(Note(NoteCode.TOO_LONG, {"n": LONGEST_DAYS}))
        first = last - dt.timedelta(days=LONGEST_DAYS - 1)
    return DaySpan(first, last, plan.timezone, now)


def _day(plan: Plan, name: str, text: str, notes: list[Note]) -> dt.date | None:
    """A day, or a time of it: one with its distance from UTC is taken to the store's clock."""
    text = text.strip()
    if not text:
        return None
    try:
        if "T" not in text and " " not in text:
            day = dt.date.fromisoformat(text)
        else:
            moment = dt.datetime.fromisoformat(text.replace(" ", "+", 1) if text.count("T") else text)
            if moment.tzinfo is not None:
                there = moment.astimezone(ZoneInfo(plan.timezone))
                if there.utcoffset() != moment.utcoffset():
                    notes.append(Note(NoteCode.OTHER_CLOCK, {"zone": plan.timezone}))
                moment = there
            day = moment.date()
    except (ValueError, OverflowError):
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        notes.append(Note(NoteCode.BAD_DATE, at=name))
        return None
    return day


def _hours(text: str, notes: list[Note]) -> tuple[int, int]:
    """`9-12`: from nine until twelve."""
    if not text.strip():
        return 0, 24
    low, _, high = text.partition("-")
    if low.strip().isdecimal() and high.strip().isdecimal() and len(text) <= 9 and 0 <= int(low) < int(high) <= 24:
        return int(low), int(high)
    notes.append(Note(NoteCode.BAD_HOURS, at="since"))
    return 0, 24


def _weekdays(text: str, notes: list[Note]) -> frozenset[int]:
    if not text.strip():
        return frozenset()
    parts = [part.strip() for part in text.split(",")]
    if all(part in set("0123456") for part in parts):
        found = frozenset(int(part) for part in parts)
        return found if len(found) < 7 else frozenset()
    notes.append(Note(NoteCode.BAD_CHOICE, at="weekdays"))
    return frozenset()


def _choice(kind: type[Choice], name: str, text: str, default: Choice, notes: list[Note]) -> Choice:
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        notes.append(Note(NoteCode.BAD_CHOICE, at=name))
        return default


def _place(plan: Plan, given: Mapping[str, str], notes: list[Note]) -> tuple[str, str | None]:
    """The level and the zone; a zone has a level of its own."""
    level, zone = given.get("level", ""), given.get("zone", "")
    if zone and zone not in plan.zone_index:
        notes.append(Note(NoteCode.ZONE_UNKNOWN, at="zone"))
        zone = ""
    if level and level not in plan.level_index:
        notes.append(Note(NoteCode.LEVEL_UNKNOWN, at="level"))
        level = ""
    if zone and not level:
        level = plan.zones[plan.zone_index[zone]].level
    return level or ground_level(plan), zone or None


def _product(plan: Plan, given: Mapping[str, str], notes: list[Note]) -> tuple[str | None, str | None]:
    """The product and the category of products."""
    product, category = given.get("product", ""), given.get("category", "")
    if product and product not in plan.product_by_sku:
        notes.append(Note(NoteCode.PRODUCT_UNKNOWN))
        product = ""
    if category and category not in {p.category for p in plan.products}:
        notes.append(Note(NoteCode.BAD_CHOICE, at="category"))
        category = ""
    return product or None, category or None
