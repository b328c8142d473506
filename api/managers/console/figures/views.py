"""The table of each page, made of counts: zones, hours of the week, days, flows, funnel, queue."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from api.managers.console.figures.asked import View
from api.managers.console.figures.counts import SpanCounts, Sums, outer_zones, shifted_day, till_zones
from api.managers.console.figures.days import bucket_of, buckets_of
from api.managers.console.figures.funnel import funnel_table
from api.managers.console.figures.looked import LookedPeriods
from api.managers.console.figures.products import products_table
from api.managers.console.figures.tables import (
    Cell,
    Table,
    TableColumn,
    TableFigure,
    TableRow,
    measured,
    measured_cells,
)
from engine.indicators.comparison import difference
from engine.presence.expected.figures import Spread, ZoneSums
from engine.presence.flows import OUTSIDE
from engine.presence.local_hours import HOUR_S

FIGURES = (
    *("person_h", "visits", "mean_dwell_s", "persons_peak", "hot", "share_hot", "people", "comings", "transitions"),
    *("share", "count", "share_of_first", "stops", "stop_rate", "stop_s", "issued", "redeemed", "receipts", "buyers"),
)
"""What tables count; each has its definition in every language."""
OUTSIDE_KEY = "outside"
"""What rows call the world outside the zones."""


def zones_table(looked: LookedPeriods) -> Table:
    """Zones by the time spent in them."""
    compared, now = looked.is_compared, looked.now
    columns = (
        TableColumn("zone", "zone"),
        *measured("person_h", "person_h", compared),
        *measured("visits", "count", compared),
        *measured("mean_dwell_s", "s", compared),
        TableColumn("persons_peak", "people"),
        TableColumn("hot", "state"),
        TableColumn("share_hot", "share"),
    )
    mine, past = now.sums(lambda r: r.zone), [c.sums(lambda r: r.zone) for _, c in looked.before]
    expected = looked.expected
    states = {v.zone: v for v in now.heat.verdicts}
    rows: list[TableRow] = []
    counted: list[TableRow] = []
    for zone in now.plan.zones:
        if looked.asked.zone not in (None, zone.id):
            continue
        sums, were = mine.get(zone.id, Sums()), [p.get(zone.id, Sums()) for p in past] if compared else None
        verdict = states[zone.id]
        known = expected_cells(zone.id, sums, were, expected)
        cells: tuple[Cell, ...] = (
            zone.id,
            *(known or sums_cells(sums, were if expected is None or were is None else [])),
            TableFigure(sums.persons_peak),
            verdict.state.value,
            TableFigure(verdict.share_hot if verdict.state.value != "not_enough_evidence" else None),
        )
        (rows if known or expected is None else counted).append(TableRow(zone.id, cells))
    parts = [Table(columns, tuple(r)).sorted_by("person_h").sorted_by(looked.asked.sort) for r in (rows, counted)]
    return Table(columns, parts[0].rows + parts[1].rows)  # counts and expectations do not compare


def counted_zones(looked: LookedPeriods) -> list[str]:
    """Names of the zones that have counted figures only, where others have expected ones."""
    expected = looked.expected
    if expected is None or not any(expected):
        return []
    seen = looked.now.sums(lambda r: r.zone)
    return [z.name for z in looked.now.plan.zones if z.id in seen and any(z.id not in e for e in expected)]


def sums_cells(now: Sums, before: Sequence[Sums] | None) -> tuple[TableFigure, ...]:
    """Time in all, visits and time of each, as `measured` has their columns."""
    return (
        *measured_cells(TableFigure(now.person_s / HOUR_S), _of(before, lambda s: s.person_s / HOUR_S)),
        *measured_cells(TableFigure(now.visits), _of(before, lambda s: s.visits)),
        *measured_cells(TableFigure(now.mean_dwell_s), _of(before, lambda s: s.mean_dwell_s)),
    )


def expected_cells(
    zone: str, now: Sums, before: Sequence[Sums] | None, expected: Sequence[Mapping[str, ZoneSums]] | None
) -> tuple[TableFigure, ...] | None:
    """The same with intervals, of what the histories of P(zone) expect (`engine.presence.expected`); None where that is
    not known of the zone in every period. Time is the one that was let out with the heat, so that it adds up."""
    if expected is None or any(zone not in e for e in expected):
        return None
    spreads = [_spreads(e[zone], sums) for e, sums in zip(expected, (now, *(before or ())), strict=True)]
    cells: list[TableFigure] = []
    for i, unit_s in enumerate((HOUR_S, 1.0, 1.0)):
        mine, were = spreads[0][i], [s[i] for s in spreads[1:]]
        if mine is None:
            return None
        figure = mine.figure()
        values = None if before is None else [None if w is None else w.value / unit_s for w in were]
        alone = were[0] if len(were) == 1 else None
        p = None if alone is None else difference(mine, alone).p
        shown = TableFigure(figure.value / unit_s, figure.low / unit_s, figure.high / unit_s)
        cells += measured_cells(shown, values, p)
    return tuple(cells)


def _spreads(expected: ZoneSums, sums: Sums) -> tuple[Spread | None, ...]:
    return expected.time(sums.person_s), expected.count(), expected.mean_dwell()


def _of(before: Sequence[Sums] | None, value: Callable[[Sums], float | None]) -> list[float | None] | None:
    return None if before is None else [value(s) for s in before]


def hours_table(looked: LookedPeriods) -> Table:
    """People on average by weekday and hour, in a zone or in all of them; hours that saw nobody are left out."""
    columns = (
        TableColumn("weekday", "weekday"),
        TableColumn("hour", "hour"),
        *measured("people", "people", looked.is_compared),
    )
    now = _people_by_hour(looked.now, looked.asked.zone)
    past = [_people_by_hour(counts, looked.asked.zone) for _, counts in looked.before]
    busy = {hour for means in (now, *past) for (_, hour), people in means.items() if people > 0}
    rows = []
    for day, hour in sorted(at for at in now if at[1] in busy):
        before = [p.get((day, hour)) for p in past] if looked.is_compared else None
        cells: tuple[Cell, ...] = (str(day), str(hour), *measured_cells(TableFigure(now[day, hour]), before))
        rows.append(TableRow(f"{day}-{hour}", cells))
    return Table(columns, tuple(rows))


def _people_by_hour(counts: SpanCounts, zone: str | None) -> dict[tuple[int, int], float]:
    """Person-seconds by seconds that the clock showed that hour of that weekday: right when it is put back or forth.

    The running hour is in no mean: its figures come with delay."""
    places = {zone} if zone else outer_zones(counts.plan)
    spent: Counter[tuple[int, int]] = Counter()
    long: Counter[tuple[int, int]] = Counter()
    for t in [t for t in counts.seconds if counts.span.is_over(t)]:
        clock, seconds = counts.span.local.clock(t), counts.seconds[t]
        long[clock.weekday(), clock.hour] += seconds  # type: ignore[assignment]
    for r in counts.rows:
        if r.zone in places and counts.span.is_over(r.hour_start):
            clock = counts.span.local.clock(r.hour_start)
            spent[clock.weekday(), clock.hour] += r.person_s  # type: ignore[assignment]
    return {at: spent[at] / seconds for at, seconds in long.items() if seconds > 0}


def trend_table(looked: LookedPeriods) -> Table:
    """Day by day, week by week or month by month; a zone's visits, or who came into the store."""
    zone, compared = looked.asked.zone, looked.is_compared
    counted = ("visits", "mean_dwell_s") if zone else ("comings",)
    units = {"visits": "count", "comings": "count", "mean_dwell_s": "s"}
    columns = [TableColumn("day", "day")]
    for name in counted:
        columns += measured(name, units[name], compared)  # type: ignore[arg-type]
    columns += measured("person_h", "person_h", compared)
    now = _by_bucket(looked, looked.now, 0)
    past = [_by_bucket(looked, counts, days) for days, counts in looked.before]
    rows = []
    for day in buckets_of(looked.now.span, looked.asked.by):
        cells: list[Cell] = [day.isoformat()]
        for name in (*counted, "person_h"):
            before = [p[name].get(day) for p in past] if compared else None
            cells += measured_cells(TableFigure(now[name].get(day)), before)
        rows.append(TableRow(day.isoformat(), tuple(cells)))
    return Table(tuple(columns), tuple(rows))


def _by_bucket(looked: LookedPeriods, counts: SpanCounts, days: int) -> dict[str, dict[dt.date, float | None]]:
    """Figures by the bucket of this period that they fall into when they are moved `days` on.

    Nought where nobody was; nothing at all before the store's first figure.
    """
    by, zone, span = looked.asked.by, looked.asked.zone, counts.span
    places = {zone} if zone else outer_zones(counts.plan)
    sums: dict[dt.date, Sums] = {}
    comings: Counter[dt.date] = Counter()
    days_of = {t: bucket_of(shifted_day(t, span, days), by) for t in counts.seconds}
    for t, day in days_of.items():
        if t >= looked.first_t:
            sums.setdefault(day, Sums())
    for r in counts.rows:
        if r.zone in places and r.hour_start in days_of:
            day = days_of[r.hour_start]
            sums[day] = sums.get(day, Sums()) + Sums(r.person_s, int(r.visits), r.dwell_s_sum, r.persons_peak)
    if not zone:
        for t, n in counts.comings.items():
            if t in days_of:
                comings[days_of[t]] += n
    return {
        "person_h": {day: s.person_s / HOUR_S for day, s in sums.items()},
        "visits": {day: s.visits for day, s in sums.items()},
        "mean_dwell_s": {day: s.mean_dwell_s for day, s in sums.items()},
        "comings": {day: comings[day] for day in sums},
    }


def flows_table(looked: LookedPeriods) -> Table:
    """Transitions from zone to zone, most frequent first; of a zone only those into it and out of it."""
    zone, compared = looked.asked.zone, looked.is_compared
    columns = (
        TableColumn("from_zone", "zone"),
        TableColumn("to_zone", "zone"),
        *measured("transitions", "count", compared),
        TableColumn("share", "share"),
    )
    now, past = looked.now.moves, [counts.moves for _, counts in looked.before]
    leaving: Counter[str] = Counter()
    for (a, _), n in now.items():
        leaving[a] += n
    rows = []
    for (a, b), n in now.most_common():
        if zone in (None, a, b):
            before = [float(p[a, b]) for p in past] if compared else None
            cells: tuple[Cell, ...] = (
                _out(a),
                _out(b),
                *measured_cells(TableFigure(n), before),
                TableFigure(n / leaving[a]),
            )
            rows.append(TableRow(f"{_out(a)}>{_out(b)}", cells))
    return Table(columns, tuple(rows)).sorted_by(looked.asked.sort)


def _out(zone: str) -> str:
    return OUTSIDE_KEY if zone == OUTSIDE else zone


def queue_table(looked: LookedPeriods) -> Table:
    """The tills by hour of the day: how many people on average and at most, and how long each stays."""
    compared = looked.is_compared
    columns = (
        TableColumn("hour", "hour"),
        *measured("people", "people", compared),
        TableColumn("persons_peak", "people"),
        *measured("visits", "count", compared),
        *measured("mean_dwell_s", "s", compared),
    )
    tills = frozenset(till_zones(looked.now.plan))
    if looked.asked.zone in tills:
        tills = frozenset({looked.asked.zone or ""})
    now, past = _tills_by_hour(looked.now, tills), [_tills_by_hour(counts, tills) for _, counts in looked.before]
    none = (Sums(), 0.0)
    rows = []
    for hour in sorted(now) if tills else ():
        sums, seconds = now[hour]
        were = [p.get(hour, none) for p in past] if compared else None
        people = None if were is None else [s.person_s / length if length else None for s, length in were]
        each = None if were is None else [s for s, _ in were]
        cells: tuple[Cell, ...] = (
            str(hour),
            *measured_cells(TableFigure(sums.person_s / seconds if seconds else None), people),
            TableFigure(sums.persons_peak),
            *measured_cells(TableFigure(sums.visits), _of(each, lambda s: s.visits)),
            *measured_cells(TableFigure(sums.mean_dwell_s), _of(each, lambda s: s.mean_dwell_s)),
        )
        rows.append(TableRow(str(hour), cells))
    return Table(columns, tuple(rows))


def _tills_by_hour(counts: SpanCounts, tills: frozenset[str]) -> dict[int, tuple[Sums, float]]:
    """The sums of each hour of the day in which anybody was there, and for how long the clock showed it."""
    local = counts.span.local
    sums = counts.sums(
        lambda r: str(local.hour(r.hour_start)) if r.zone in tills and counts.span.is_over(r.hour_start) else None
    )
    seconds: dict[int, float] = defaultdict(float)
    for t, length in counts.seconds.items():
        seconds[local.hour(t)] += length if counts.span.is_over(t) else 0.0
    return {int(hour): (s, seconds[int(hour)]) for hour, s in sums.items()}


TABLES: Mapping[View, Callable[[LookedPeriods], Table]] = {
    View.HEAT: zones_table,
    View.ZONES: zones_table,
    View.PRODUCTS: products_table,
    View.FLOWS: flows_table,
    View.HOURS: hours_table,
    View.TREND: trend_table,
    View.FUNNEL: funnel_table,
    View.QUEUE: queue_table,
}
