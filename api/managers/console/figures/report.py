"""The one object behind screen, API, CSV, GeoJSON, PNG, printed page, PDF and letter."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from api.managers.console.figures.asked import AskedPage, Note, NoteCode, View, read_asked
from api.managers.console.figures.counts import SpanCounts, till_zones
from api.managers.console.figures.funnel import is_followed
from api.managers.console.figures.looked import LookedPeriods
from api.managers.console.figures.products import whole_months
from api.managers.console.figures.stamped import Stamp, read_stamp, report_tag
from api.managers.console.figures.tables import Table
from api.managers.console.figures.views import TABLES, counted_zones, was_counted_before
from api.managers.reports import Reports
from api.managers.spans.days import Comparison, DaySpan, steps_back
from api.managers.told import TableFigure
from engine.plan.model import Plan
from engine.presence.hotzones import HotState
from engine.storage.presence.heatmaps import figures_reach
from engine.storage.presence.plan_versions import PlanVersion, plan_versions
from engine.storage.told.ropo import knows_views

MOST_NAMES = 5
LOOKED_AT_HEAT = (View.HEAT, View.ZONES)
OF_VISITS = (View.HEAT, View.ZONES, View.TREND, View.FUNNEL, View.QUEUE)


@dataclass(frozen=True)
class Report:
    """A page's figures: what was asked, the table, the heat where the page has it, and what a reader has to know.

    `versions` are the plans that the period's figures are of, oldest first; none where nobody has noted any.
    """

    plan: Plan
    asked: AskedPage
    looked: LookedPeriods
    table: Table
    notes: tuple[Note, ...]
    versions: tuple[PlanVersion, ...]
    k: int
    demo: bool

    @property
    def view(self) -> View:
        """Which page it is."""
        return self.asked.view

    @property
    def span(self) -> DaySpan:
        """Its period."""
        return self.asked.span

    @property
    def counts(self) -> SpanCounts:
        """What was counted in it."""
        return self.looked.now

    @cached_property
    def is_running(self) -> bool:
        """Whether its last day is not over."""
        return self.span.to_t < self.span.end_t

    @property
    def has_heat_before(self) -> bool:
        """Whether there are two heats to compare."""
        return not self.counts.heat.is_empty and any(not c.heat.is_empty for _, c in self.looked.before)

    def has(self, code: NoteCode) -> bool:
        """Whether a reader is told this."""
        return any(note.code is code for note in self.notes)


@dataclass(frozen=True)
class AskedReport:
    """A report that was asked for at `now` (s UTC) and is not made yet: its plan and period are known, and the stamp of
    its figures."""

    made: Reports
    plan: Plan
    asked: AskedPage
    now: float
    stamp: Stamp

    def tag(self, *form: object) -> str | None:
        """The ETag of one of its forms, without making it; None of pages that show more than figures."""
        return report_tag(self.made.ctx.config, self.plan.store, self.stamp, self.asked, *form)

    def make(self) -> Report:
        """Reads and works out. Raises StorageUnavailable without a database."""
        made, plan, asked = self.made, self.plan, self.asked
        reach = figures_reach(made.ctx.figures, plan.store)
        counts = SpanCounts(made, plan, asked.span, self.now)
        before, missing = _before(made, plan, asked, reach, self.now)
        looked = LookedPeriods(asked, counts, before, reach[0] if reach else 0.0)
        table = TABLES[asked.view](looked)
        versions = plan_versions(made.ctx.db, plan.store)
        notes = (*asked.notes, *_notes(looked, reach, missing), *_changes(looked, versions))
        privacy = made.ctx.config.privacy
        told = tuple({(note.code, note.at): note for note in notes}.values())
        holding = _holding(versions, asked.span)
        return Report(plan, asked, looked, table, told, holding, privacy.k, privacy.demo)


def ask_report(
    made: Reports, store: str, view: View, given: Mapping[str, str], *, now: float | None = None, strict: bool = False
) -> AskedReport:
    """What `given` (the query of an address) asks for. Raises NotFound for an unknown store, StorageUnavailable without
    a database, and where `strict` BadPeriod for what cannot be had as asked."""
    now = time.time() if now is None else now
    plan = made.ctx.plan(store)
    asked = read_asked(plan, view, given, now, strict=strict)
    return AskedReport(made, plan, asked, now, read_stamp(made.ctx.figures, made.prints, plan))


def make_report(
    made: Reports, store: str, view: View, given: Mapping[str, str], *, now: float | None = None, strict: bool = False
) -> Report:
    """The report that `ask_report` asks for, made."""
    return ask_report(made, store, view, given, now=now, strict=strict).make()


def _holding(versions: Sequence[PlanVersion], span: DaySpan) -> tuple[PlanVersion, ...]:
    """The plans that a period's figures are of: those noted in it, and the last one before."""
    begun = [v for v in versions if v.since < span.to_t]
    return tuple(v for i, v in enumerate(begun) if i + 1 == len(begun) or begun[i + 1].since > span.from_t)


def _before(
    made: Reports, plan: Plan, asked: AskedPage, reach: tuple[float, float] | None, now: float
) -> tuple[list[tuple[int, SpanCounts]], int]:
    """The periods to compare with that have any figure, and how many have none."""
    found, missing = [], 0
    for days in steps_back(asked.span, asked.compare):
        counts = SpanCounts(made, plan, asked.span.move_back(days), now)
        if reach is None or counts.span.to_t <= reach[0] or counts.is_empty:
            missing += 1
        else:
            found.append((days, counts))
    return found, missing


def _notes(looked: LookedPeriods, reach: tuple[float, float] | None, missing: int) -> list[Note]:
    """What a reader has to know of these figures, most important first."""
    asked, now, span = looked.asked, looked.now, looked.asked.span
    if asked.view is View.CHANNEL_UPLIFT:  # of coupons and receipts: access points say nothing
        return _notes_of_channels(looked)
    if asked.view in (View.ROPO, View.ROPO_UPLIFT) and (reach is None or now.is_empty):
        return [*_notes_of_ropo(looked), Note(NoteCode.NO_WAYS)]  # of people: access points say nothing
    if reach is None:
        return [Note(NoteCode.NO_READINGS)]
    notes = []
    if now.is_empty:
        first, last = (span.local.clock(t).date() for t in reach)
        notes.append(Note(NoteCode.EMPTY, {"first": first, "last": last}))
    elif span.from_t < reach[0] - 86_400.0:
        notes.append(Note(NoteCode.BEFORE_FIRST, {"day": span.local.clock(reach[0]).date()}))
    if span.to_t < span.end_t:
        notes.append(Note(NoteCode.RUNNING))
    notes += [Note(NoteCode.SHORT_DAY, {"day": day, "hours": hours}) for day, hours in span.odd_days()[:1]]
    if now.gone:
        names = ", ".join(sorted(now.gone)[:MOST_NAMES])
        notes.append(Note(NoteCode.ZONES_GONE, {"n": len(now.gone), "zones": names}))
    if asked.compare is not Comparison.NONE:
        if not looked.before:
            notes.append(Note(NoteCode.NO_REFERENCE))
        elif missing:
            notes.append(Note(NoteCode.FEWER_REFERENCES, {"n": len(looked.before), "of": missing + len(looked.before)}))
        if any(counts.span.from_t < reach[0] - 86_400.0 for _, counts in looked.before):
            notes.append(Note(NoteCode.REFERENCE_BEFORE_FIRST, {"day": span.local.clock(reach[0]).date()}))
    counted = counted_zones(looked) if asked.view in OF_VISITS else []
    if counted:
        names = ", ".join(counted[:MOST_NAMES])
        notes.append(Note(NoteCode.COUNTED_ZONES, {"n": len(counted), "zones": names}))
    if asked.view in OF_VISITS and was_counted_before(looked):
        notes.append(Note(NoteCode.COUNTED_BEFORE))
    return notes + _notes_of_view(looked)


def _changes(looked: LookedPeriods, versions: Sequence[PlanVersion]) -> list[Note]:
    """The last change of the plan within the periods that are shown."""
    span = looked.asked.span
    from_t = min([span.from_t, *(counts.span.from_t for _, counts in looked.before)])
    changed = [v for v in versions[1:] if from_t < v.since < span.to_t]
    return [Note(NoteCode.PLAN_CHANGED, {"day": span.local.clock(v.since).date()}) for v in changed[-1:]]


def _notes_of_view(looked: LookedPeriods) -> list[Note]:
    view, now = looked.asked.view, looked.now
    if view in LOOKED_AT_HEAT and not now.is_empty:
        if now.heat.is_empty:
            return [Note(NoteCode.NO_HEAT)]
        states = {v.state for v in now.heat.verdicts}
        if states == {HotState.NOT_ENOUGH_EVIDENCE}:
            return [Note(NoteCode.TOO_LITTLE)]
    if view is View.QUEUE and not till_zones(now.plan):
        return [Note(NoteCode.NO_TILL_ZONE)]
    if view in (View.HOURS, View.QUEUE) and _waits_for_an_hour(now):
        clock = now.span.local.clock(now.span.local.end(now.span.to_t))
        return [Note(NoteCode.FIRST_HOUR, {"time": f"{clock:%H:%M}"})]
    if view is View.FUNNEL:
        whole = [] if looked.asked.span.is_whole else [Note(NoteCode.COUPONS_ALL_HOURS)]
        if now.is_empty:
            return whole
        return [*whole, *(_receipts_wait(now) if is_followed(looked) else [Note(NoteCode.NOT_FOLLOWED)])]
    if view in (View.ROPO, View.ROPO_UPLIFT):
        return _notes_of_ropo(looked)
    if view is View.FLOWS:
        steps = [pair for pair in now.moves if looked.asked.zone in (None, *pair)]
        return [] if steps or now.is_empty else [Note(NoteCode.NO_STEPS)]
    return _notes_of_products(looked) if view is View.PRODUCTS else []


def _notes_of_products(looked: LookedPeriods) -> list[Note]:
    now, span = looked.now, looked.asked.span
    if not now.plan.products:
        return [Note(NoteCode.NO_PRODUCTS)]
    if now.is_empty:
        return []
    notes = [Note(NoteCode.PRODUCTS_ALL_HOURS)] if span.hours != (0, 24) else []
    if now.steps_since is None:
        notes.append(Note(NoteCode.NO_STOPS))
    elif not now.has_steps:
        notes.append(Note(NoteCode.STOPS_SINCE, {"day": span.local.clock(now.steps_since).date()}))
    if now.sold is None or not now.sold.told:
        return [*notes, Note(NoteCode.NO_RECEIPTS)]
    notes += _receipts_wait(now)
    return notes if whole_months(span) else [*notes, Note(NoteCode.WHOLE_MONTHS)]


def _receipts_wait(counts: SpanCounts) -> list[Note]:
    """That receipts are told in blocks, where that is so."""
    told = counts.k > 1 and counts.sold is not None and counts.sold.told
    return [Note(NoteCode.RECEIPTS_IN_BLOCKS, {"k": counts.k})] if told else []


def _notes_of_ropo(looked: LookedPeriods) -> list[Note]:
    now = looked.now
    if not now.plan.products:
        return [Note(NoteCode.NO_PRODUCTS)]
    notes = [Note(NoteCode.PRODUCTS_ALL_HOURS)] if looked.asked.span.hours != (0, 24) else []
    if not knows_views(now.made.ctx.db):
        return [*notes, Note(NoteCode.NO_VIEWS)]
    if "crm:any" not in now.made.ctx.config.privacy.asked:
        notes.append(Note(NoteCode.NOBODY_JOINED))
    return notes


def _notes_of_channels(looked: LookedPeriods) -> list[Note]:
    notes = [Note(NoteCode.PRODUCTS_ALL_HOURS)] if looked.asked.span.hours != (0, 24) else []
    if "crm:any" not in looked.now.made.ctx.config.privacy.asked:
        notes.append(Note(NoteCode.NOBODY_JOINED))
    return notes


def _waits_for_an_hour(counts: SpanCounts) -> bool:
    """Whether the period is running, and no hour with figures is over: means by hour are of whole hours."""
    span = counts.span
    return span.to_t < span.end_t and not any(span.is_over(r.hour_start) for r in counts.rows)


def headline(report: Report) -> dict[str, TableFigure]:
    """The column that a page is about: by row."""
    names = {
        View.HEAT: "person_h",
        View.ZONES: "person_h",
        View.PRODUCTS: "stops",
        View.FLOWS: "transitions",
        View.HOURS: "people",
        View.TREND: "visits" if report.asked.zone else "comings",
        View.FUNNEL: "count",
        View.ROPO: "stopped",
        View.ROPO_UPLIFT: "bought_uplift",
        View.CHANNEL_UPLIFT: "channel_effect",
        View.QUEUE: "people",
    }
    return report.table.figures(names[report.view])


def last_week(plan: Plan, now: float) -> tuple[dt.date, dt.date]:
    """Monday to Sunday of the week before the one that holds `now` (s UTC), by the store's calendar."""
    from engine.presence.local_hours import hours_in

    today = hours_in(plan.timezone).clock(now).date()
    monday = today - dt.timedelta(days=today.weekday() + 7)
    return monday, monday + dt.timedelta(days=6)
