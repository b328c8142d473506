"""Figures, periods and remarks in the reader's words."""

from __future__ import annotations

import datetime as dt
from typing import Any

from api.managers.console.figures.asked import Note, View
from api.managers.console.figures.report import Report
from api.managers.console.figures.tables import ALL_PRODUCTS, Cell, TableColumn, Unit
from api.managers.console.figures.views import OUTSIDE_KEY
from api.managers.spans.days import Bucket, DaySpan
from api.managers.told import TableFigure
from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import number, short_number, whole_percent
from api.texts.times import duration, hour, long_date
from engine.plan.model import Plan

NONE = "–"
MINUS = "\u2212"
DASH = "\u202f–\u202f"


def title(report: Report, lang: Language) -> str:
    """What the page is called, with the zone that it is about."""
    named = words(lang).views[report.view]
    zone, product = report.asked.zone, report.asked.product
    if product is not None and report.view in (View.PRODUCTS, View.FUNNEL, View.ROPO):
        return f"{named} · {report.plan.product_by_sku[product].name}"
    return named if zone is None else f"{named} · {zone_name(report.plan, zone, lang)}"


def span_text(span: DaySpan, lang: Language) -> str:
    """The days, and which hours and weekdays of them."""
    t = words(lang)
    said = long_date(span.first, lang)
    if span.last != span.first:
        said = f"{said} – {long_date(span.last, lang)}"
    if span.weekdays:
        said += ", " + ", ".join(t.weekdays_short[f"d{d}"] for d in sorted(span.weekdays))
    if span.hours != (0, 24):
        said += f", {hour(span.hours[0], lang)} – {hour(span.hours[1], lang)}"
    return said


def compared_text(report: Report, lang: Language) -> str:
    """What the period is put beside, with its days where that is one period."""
    t = words(lang)
    said = t.comparisons[report.asked.compare]
    if len(report.looked.before) == 1:
        _, counts = report.looked.before[0]
        said += f" ({span_text(counts.span, lang)})"
    return said


def zone_name(plan: Plan, zone: str, lang: Language) -> str:
    """The zone's name, with its level's where another zone of the store has the same."""
    if not zone:
        return NONE
    if zone == OUTSIDE_KEY:
        return words(lang).board.outside
    found = plan.zones[plan.zone_index[zone]]
    if sum(z.name == found.name for z in plan.zones) == 1:
        return found.name
    return f"{found.name} · {plan.levels[plan.level_index[found.level]].name}"


def head(column: TableColumn, lang: Language) -> str:
    """A column's head."""
    t = words(lang)
    named = t.figures[column.key]
    if column.role == "before":
        return t.console.before.format(figure=named)
    return t.console.change if column.role == "change" else named


def cell_text(cell: Cell, column: TableColumn, report: Report, lang: Language) -> str:
    """What stands in a cell, without its interval."""
    t = words(lang)
    if isinstance(cell, TableFigure):
        if cell.withheld:
            return t.console.withheld.format(k=number(report.k, lang))
        return figure_text(cell.value, column.unit, lang)
    if column.unit == "zone":
        return zone_name(report.plan, cell, lang)
    if column.unit == "product":
        return t.console.all_products if cell == ALL_PRODUCTS else report.plan.product_by_sku[cell].name
    if column.unit == "text":
        return cell or NONE
    if column.unit == "channel":
        return t.message_ways[cell]
    if column.unit == "state":
        return t.hot_states[cell]
    if column.unit == "weekday":
        return t.weekdays[f"d{cell}"]
    if column.unit == "hour":
        return hours_text(int(cell), lang)
    if column.unit == "step":
        return t.funnel_steps[cell]
    return bucket_text(dt.date.fromisoformat(cell), report.asked.by, lang)


def hours_text(h: int, lang: Language) -> str:
    """An hour of the day, from and until."""
    return f"{hour(h, lang)}{DASH}{hour(h + 1, lang)}"


def bucket_text(day: dt.date, by: Bucket, lang: Language) -> str:
    """`lun. 2 nov.`, `semaine du 2 nov.`, `novembre 2026`."""
    t = words(lang)
    if by is Bucket.MONTH:
        return f"{t.months[f'm{day.month}']}\u00a0{day.year}"
    short = f"{day.day}\u00a0{t.months_short[f'm{day.month}']}"
    if by is Bucket.WEEK:
        return t.console.week_of.format(day=short)
    return f"{t.weekdays_short[f'd{day.weekday()}']}\u00a0{short}"


def figure_text(value: float | None, unit: Unit, lang: Language) -> str:
    """A value with its unit; a dash where there is none."""
    if value is None:
        return NONE
    if unit == "s":
        return duration(value, lang)
    if unit == "person_h":
        digits = 0 if value >= 100 else 2 if 0 < value < 1 else 1  # of minutes, tenths of an hour leave nothing
        return f"{number(value, lang, digits)}\u00a0h"
    if unit == "rate":
        return number(value, lang, 2)
    if unit == "people":
        digits = 2 if abs(value) < 1 else 1  # of half a person, tenths hide what a change is of
        return number(value, lang, 0 if round(value, digits) == round(value) else digits)
    if unit == "share":
        return whole_percent(value, lang)
    if unit == "change":
        moved = round(value, 2)
        sign = "+" if moved > 0 else MINUS if moved < 0 else ""
        return sign + whole_percent(abs(value), lang)
    return number(round(value), lang)


def tick_text(value: float, unit: Unit, lang: Language) -> str:
    """A mark of an axis: people with all their digits, since two marks rounded to tenths may read the same."""
    return short_number(value, lang, 3) if unit == "people" else figure_text(value, unit, lang)


def interval_text(figure: TableFigure, unit: Unit, lang: Language) -> str:
    """From and to; empty where the figure has no interval."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure_text(figure.low, unit, lang)}{DASH}{figure_text(figure.high, unit, lang)}"


def with_interval(figure: TableFigure, unit: Unit, lang: Language) -> str:
    """A figure, and from and to in brackets where it has an interval."""
    said, interval = figure_text(figure.value, unit, lang), interval_text(figure, unit, lang)
    return f"{said} ({interval})" if interval else said


def note_text(note: Note, plan: Plan, lang: Language) -> str:
    """A remark with what to do."""
    filled: dict[str, Any] = {}
    for name, value in note.values.items():
        if isinstance(value, dt.date):
            filled[name] = long_date(value, lang)
        elif isinstance(value, float):
            filled[name] = number(value, lang, 0 if value == int(value) else 1)
        else:
            filled[name] = value
    t = words(lang)
    return t.console_notes[note.code].format(**filled)


def definitions(report: Report, lang: Language) -> list[tuple[str, str]]:
    """What the page shows, and each of its figures, with its definition."""
    t = words(lang)
    keys = dict.fromkeys(c.key for c in report.table.columns if c.key in t.figure_why)
    said = [(t.figures[key], t.figure_why[key]) for key in keys]
    return [(t.views[report.view], t.view_why[report.view]), *said, (t.console.interval, t.console.interval_why)]


def privacy_text(report: Report, lang: Language) -> str:
    """How many people stand behind each figure."""
    t = words(lang)
    return t.board.privacy_demo.format(k=report.k) if report.demo else t.board.privacy.format(k=report.k)
