"""Stores beside one another over a period and the one before: what each counted, and its place."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from api.auth import NoStoreOfYours
from api.keyring import Grant
from api.managers.console.figures.asked import AskedPage, Note, NoteCode, View, read_asked
from api.managers.console.figures.counts import SpanCounts
from api.managers.reports import BadPeriod, Reports
from api.managers.spans.days import Comparison, DaySpan, steps_back
from engine.indicators.counts import store_counts
from engine.indicators.league import LeagueFigure, LeagueRow, compare_stores, store_spread
from engine.plan.model import Plan
from engine.presence.expected.figures import Spread, ZoneSums
from engine.presence.expected.ways import CAME
from engine.presence.local_hours import hours_in
from engine.storage.presence.expected import expected_reach, expected_sums
from engine.storage.presence.heatmaps import figures_reach
from engine.vocabulary import Right

DAY_S = 86_400.0
ALIKE = (Comparison.PREVIOUS, Comparison.YEAR)
"""What a league is compared with: one period, by the calendar."""


@dataclass(frozen=True, slots=True)
class StoreLeague:
    """What was asked, the period and the one before by the calendar, and the stores with their places. `plans` by
    store."""

    asked: AskedPage
    figure: LeagueFigure
    before: DaySpan
    rows: list[LeagueRow]
    plans: Mapping[str, Plan]

    @property
    def span(self) -> DaySpan:
        """The period."""
        return self.asked.span


def stores_of(made: Reports, grant: Grant, right: Right) -> list[Plan]:
    """The stores that the reader has this right in, by id."""
    return [plan for store, plan in sorted(made.ctx.plans.items()) if grant.may(right, store)]


def make_league(
    made: Reports, plans: Sequence[Plan], given: Mapping[str, str], *, now: float | None = None, strict: bool = False
) -> StoreLeague:
    """Compares the stores of `plans`. Raises NoStoreOfYours (404) without any, and BadPeriod (422) where `strict`, for
    what cannot be had as asked."""
    if not plans:
        raise NoStoreOfYours("none of the stores of the reader's roles is of this site")
    now = time.time() if now is None else now
    period = {name: given[name] for name in ("from", "to", "compare") if name in given}
    reach, moved = _reach(made, plans), None
    if reach is not None and not strict and not {"from", "to"} & period.keys() and reach[1] < _default(plans[0], now):
        moved = period["to"] = reach[1].isoformat()
    asked = read_asked(plans[0], View.TREND, {"compare": "previous", **period}, now, strict=strict)
    if asked.compare not in ALIKE:
        if strict:
            raise BadPeriod(f"'compare' is one of {', '.join(c.value for c in ALIKE)}: a league is against one period")
        asked = replace(asked, compare=Comparison.PREVIOUS, notes=(*asked.notes, Note(NoteCode.BAD_CHOICE)))
    known = {figure.value for figure in LeagueFigure}
    wanted = given.get("by") or LeagueFigure.CAPTURE.value
    if strict and wanted not in known:
        raise BadPeriod(f"'by' is one of {', '.join(sorted(known))}")
    figure = LeagueFigure(wanted) if wanted in known else LeagueFigure.CAPTURE
    if wanted not in known:
        asked = replace(asked, notes=(*asked.notes, Note(NoteCode.BAD_CHOICE)))
    [back] = steps_back(asked.span, asked.compare)
    found: dict[str, Spread | None] = {}
    past: dict[str, Spread | None] = {}
    if moved is not None and reach is not None:
        asked = replace(asked, notes=(*asked.notes, Note(NoteCode.LAST_FIGURES, {"day": reach[1]})))
    for plan in plans:
        span = replace(asked.span, timezone=plan.timezone)
        found[plan.store] = read_figure(made, plan, span, figure)
        past[plan.store] = _alike(made, plan, span.move_back(back), figure)
    rows = compare_stores(found, past)
    if all(spread is None for spread in found.values()):
        asked = replace(asked, notes=(*asked.notes, _why_none(reach)))
    return StoreLeague(asked, figure, asked.span.move_back(back), rows, {plan.store: plan for plan in plans})


def _reach(made: Reports, plans: Sequence[Plan]) -> tuple[dt.date, dt.date] | None:
    """The first and last day of what leagues are made of, in any of these stores. Hours that were taken in from
    elsewhere have nothing of it."""
    found = []
    for plan in plans:
        ends = expected_reach(made.ctx.figures, plan.store)
        found += [hours_in(plan.timezone).clock(t).date() for t in ends or ()]
    return (min(found), max(found)) if found else None


def _default(plan: Plan, now: float) -> dt.date:
    """The first day that is shown where no period is asked for."""
    return read_asked(plan, View.TREND, {}, now).span.first


def _why_none(reach: tuple[dt.date, dt.date] | None) -> Note:
    """Why no store has the figure, and what to do."""
    if reach is None:
        return Note(NoteCode.NEVER_RANKED)
    return Note(NoteCode.NOT_RANKED, {"first": reach[0], "last": reach[1]})


def _alike(made: Reports, plan: Plan, span: DaySpan, figure: LeagueFigure) -> Spread | None:
    """Of a period that the store was counted in from its first day on."""
    reach = figures_reach(made.ctx.figures, plan.store)
    return None if reach is None or reach[0] > span.from_t + DAY_S else read_figure(made, plan, span, figure)


def read_figure(made: Reports, plan: Plan, span: DaySpan, figure: LeagueFigure) -> Spread | None:
    """One figure of one store over whole days; None where what it needs was not counted."""
    counts = SpanCounts(made, plan, span, span.to_t)
    open_s = sum(counts.seconds.get(t, 0.0) for t in counts.sum_spent_by_hour(plan.zone_index))
    if open_s <= 0:
        return None
    rows = expected_sums(made.ctx.figures, plan.store, span.local, from_t=span.from_t, to_t=span.to_t)
    of = store_counts(rows, open_s)
    if figure is LeagueFigure.CONVERSION:
        of = replace(of, transactions=_receipts(counts))
    stays = ZoneSums.of(row for row in rows if row.zone in CAME)
    return store_spread(figure, of, stays.mean_dwell())


def _receipts(counts: SpanCounts) -> int | None:
    sold = counts.sold
    if sold is None or not sold.told or (not sold.receipts and counts.k > 1):
        return None  # nobody knows, or it is withheld
    return sold.receipts
