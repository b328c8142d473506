"""The table of each page, made of counts: zones, hours of the week, days, flows, funnel, queue."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from api.managers.console.figures.asked import View
from api.managers.console.figures.counts import SpanCounts, outer_zones, shifted_day, till_zones
from api.managers.console.figures.funnel import funnel_table
from api.managers.console.figures.looked import LookedPeriods
from api.managers.console.figures.products import products_table
from api.managers.console.figures.ropo import channels_table, ropo_table, uplift_table
from api.managers.console.figures.tables import Cell, Table, TableColumn, TableRow, figure_cells, figure_columns
from api.managers.reports import counted_sums
from api.managers.spans.days import bucket_of, buckets_of
from api.managers.told import CountedSums, TableFigure, spreads_of, tell_flow, tell_sum, tell_zone
from engine.indicators.comparison import difference
from engine.presence.expected.figures import ZoneSums
from engine.presence.flows import OUTSIDE
from engine.presence.local_hours import HOUR_S
from engine.presence.zonehours import ZoneHourRow

FIGURES = (
    *("person_h", "visits", "mean_dwell_s", "persons_peak", "hot", "share_hot", "people", "comings", "transitions"),
    *("share", "count", "share_of_first", "stops", "stop_rate", "stop_s", "issued", "redeemed", "receipts", "buyers"),
    *("viewed", "stopped", "stop_share", "bought_here", "bought_online", "left_without"),
    *("stopped_first", "viewed_after", "bought_after", "treated", "held_out", "bought_treated", "bought_held_out"),
    *(
        "bought_uplift",
        "stopped_uplift",
        "reached",
        "held_back",
        "bought_reached",
        "bought_held_back",
        "channel_effect",
    ),
)
"""What tables count; each has its definition in every language."""
OUTSIDE_KEY = "outside"
"""What rows call the world outside the zones."""


def zones_table(looked: LookedPeriods) -> Table:
    """Zones by the time spent in them."""
    compared, now = looked.is_compared, looked.now
    columns = (
        TableColumn("zone", "zone"),
        *figure_columns("person_h", "person_h", compared),
        *figure_columns("visits", "count", compared),
        *figure_columns("mean_dwell_s", "s", compared),
        TableColumn("persons_peak", "people"),
        TableColumn("hot", "state"),
        TableColumn("share_hot", "share"),
    )
    periods = [counts for _, counts in looked.before]
    states = {v.zone: v for v in now.heat.verdicts}
    rows: list[TableRow] = []
    counted: list[TableRow] = []
    for zone in now.plan.zones:
        if looked.asked.zone not in (None, zone.id):
            continue
        verdict = states[zone.id]
        mine = now.tell(zone.id)
        cells: tuple[Cell, ...] = (
            zone.id,
            *zone_cells(
                _figures(now, zone.id), [_figures(c, zone.id) for c in periods] if compared else None, looked.k
            ),
            mine.persons_peak,
            verdict.state.value,
            TableFigure(verdict.share_hot if verdict.state.value != "not_enough_evidence" else None),
        )
        (rows if mine.kind == "expected" or not now.expected else counted).append(TableRow(zone.id, cells))
    parts = [Table(columns, tuple(r)).sort_by("person_h").sort_by(looked.asked.sort) for r in (rows, counted)]
    return Table(columns, parts[0].rows + parts[1].rows)  # counts and expectations do not compare


def counted_zones(looked: LookedPeriods) -> list[str]:
    """Names of the zones that have counted figures only, where others have expected ones."""
    now, asked = looked.now, looked.asked
    if not now.expected:
        return []
    shown = [z for z in now.plan.zones if asked.zone in (None, z.id)]
    return [z.name for z in shown if now.tell(z.id).kind == "counted" and now.tell(z.id).visits.value]


def was_counted_before(looked: LookedPeriods) -> bool:
    """Whether a period before has counted figures of a zone that has expected ones now."""
    zones = [zone for zone in looked.now.expected if looked.asked.zone in (None, zone)]
    periods = [counts for _, counts in looked.before]
    return any(c.tell(zone).kind == "counted" and c.tell(zone).visits.value for c in periods for zone in zones)


Figures = tuple[CountedSums, ZoneSums | None]
"""What was counted of some zones, and what is expected of them; None where that was not kept."""


def _figures(counts: SpanCounts, zone: str) -> Figures:
    return counts.by_zone.get(zone, CountedSums()), counts.expected.get(zone)


def zone_cells(now: Figures, before: Sequence[Figures] | None, k: int) -> tuple[TableFigure, ...]:
    """Time in all, visits and time of each, as `figure_columns` has them.

    Visits and their length are compared with those of the same kind only (`api.managers.told`); times of all.
    """
    mine, spreads = tell_zone(*now, k), spreads_of(*now)
    were = [tell_zone(*b, k) for b in before or ()]
    alone = spreads_of(*before[0]) if before is not None and len(before) == 1 else None
    cells: list[TableFigure] = []
    for i, unit in enumerate((HOUR_S, 1.0, 1.0)):
        values = None
        if before is not None:
            alike = [w.measures[i] if not i or w.kind == mine.kind else TableFigure(None) for w in were]
            values = [scale(figure, unit).value for figure in alike]
        found = None if spreads is None or alone is None else difference(spreads[i], alone[i])
        cells += figure_cells(scale(mine.measures[i], unit), values, found)
    return tuple(cells)


def scale(figure: TableFigure, unit: float) -> TableFigure:
    """In another unit."""
    value, low, high = (None if v is None else v / unit for v in (figure.value, figure.low, figure.high))
    return replace(figure, value=value, low=low, high=high)


def hours_table(looked: LookedPeriods) -> Table:
    """People on average by weekday and hour, in a zone or in all of them; hours that saw nobody are left out."""
    columns = (
        TableColumn("weekday", "weekday"),
        TableColumn("hour", "hour"),
        *figure_columns("people", "people", looked.is_compared),
    )
    now = _people_by_hour(looked.now, looked.asked.zone)
    past = [_people_by_hour(counts, looked.asked.zone) for _, counts in looked.before]
    busy = {hour for means in (now, *past) for (_, hour), people in means.items() if people > 0}
    rows = []
    for day, hour in sorted(at for at in now if at[1] in busy):
        before = [p.get((day, hour)) for p in past] if looked.is_compared else None
        before = None if before is None else [p or None if looked.k > 1 else p for p in before]
        cells: tuple[Cell, ...] = (str(day), str(hour), *figure_cells(tell_sum(now[day, hour], looked.k), before))
        rows.append(TableRow(f"{day}-{hour}", cells))
    return Table(columns, tuple(rows))


def _people_by_hour(counts: SpanCounts, zone: str | None) -> dict[tuple[int, int], float]:
    """Person-seconds by seconds that the clock showed that hour of that weekday: right when it is put back or forth.

    The running hour is in no mean: its figures come with delay."""
    places = {zone} if zone else outer_zones(counts.plan)
    spent: Counter[tuple[int, int]] = Counter()
    long: Counter[tuple[int, int]] = Counter()
    for t in counts.over:
        clock, seconds = counts.span.local.clock(t), counts.seconds[t]
        long[clock.weekday(), clock.hour] += seconds  # type: ignore[assignment]
    for t, seconds in counts.sum_spent_by_hour(places).items():
        if t in counts.over:
            clock = counts.span.local.clock(t)
            spent[clock.weekday(), clock.hour] += seconds  # type: ignore[assignment]
    return {at: spent[at] / seconds for at, seconds in long.items() if seconds > 0}


def trend_table(looked: LookedPeriods) -> Table:
    """Day by day, week by week or month by month; a zone's visits, or who came into the store."""
    zone, compared = looked.asked.zone, looked.is_compared
    counted = ("visits", "mean_dwell_s") if zone else ("comings",)
    units = {"visits": "count", "comings": "count", "mean_dwell_s": "s"}
    columns = [TableColumn("day", "day")]
    for name in counted:
        columns += figure_columns(name, units[name], compared)  # type: ignore[arg-type]
    columns += figure_columns("person_h", "person_h", compared)
    now = _by_bucket(looked, looked.now, 0)
    past = [_by_bucket(looked, counts, days) for days, counts in looked.before]
    rows = []
    for day in buckets_of(looked.now.span, looked.asked.by):
        mine, were = now.get(day), [p.get(day) for p in past]
        rows.append(TableRow(day.isoformat(), (day.isoformat(), *_bucket_cells(looked, mine, were))))
    return Table(tuple(columns), tuple(rows))


@dataclass(frozen=True, slots=True)
class _BucketSums:
    """What was counted and expected in a bucket, and how many came."""

    counted: CountedSums
    expected: ZoneSums | None
    comings: int


def _bucket_cells(
    looked: LookedPeriods, mine: _BucketSums | None, were: Sequence[_BucketSums | None]
) -> tuple[TableFigure, ...]:
    """Nothing at all before the store's first figure."""
    k, compared, zone = looked.k, looked.is_compared, looked.asked.zone
    none = (CountedSums(), None)
    before = [none if w is None else (w.counted, w.expected) for w in were] if compared else None
    width = 3 if compared else 1
    cells = zone_cells(none if mine is None else (mine.counted, mine.expected), before, k)
    time, rest = cells[:width], cells[width:]
    if mine is None:
        blank = TableFigure(None)
        time, rest = (blank, *time[1:]), tuple(blank if i % width == 0 else c for i, c in enumerate(rest))
    if zone:
        return (*rest, *time)
    coming = TableFigure(None) if mine is None else tell_sum(mine.comings, k)
    came = [None if w is None else tell_sum(w.comings, k).value for w in were] if compared else None
    return (*figure_cells(coming, came), *time)


def _by_bucket(looked: LookedPeriods, counts: SpanCounts, days: int) -> dict[dt.date, _BucketSums]:
    """Figures by the bucket of this period that they fall into when they are moved `days` on.

    Nought where nobody was; nothing at all before the store's first figure.
    """
    by, zone, span = looked.asked.by, looked.asked.zone, counts.span
    places = {zone} if zone else outer_zones(counts.plan)
    days_of = {t: bucket_of(shifted_day(t, span, days), by) for t in counts.seconds}
    found = {day: CountedSums() for t, day in days_of.items() if t >= looked.first_t}
    rows_of: dict[dt.date, list[ZoneHourRow]] = defaultdict(list)
    for r in counts.rows:
        if r.zone in places and r.hour_start in days_of:
            rows_of[days_of[r.hour_start]].append(r)
    found |= {day: counted_sums(rows) for day, rows in rows_of.items()}
    comings: Counter[dt.date] = Counter()
    for t, n in counts.comings.items() if not zone else ():
        if t in days_of:
            comings[days_of[t]] += n
    expected = counts.sum_expected_by(days_of.get, {zone}) if zone else {}
    return {day: _BucketSums(of, expected.get(day, {}).get(zone or ""), comings[day]) for day, of in found.items()}


def flows_table(looked: LookedPeriods) -> Table:
    """Transitions from zone to zone, most frequent first; of a zone only those into it and out of it."""
    zone, compared = looked.asked.zone, looked.is_compared
    columns = (
        TableColumn("from_zone", "zone"),
        TableColumn("to_zone", "zone"),
        *figure_columns("transitions", "count", compared),
        TableColumn("share", "share"),
    )
    now, past = looked.now.moves, [counts.moves for _, counts in looked.before]
    leaving: Counter[str] = Counter()
    for (a, _), n in now.items():
        leaving[a] += n
    rows = []
    for (a, b), n in now.most_common():
        if zone in (None, a, b):
            before = [tell_sum(p[a, b], looked.k).value for p in past] if compared else None
            figure = tell_flow(n, looked.now.move_spreads.get((a, b)), looked.k)
            cells: tuple[Cell, ...] = (_out(a), _out(b), *figure_cells(figure, before), _share(figure, leaving[a]))
            rows.append(TableRow(f"{_out(a)}>{_out(b)}", cells))
    return Table(columns, tuple(rows)).sort_by(looked.asked.sort)


def _share(figure: TableFigure, leaving: int) -> TableFigure:
    """Of all who leave the zone; how many those are is known better than where they go."""
    value, low, high = (None if n is None else min(1.0, n / leaving) for n in (figure.value, figure.low, figure.high))
    return TableFigure(value, low, high)


def _out(zone: str) -> str:
    return OUTSIDE_KEY if zone == OUTSIDE else zone


def queue_table(looked: LookedPeriods) -> Table:
    """The tills by hour of the day: how many people on average and at most, and how long each stays."""
    compared = looked.is_compared
    columns = (
        TableColumn("hour", "hour"),
        *figure_columns("people", "people", compared),
        TableColumn("persons_peak", "people"),
        *figure_columns("visits", "count", compared),
        *figure_columns("mean_dwell_s", "s", compared),
    )
    tills = frozenset(till_zones(looked.now.plan))
    if looked.asked.zone in tills:
        tills = frozenset({looked.asked.zone or ""})
    now, past = _tills_by_hour(looked.now, tills), [_tills_by_hour(counts, tills) for _, counts in looked.before]
    none = (CountedSums(), None, 0.0)
    rows = []
    for hour in sorted(now) if tills else ():
        sums, expected, seconds = now[hour]
        were = [p.get(hour, none) for p in past]
        people = [w.person_s / length if length and w.person_s else None for w, _, length in were] if compared else None
        width = 3 if compared else 1
        visits = zone_cells((sums, expected), [(w, e) for w, e, _ in were] if compared else None, looked.k)[width:]
        cells: tuple[Cell, ...] = (
            str(hour),
            *figure_cells(tell_sum(sums.person_s / seconds if seconds else None, looked.k), people),
            tell_sum(sums.persons_peak, looked.k),
            *visits,
        )
        rows.append(TableRow(str(hour), cells))
    return Table(columns, tuple(rows))


def _tills_by_hour(counts: SpanCounts, tills: frozenset[str]) -> dict[int, tuple[CountedSums, ZoneSums | None, float]]:
    """What was counted and expected in each hour of the day in which anybody was there, and for how long the clock
    showed it. Nothing is expected of tills together where it is not of one of them."""
    local, over = counts.span.local, counts.over
    rows_of: dict[int, list[ZoneHourRow]] = defaultdict(list)
    for r in counts.hours_over(tills):
        rows_of[local.hour(r.hour_start)].append(r)
    expected: dict[int, dict[str, ZoneSums]] = {}
    if tills <= counts.expected.keys():
        expected = counts.sum_expected_by(lambda t: local.hour(t) if t in over else None, tills)
    seconds: dict[int, float] = defaultdict(float)
    for t, length in counts.seconds.items():
        seconds[local.hour(t)] += length if t in over else 0.0
    return {h: (counted_sums(rows), together(expected.get(h, {}).values()), seconds[h]) for h, rows in rows_of.items()}


def together(sums: Iterable[ZoneSums]) -> ZoneSums | None:
    """Of several zones; None of none."""
    held = list(sums)
    names = ZoneSums.__slots__
    return ZoneSums(**{name: sum(getattr(s, name) for s in held) for name in names}) if held else None


TABLES: Mapping[View, Callable[[LookedPeriods], Table]] = {
    View.HEAT: zones_table,
    View.ZONES: zones_table,
    View.PRODUCTS: products_table,
    View.FLOWS: flows_table,
    View.HOURS: hours_table,
    View.TREND: trend_table,
    View.FUNNEL: funnel_table,
    View.ROPO: ropo_table,
    View.ROPO_UPLIFT: uplift_table,
    View.CHANNEL_UPLIFT: channels_table,
    View.QUEUE: queue_table,
}
