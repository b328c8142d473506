"""What the template of a page of figures is filled with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from api.managers.console.drawn.charts import Bar, bars_svg, ticks_of
from api.managers.console.drawn.drawings import DIFFERENCES, ZoneLink, draw
from api.managers.console.drawn.playback import Moment
from api.managers.console.figures.asked import AskedPage, View
from api.managers.console.figures.funnel import COUPON_STEPS
from api.managers.console.figures.report import Report, headline
from api.managers.console.figures.tables import Cell, Quantity, TableColumn, TableRow, Unit
from api.managers.console.figures.views import OUTSIDE_KEY
from api.managers.console.flowing import SHADES, ShownFlows
from api.managers.console.saying import (
    cell_text,
    compared_text,
    figure_text,
    head,
    hours_text,
    interval_text,
    span_text,
    tick_text,
    with_interval,
    zone_name,
)
from api.managers.overlay import HOT_COLOUR, STEPS
from api.managers.spans.days import Bucket, Comparison, bucket_of, presets
from api.managers.told import TableFigure
from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import short_number
from api.texts.times import hour as hour_text

SHOWN_ROWS = 200
SORTED = (View.ZONES, View.FLOWS, View.PRODUCTS, View.ROPO, View.ROPO_UPLIFT, View.CHANNEL_UPLIFT)
OF_PRODUCTS = (View.PRODUCTS, View.FUNNEL, View.ROPO)
MEASURED = (View.HEAT, View.ZONES)
WITH_PLAN = (*MEASURED, View.PRODUCTS)


@dataclass(frozen=True)
class FigurePage:
    """A report on its way to a page of one language."""

    report: Report
    lang: Language

    @property
    def asked(self) -> AskedPage:
        """What was asked for."""
        return self.report.asked

    @cached_property
    def _unusual(self) -> dict[str, set[str]]:
        """Of each column the rows that differ from before by more than chance."""
        return {c.name: self.report.table.unusual(c.name) for c in self.report.table.columns}

    def href(self, view: View | None = None, **changes: Any) -> str:
        """The address of this report, or of another page of the same period, with changes."""
        path = f"/manage/{self.report.plan.store}/{view or self.report.view}"
        return f"{path}?{self.asked.query(**changes)}&lang={self.lang}"

    def nav(self) -> list[tuple[str, str, bool]]:
        """The pages, each of the same period."""
        t = words(self.lang)
        return [
            (self.href(view, sort=None, **_without(view)), t.views[view], view is self.report.view) for view in View
        ]

    def presets(self, today: dt.date) -> list[tuple[str, str, bool]]:
        """Periods one click away."""
        t, span = words(self.lang), self.asked.span
        return [
            (
                self.href(from_=first.isoformat(), to=last.isoformat()),
                t.presets[name],
                (first, last) == (span.first, span.last),
            )
            for name, (first, last) in presets(today).items()
        ]

    def heads(self) -> list[dict[str, Any]]:
        """The columns' heads, with what sorts by them where rows can be sorted."""
        t = words(self.lang)
        out = []
        for column in self.report.table.columns:
            figure = column.unit in get_args(Quantity)
            can_sort = figure and self.report.view in SORTED
            why = t.figure_why[column.key] if column.role == "now" and column.key in t.figure_why else ""
            out.append(
                {
                    "text": head(column, self.lang),
                    "why": why,
                    "figure": figure,
                    "href": self.href(sort=column.name) if can_sort else None,
                    "sorted": self.asked.sort == column.name,
                }
            )
        return out

    def rows(self) -> list[list[dict[str, Any]]]:
        """The cells of the rows, the first ones of many."""
        return [self._row(row) for row in self.report.table.rows[:SHOWN_ROWS]]

    def _row(self, row: TableRow) -> list[dict[str, Any]]:
        return [
            self._cell(row, i, column, cell)
            for i, (column, cell) in enumerate(zip(self.report.table.columns, row.cells, strict=True))
        ]

    def _cell(self, row: TableRow, i: int, column: TableColumn, cell: Cell) -> dict[str, Any]:
        figure = isinstance(cell, TableFigure)
        return {
            "text": cell_text(cell, column, self.report, self.lang),
            "interval": interval_text(cell, column.unit, self.lang) if isinstance(cell, TableFigure) else "",
            "figure": figure,
            "href": self._drill(column, cell) if isinstance(cell, str) else None,
            "unusual": row.key in self._unusual.get(column.name, ()),
            "one_line": column.unit == "hour",
            "state": cell if column.unit == "state" else "",
        }

    def _drill(self, column: TableColumn, cell: str) -> str | None:
        """Where a name leads: what is behind its figures."""
        if column.unit == "product":
            return self.href(product=cell) if cell in self.report.plan.product_by_sku else None
        if column.key == "category":
            return self.href(category=cell) if cell else None
        if column.unit == "zone" and cell not in (OUTSIDE_KEY, ""):
            view = View.FLOWS if self.report.view is View.FLOWS else View.TREND
            return self.href(view, zone=cell, sort=None, level=None)
        if column.unit == "day":
            return self.day_href(dt.date.fromisoformat(cell))
        if column.unit == "hour" and self.report.view is View.QUEUE:
            return self.href(View.TREND, hours=f"{cell}-{int(cell) + 1}", zone=self.asked.zone)
        if column.unit == "step" and cell in ("came_in", "zone", "tills"):
            return self.href(View.FLOWS)
        return None

    def day_href(self, first: dt.date) -> str:
        """A bar's way in: a month's weeks, a week's days, a day's hours."""
        by, span = self.asked.by, self.asked.span
        after = bucket_of(first + dt.timedelta(days={Bucket.DAY: 1, Bucket.WEEK: 7, Bucket.MONTH: 31}[by]), by)
        start, end = max(first, span.first), min(after - dt.timedelta(days=1), span.last)
        if by is Bucket.DAY:
            return self.href(View.HOURS, from_=start.isoformat(), to=end.isoformat(), by=None)
        return self.href(View.TREND, from_=start.isoformat(), to=end.isoformat(), by=None)

    # ------------------------------------------------------------------------------------------------- drawings

    def plans(self) -> list[tuple[str, str]]:
        """Heading and drawing: this period's plan, and where it is compared that of before and the difference."""
        t, links = words(self.lang), self._zone_links()
        if self.report.counts.is_empty:
            return []
        out = [(span_text(self.asked.span, self.lang), draw(self.report, "now", links))]
        if self.report.view is View.HEAT and self.report.has_heat_before:
            out.append((compared_text(self.report, self.lang), draw(self.report, "before", links)))
            out.append((t.console.difference, draw(self.report, "difference", links)))
        return out

    def _zone_links(self) -> dict[str, ZoneLink]:
        """Larger zones first: what lies within them stays on top."""
        zones = sorted(self.report.plan.zones, key=lambda z: -z.polygon.area)
        figures = self.report.table.figures("person_h")
        visits = self.report.table.figures("visits")
        t, out = words(self.lang), {}
        for zone in zones:
            if zone.id in figures and zone.level == self.asked.level:
                said = [zone_name(self.report.plan, zone.id, self.lang)]
                withheld = t.console.withheld.format(k=self.report.k)
                time, n = figures[zone.id], visits[zone.id].value
                said.append(withheld if time.withheld else with_interval(time, "person_h", self.lang))
                said.append(withheld if n is None else t.board.say_count("visits", round(n)))
                out[zone.id] = ZoneLink(self.href(View.TREND, zone=zone.id, level=None, sort=None), " · ".join(said))
        return out

    def legend(self) -> list[tuple[str, str, float]]:
        """The steps of the heat's colours."""
        return [(short_number(least, self.lang), colour, opacity) for least, colour, opacity in STEPS]

    def difference_legend(self) -> list[tuple[str, str]]:
        """The steps of the difference's colours, from less to more."""
        less = [(f"\u2212{short_number(least, self.lang)}", low) for least, _, low in reversed(DIFFERENCES)]
        return [*less, *((f"+{short_number(least, self.lang)}", high) for least, high, _ in DIFFERENCES)]

    @property
    def hot_colour(self) -> str:
        """Of the outline."""
        return HOT_COLOUR

    def bars(self) -> list[str]:
        """The figures of the page over time or over hours; people's steps and coupons' on scales of their own."""
        rows = self.report.table.rows
        if self.report.view is not View.FUNNEL:
            return [self._bars(rows)]
        counted = self.report.table.figures("count")
        coupons = tuple(row for row in rows if row.key in COUPON_STEPS)
        told = any(counted[row.key].value is not None for row in coupons)  # of none there is nothing to draw
        return [self._bars(tuple(row for row in rows if row not in coupons)), *([self._bars(coupons)] if told else [])]

    def _bars(self, rows: Sequence[TableRow]) -> str:
        column = {View.TREND: "visits" if self.asked.zone else "comings", View.QUEUE: "people", View.FUNNEL: "count"}
        name = column[self.report.view]
        unit: Unit = next((c.unit for c in self.report.table.columns if c.name == name), "count")
        now, before = self.report.table.figures(name), self.report.table.figures(f"{name}_before")
        shown = [f for row in rows for f in (now[row.key], before.get(row.key, TableFigure(None)))]
        tops = [f.high or f.value or 0.0 for f in shown]
        values = ticks_of(max(tops, default=0.0), whole=unit == "count")
        ticks = [(v, tick_text(v, unit, self.lang)) for v in values]
        bars = [self._bar(row, now[row.key], before.get(row.key, TableFigure(None)), unit) for row in rows]
        return bars_svg(bars, words(self.lang).views[self.report.view], ticks)

    def _bar(self, row: TableRow, now: TableFigure, before: TableFigure, unit: Any) -> Bar:
        first = row.cells[0]
        assert isinstance(first, str)
        column = self.report.table.columns[0]
        label = cell_text(first, column, self.report, self.lang)
        said = f"{label}: {with_interval(now, unit, self.lang)}"
        if before.value is not None:
            t = words(self.lang)
            said += f" · {t.comparisons[self.asked.compare]}: {with_interval(before, unit, self.lang)}"
        short = label
        if column.unit == "day":
            day = dt.date.fromisoformat(first)
            month = words(self.lang).months_short[f"m{day.month}"]  # a year has no more room for each on a tablet
            short = month if self.asked.by is Bucket.MONTH else f"{day.day}/{day.month}"
        elif column.unit == "hour":
            short = hour_text(int(first), self.lang)
        href = self._drill(column, first) or self.href()
        return Bar(short, said, href, now.value, before.value, before.low, before.high, now.low, now.high)

    # -------------------------------------------------------------------------------------------- hours of the week

    def week(self) -> dict[str, Any] | None:
        """Hour by weekday: the hours that anybody was there in, and a row of cells for each weekday."""
        t, people = words(self.lang), headline(self.report)
        change = self.report.table.figures("people_change")
        busy = sorted({int(key.split("-")[1]) for key, f in people.items() if f.value})
        if not busy:
            return None
        hours = range(busy[0], busy[-1] + 1)
        most = max(f.value or 0.0 for f in people.values()) or 1.0
        days = sorted({int(key.split("-")[0]) for key in people})
        rows = []
        for day in days:
            cells = []
            for h in hours:
                figure = people.get(f"{day}-{h}", TableFigure(None))
                moved = change.get(f"{day}-{h}", TableFigure(None))
                said = (
                    f"{t.weekdays[f'd{day}']} {hours_text(h, self.lang)}: {with_interval(figure, 'people', self.lang)}"
                )
                cells.append(
                    {
                        "text": figure_text(figure.value, "people", self.lang),
                        "change": figure_text(moved.value, "change", self.lang) if moved.value is not None else "",
                        "shade": 0
                        if not figure.value
                        else 1 + min(SHADES - 2, int((SHADES - 1) * figure.value / most)),
                        "said": said,
                        "href": self.href(View.HEAT, hours=f"{h}-{h + 1}", weekdays=str(day)),
                    }
                )
            rows.append({"name": t.weekdays[f"d{day}"], "short": t.weekdays_short[f"d{day}"], "cells": cells})
        return {"hours": [hour_text(h, self.lang) for h in hours], "rows": rows}

    # ------------------------------------------------------------------------------------------------------- flows

    @property
    def flows(self) -> ShownFlows:
        """From where to where, in bands and as a matrix."""
        return ShownFlows(self.report, self.lang, self.href)

    # -------------------------------------------------------------------------------------------------------- others

    def downloads(self) -> list[tuple[str, str]]:
        """The report's other forms."""
        base, query = f"/v1/stores/{self.report.plan.store}/reports/{self.report.view}", self.asked.query()
        t = words(self.lang)
        forms = [("", "JSON"), ("/csv", "CSV"), ("/geojson", "GeoJSON")]
        if self.report.view in WITH_PLAN:
            forms.append(("/png", "PNG"))
        forms.append(("/pdf", t.console.pdf))
        return [(f"{base}{path}?{query}&lang={self.lang}", name) for path, name in forms]

    def frames(self, frames: list[Moment]) -> list[str]:
        """What each moment of the playback is called."""
        return [frame.say(self.report.plan.timezone, self.lang) for frame in frames]

    def choices(self) -> dict[str, list[tuple[str, str, bool]]]:
        """What can be chosen in the form: value, words, whether it is."""
        t, asked, plan = words(self.lang), self.asked, self.report.plan
        levels = sorted(plan.levels, key=lambda lv: lv.ordinal)
        low, high = asked.span.hours
        return {
            "compare": [(c.value, t.comparisons[c], c is asked.compare) for c in Comparison],
            "by": [(b.value, t.buckets[b], b is asked.by) for b in Bucket],
            "level": [(lv.id, lv.name, lv.id == asked.level) for lv in levels],
            "category": [(c, c, c == asked.category) for c in sorted({p.category for p in plan.products} - {""})],
            "zone": [(z.id, zone_name(plan, z.id, self.lang), z.id == asked.zone) for z in plan.zones],
            "since": [(str(h), hour_text(h, self.lang), h == low) for h in range(24)],
            "until": [(str(h), hour_text(h, self.lang), h == high) for h in range(1, 25)],
            "weekdays": [(str(d), t.weekdays_short[f"d{d}"], d in asked.span.weekdays) for d in range(7)],
        }


def _without(view: View) -> dict[str, None]:
    """What only pages of products know, left out of the others' addresses."""
    return {} if view in OF_PRODUCTS else {"product": None, "category": None}
