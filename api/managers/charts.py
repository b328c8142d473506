"""The manager's charts as ECharts options: plain dictionaries, drawn by the copy of ECharts that NiceGUI serves."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from api.managers.console.saying import with_interval
from api.managers.overlay import STEPS
from api.managers.reports import midnight
from api.managers.told import ToldFlow
from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import whole_percent
from api.texts.times import hour as hour_text
from engine.plan.model import Plan, Zone
from engine.presence.flows import OUTSIDE
from engine.presence.heat import ZoneHourRow
from engine.presence.local_hours import LocalHours, hours_in

LABEL_PX = 150
LEAST_HOURS = 8  # columns: a day that has just begun is not one wide bar
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"


def people_by_hour(plan: Plan, rows: Sequence[ZoneHourRow]) -> tuple[list[int], dict[str, dict[int, float]]]:
    """Mean people per zone and hour of the store's day: the hours that occur, in order, and zone -> hour -> people.

    Over several days each hour of the day is the mean over the days that have any row; a running hour counts as whole.
    An hour that comes twice, where the clock is put back, is two hours long; one that is left out is in no mean.
    """
    local = hours_in(plan.timezone)
    days: dict[dt.date, float] = {}  # and a moment of each
    sums: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    hours: set[int] = set()
    for r in rows:
        clock = local.clock(r.hour_start)
        days.setdefault(clock.date(), r.hour_start)
        hours.add(clock.hour)
        sums[r.zone][clock.hour] += r.person_s
    span = list(range(min(hours), max(hours) + 1)) if hours else []
    seconds = _seconds_by_hour(plan, local, days.values())
    return span, {zone: {h: v / seconds[h] for h, v in by_hour.items()} for zone, by_hour in sums.items()}


def _seconds_by_hour(plan: Plan, local: LocalHours, moments: Iterable[float]) -> dict[int, float]:
    """For how long the store's clock showed each hour, over the days that hold these moments."""
    seconds: dict[int, float] = defaultdict(float)
    for moment in moments:
        t, end = midnight(plan, moment), midnight(plan, moment, -1)
        while t < end:
            seconds[local.hour(t)] += local.end(t) - t
            t = local.end(t)
    return seconds


def hours_chart(plan: Plan, zones: Sequence[Zone], rows: Sequence[ZoneHourRow], lang: Language) -> dict[str, Any]:
    """Zone by hour as coloured cells, `zones` from top to bottom."""
    t = words(lang)
    hours, people = people_by_hour(plan, rows)
    shown = list(reversed(zones))  # ECharts counts its y axis from below
    first = min(hours[0], 24 - LEAST_HOURS) if hours else 0
    columns = range(first, max(hours[-1] + 1, first + LEAST_HOURS)) if hours else range(0)
    data = [
        [hour - first, y, round(people.get(zone.id, {}).get(hour, 0.0), 2)]
        for y, zone in enumerate(shown)
        for hour in hours
    ]
    axis = {"axisTick": {"show": False}, "axisLine": {"show": False}}
    return {
        "textStyle": {"fontFamily": FONT},
        "animation": False,
        "grid": {"left": LABEL_PX + 10, "right": 8, "top": 8, "bottom": 70},
        "tooltip": {"position": "top"},
        "xAxis": {"type": "category", "data": [hour_text(h, lang) for h in columns], **axis},
        "yAxis": {
            "type": "category",
            "data": [zone.name for zone in shown],
            "axisLabel": {"width": LABEL_PX, "overflow": "truncate", "interval": 0, "color": "#1c2321"},
            **axis,
        },
        "visualMap": {
            "min": 0,
            "max": max((v for _, _, v in data), default=1.0) or 1.0,
            "calculable": False,
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "itemHeight": 160,
            "itemWidth": 10,
            "precision": 1,
            "text": [t.board.people_mean, "0"],
            "inRange": {"color": ["#fbf8f0", *(colour for _, colour, _ in STEPS[1:])]},
        },
        "series": [
            {
                "type": "heatmap",
                "name": t.board.people_mean,
                "data": data,
                "itemStyle": {"borderColor": "#fff", "borderWidth": 2, "borderRadius": 3},
                "emphasis": {"itemStyle": {"borderColor": "#1c2321"}},
            }
        ],
    }


def flows_chart(plan: Plan, rows: Sequence[ToldFlow], lang: Language) -> dict[str, Any]:
    """From zone to zone as coloured cells: the share of those who leave the row's zone, with the count beside it.

    Zones in the plan's order, outside first; those nobody passed through are left out. A flow diagram with bands
    (Sankey) is no choice: people go back and forth, and it cannot draw a cycle.
    """
    t = words(lang)
    met = {zone for r in rows for zone in (r.from_zone, r.to_zone)}
    zones = [OUTSIDE, *(z.id for z in plan.zones if z.id in met)] if rows else []
    names = {z.id: z.name for z in plan.zones} | {OUTSIDE: t.board.outside}
    x = {zone: i for i, zone in enumerate(zones)}
    leaving: dict[str, int] = defaultdict(int)
    for r in rows:
        leaving[r.from_zone] += r.count
    data: list[dict[str, Any]] = [
        {
            "value": [x[r.to_zone], len(zones) - 1 - x[r.from_zone], round(100 * r.count / leaving[r.from_zone])],
            "name": t.board.flow.format(
                a=names[r.from_zone],
                b=names[r.to_zone],
                n=with_interval(r.figure, "count", lang),
                share=whole_percent(r.count / leaving[r.from_zone], lang),
            ),
        }
        for r in rows
    ]
    axis = {"axisTick": {"show": False}, "axisLine": {"show": False}}
    label = {"width": LABEL_PX, "overflow": "truncate", "interval": 0, "color": "#1c2321"}
    columns = [names[z] for z in zones]
    return {
        "textStyle": {"fontFamily": FONT},
        "animation": False,
        "grid": {"left": LABEL_PX + 10, "right": 8, "top": 8, "bottom": 120},
        "tooltip": {"position": "top", "formatter": "{b}"},
        "xAxis": {"type": "category", "data": columns, "axisLabel": label | {"rotate": 50, "width": 110}, **axis},
        "yAxis": {"type": "category", "data": columns[::-1], "axisLabel": label, **axis},
        "visualMap": {
            "show": False,
            "min": 0,
            "max": max((d["value"][2] for d in data), default=1) or 1,
            "inRange": {"color": ["#fbf8f0", *(colour for _, colour, _ in STEPS[1:])]},
        },
        "series": [
            {
                "type": "heatmap",
                "name": t.board.flows,
                "data": data,
                "label": {"show": True, "formatter": "{@[2]}", "fontSize": 11},
                "itemStyle": {"borderColor": "#fff", "borderWidth": 2, "borderRadius": 3},
                "emphasis": {"itemStyle": {"borderColor": "#1c2321"}},
            }
        ],
    }
