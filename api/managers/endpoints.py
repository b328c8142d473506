"""What managers may ask over HTTP: counts per square, zone and hour, and decisions on coupons with their reasons."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime

from api.auth import needs
from api.keyring import Grant
from api.managers import schemas as out
from api.managers.overlay import draw_heat, ground_level
from api.managers.reports import Period, Reports, counted_sums, reports
from api.managers.told import FEWER_THAN_K, CountedSums, TableFigure, ToldZone, tell_zone
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.texts.catalogue import words
from api.texts.language import language
from api.times import rfc3339
from engine.errors import BusinessRefusal, NotFound
from engine.plan.drawing.draw import draw_svg
from engine.plan.model import Plan
from engine.presence.expected.figures import ZoneSums
from engine.presence.hotzones import HotZone, LevelHeat
from engine.presence.local_hours import HOUR_S
from engine.records import Bools
from engine.storage.messages.counts import latest_messages, message_counts
from engine.storage.vouchers.decisions import StoredDecision, latest_decisions, note_grounds
from engine.vocabulary import ProblemCode, Right

router = APIRouter(
    prefix="/v1/stores",
    tags=["managers"],
    dependencies=[Depends(needs(Right.SEE_FIGURES))],
    responses=problem_responses(401, 403, 404, 422),
    route_class=TaggedRoute,
)

Store = Annotated[str, Path(description="The store's id: the name of its floor plan's folder.")]
Level = Annotated[str | None, Query(description="A level's id; all levels when left out.")]
Width = Annotated[int, Query(ge=200, le=4000)]


class Svg(Response):
    """A drawing; made anew for each look, so no cache keeps it."""

    media_type = "image/svg+xml"


def read_period(
    store: Store,
    from_: Annotated[
        AwareDatetime | None,
        Query(
            alias="from",
            description="RFC 3339. Default: midnight today by the store's clock. Moved to its hour there.",
        ),
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="RFC 3339, not included. Default: now.")] = None,
    made: Reports = Depends(reports),
) -> Period:
    """FastAPI dependency: the period asked for. Raises NotFound (404) and BadPeriod (422)."""
    start, end = (None if t is None else t.timestamp() for t in (from_, to))
    return Period.of(made.ctx.plan(store), start, end, time.time())


Asked = Annotated[Period, Depends(read_period)]
Made = Annotated[Reports, Depends(reports)]


@router.get("")
def stores(made: Made, grant: Annotated[Grant, Depends(needs(Right.SEE_FIGURES))]) -> out.StoresOut:
    """The stores of this site whose figures the caller may see."""
    plans = [plan for _, plan in sorted(made.ctx.plans.items()) if grant.may(Right.SEE_FIGURES, plan.store)]
    return out.StoresOut(items=[_store(plan, made) for plan in plans])


@router.get("/{store}/plan.svg", response_class=Svg)
def plan_svg(store: Store, made: Made, level: Level = None, width_px: Width = 1200) -> Svg:
    """The floor plan, drawn."""
    plan = made.ctx.plan(store)
    return Svg(draw_svg(plan, level=_level(plan, level), width_px=width_px))


@router.get("/{store}/heat", response_model_by_alias=True)
def heat(store: Store, made: Made, asked: Asked, level: Level = None) -> out.HeatOut:
    """Person-seconds per square of the floor, with Getis-Ord Gi* (z) and its false discovery rate (q)."""
    plan = made.ctx.plan(store)
    wanted = _level(plan, level)
    report = made.report(store, asked)
    found = [
        _heat(plan, lv, hot)
        for lv, hot in zip(report.levels, report.outlined, strict=True)
        if wanted in (None, lv.frame.level)
    ]
    return out.HeatOut(store=store, levels=found, **_span(asked))


@router.get("/{store}/heat.svg", response_class=Svg)
def heat_svg(store: Store, made: Made, asked: Asked, level: Level = None, width_px: Width = 1200) -> Svg:
    """One level with its heat, hot squares outlined. Default: the ground floor."""
    plan = made.ctx.plan(store)
    wanted, report = _level(plan, level) or ground_level(plan), made.report(store, asked)
    return Svg(draw_heat(plan, report.levels, wanted, outlined=report.outlined, width_px=width_px))


@router.get("/{store}/zones", response_model_by_alias=True)
def zones(store: Store, made: Made, asked: Asked) -> out.ZonesOut:
    """Zones ranked by dwell: person-hours, visits, mean dwell, and whether they are hot."""
    items = [
        out.ZoneOut(
            rank=None if z.told.person_s.value is None else i + 1,
            zone=z.zone.id,
            name=z.zone.name,
            level=z.zone.level,
            category=z.zone.category,
            **_tell(z.told),
            person_hours_interval=_interval(z.told.person_s, HOUR_S, 4),
            visits_interval=_interval(z.told.visits, 1.0, 4),
            mean_dwell_s_interval=_interval(z.told.mean_dwell_s, 1.0, 1),
            hot=out.HotOut(**_hot(z.hot)),
        )
        for i, z in enumerate(made.report(store, asked).zones)
    ]
    return out.ZonesOut(store=store, items=items, **_span(asked))


@router.get("/{store}/hours", response_model_by_alias=True)
def hours(
    store: Store,
    made: Made,
    asked: Asked,
    after: Annotated[str | None, Query(max_length=200, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 5_000,
) -> out.HoursOut:
    """Zones by hour; over a period they add up to what `zones` has."""
    rows, order = made.hours(store, asked), made.ctx.plan(store).zone_index
    expected, k = made.sum_expected_by_hour(store, asked, rows), made.ctx.config.privacy.k
    whole = {zone for _, zone in expected}
    counted = {(r.hour_start, r.zone): counted_sums([r]) for r in rows}
    keys = sorted({*counted, *(key for key in expected if key[1] in order)}, key=lambda a: (a[0], order[a[1]]))
    keys = keys if after is None else _hours_after(order, keys, after)
    items = []
    for at in keys[:limit]:
        sums = counted.get(at, CountedSums())
        nothing = ZoneSums() if at[1] in whole else None
        figures = tell_zone(sums, expected.get(at, nothing), k)
        if at[1] in whole and at not in expected:
            none = TableFigure(None, withheld=k > 1)
            figures = replace(figures, kind="expected", visits=none, mean_dwell_s=none)
        items.append(out.ZoneHourOut(hour_start=rfc3339(at[0]), zone=at[1], **_tell(figures)))
    more = f"{keys[limit - 1][0]!r}~{keys[limit - 1][1]}" if len(keys) > limit else None
    return out.HoursOut(store=store, items=items, next=more, **_span(asked))


def _hours_after(order: Mapping[str, int], keys: list[tuple[float, str]], after: str) -> list[tuple[float, str]]:
    """What comes after an hour and a zone, in the order of hours and the plan's zones."""
    at = _cursor(after)
    if at is None or at[1] not in order:
        raise BadCursor("no page before gave this out")
    return [key for key in keys if (key[0], order[key[1]]) > (at[0], order[at[1]])]


def _tell(told: ToldZone) -> dict[str, Any]:
    figures = (told.person_s, told.visits, told.mean_dwell_s, told.persons_peak)
    return {
        "person_hours": None if told.person_s.value is None else round(told.person_s.value / HOUR_S, 4),
        "visits": _round(told.visits.value, 4),
        "mean_dwell_s": _round(told.mean_dwell_s.value, 1),
        "persons_peak": _round(told.persons_peak.value, 2),
        "kind": told.kind,
        "reason": FEWER_THAN_K if any(figure.withheld for figure in figures) else None,
    }


def _interval(figure: TableFigure, unit: float, digits: int) -> tuple[float, float] | None:
    if figure.low is None or figure.high is None:
        return None
    return round(figure.low / unit, digits), round(figure.high / unit, digits)


@router.get("/{store}/flows", response_model_by_alias=True)
def flows(store: Store, made: Made, asked: Asked) -> out.FlowsOut:
    """Where people go next: transitions from zone to zone, counted when the visit to the later zone has ended."""
    found, names = made.flows(store, asked), {z.id: z.name for z in made.ctx.plan(store).zones}
    leaving: Counter[str] = Counter()
    for row in found:
        leaving[row.from_zone] += row.count
    items = [
        out.FlowOut(
            from_zone=r.from_zone or None,
            from_name=names.get(r.from_zone),
            to_zone=r.to_zone or None,
            to_name=names.get(r.to_zone),
            transitions=r.count,
            transitions_interval=_interval(r.figure, 1.0, 1),
            share=round(r.count / leaving[r.from_zone], 4),
        )
        for r in found
    ]
    return out.FlowsOut(store=store, items=items, **_span(asked))


@router.get("/{store}/hot-zones", response_model_by_alias=True)
def hot_zones(store: Store, made: Made, asked: Asked) -> out.HotZonesOut:
    """Which zones are statistically above the store: hot, not hot, or not enough evidence, each with its reason."""
    found = made.report(store, asked).zones
    verdicts, times = [z.hot for z in found], {z.zone.id: _tell(z.told)["person_hours"] for z in found}
    order = made.ctx.plan(store).zone_index
    items = [
        out.HotZoneOut(zone=v.zone, name=v.name, level=v.level, person_hours=times[v.zone], **_hot(v))
        for v in sorted(verdicts, key=lambda v: order[v.zone])
    ]
    return out.HotZonesOut(store=store, items=items, **_span(asked))


@router.get("/{store}/decisions", response_model_by_alias=True)
def decisions(
    store: Store,
    made: Made,
    asked: Asked,
    grant: Annotated[Grant, Depends(needs(Right.SEE_CAMPAIGNS))],
    after: Annotated[str | None, Query(description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> out.DecisionsOut:
    """Why coupons were issued or refused: counts by reason, in whole ks; and for who may read the audit log, or where
    k is 1, the decisions one by one, newest first."""
    before, one_by_one = _cursor(after), made.ctx.config.privacy.k == 1 or grant.may(Right.SEE_AUDIT, store)
    span = {"from_t": asked.from_t, "to_t": asked.to_t}
    found = latest_decisions(made.ctx.db, store, **span, before=before, limit=limit + 1) if one_by_one else []
    counts = made.coupons(store, asked, time.time()).reasons
    page, more = found[:limit], len(found) > limit
    return out.DecisionsOut(
        store=store,
        counts=[
            out.ReasonOut(outcome=outcome, reason=reason, count=n)
            for (outcome, reason), n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ],
        items=[_decision(d) for d in page],
        next=f"{page[-1].at!r}~{page[-1].decision_id}" if more else None,
        **_span(asked),
    )


@router.get("/{store}/messages", response_model_by_alias=True)
def messages(
    store: Store,
    request: Request,
    made: Made,
    asked: Asked,
    grant: Annotated[Grant, Depends(needs(Right.SEE_CAMPAIGNS))],
) -> out.MessagesOut:
    """What shoppers were told beside coupons, on which channel, what waits, and where nothing was said, each with its
    reason: shoppers a day, in whole ks; for who may read the audit log the latest decisions, too."""
    t, k, block_s = words(language(request)), made.ctx.config.privacy.k, made.ctx.config.privacy.block_s
    db, start, end = made.ctx.db, asked.from_t, asked.to_t
    counts = message_counts(db, store, from_t=start, to_t=end, k=k, block_s=block_s, now=time.time())
    one_by_one = k == 1 or grant.may(Right.SEE_AUDIT, store)
    latest = latest_messages(db, store, from_t=start, to_t=end) if one_by_one else []
    return out.MessagesOut(
        store=store,
        counts=[
            out.MessageCountOut(
                **asdict(fate),
                said=" · ".join(
                    (t.message_kinds[fate.kind], t.message_outcomes[fate.outcome], t.message_reasons[fate.reason])
                ),
                count=n,
            )
            for fate, n in sorted(counts.items(), key=lambda item: (-item[1], item[0].kind, item[0].reason))
        ],
        latest=[out.MessageOut(at=rfc3339(at), **asdict(fate)) for at, fate in latest],
        **_span(asked),
    )


class BadCursor(BusinessRefusal):
    """Not something a page before gave out."""

    code = ProblemCode.INVALID_CURSOR
    status = 422


def _cursor(after: str | None) -> tuple[float, str] | None:
    if after is None:
        return None
    at, _, decision_id = after.partition("~")
    try:
        t = float(at)
    except ValueError:
        t = math.nan
    if not math.isfinite(t):
        raise BadCursor("'after' takes the 'next' of the page before")
    return t, decision_id


def _decision(row: StoredDecision) -> out.DecisionOut:
    return out.DecisionOut(
        decision_id=row.decision_id,
        campaign_id=row.campaign_id,
        outcome=row.outcome,
        reason=row.reason,
        at=rfc3339(row.at),
        probability=round(row.probability, 4),
        inputs=note_grounds(row.grounds, row.voucher_id),
    )


def _span(period: Period) -> dict[str, str]:
    return {"from_": rfc3339(period.from_t), "to": rfc3339(period.to_t)}


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None or math.isnan(value) else round(value, digits)


def _hot(verdict: HotZone) -> dict[str, Any]:
    return {
        "state": verdict.state,
        "reason": verdict.reason,
        "share_hot": round(verdict.share_hot, 4),
        "z": _round(verdict.z_max, 3),
        "q": None if math.isnan(verdict.q_min) else float(f"{verdict.q_min:.3g}"),
    }


def _store(plan: Plan, made: Reports) -> out.StoreOut:
    return out.StoreOut(
        store=plan.store,
        name=plan.name,
        timezone=plan.timezone,
        currency=plan.currency,
        levels=[out.LevelOut(id=lv.id, name=lv.name, ordinal=lv.ordinal) for lv in plan.levels],
        zones=len(plan.zones),
        access_points=len(plan.access_points),
        products=len(plan.products),
        k=made.ctx.config.privacy.k,
        demo=made.ctx.config.privacy.demo,
    )


def _level(plan: Plan, level: str | None) -> str | None:
    if level is not None and level not in plan.level_index:
        raise NotFound(f"no level {level!r} in store {plan.store!r}")
    return level


def _heat(plan: Plan, heat: LevelHeat, outlined: Bools) -> out.HeatLevelOut:
    frame = heat.frame
    rows, cols = (heat.mask & (heat.person_s > 0)).nonzero()
    values = (a[rows, cols].tolist() for a in (heat.person_s, heat.fixes, heat.z, heat.q, outlined))
    items = [
        out.SquareOut(col=c, row=r, person_s=round(s, 2), fixes=round(n, 2), z=round(z, 3), q=q, hot=hot)
        for c, r, s, n, z, q, hot in zip(cols.tolist(), rows.tolist(), *values, strict=True)
    ]
    return out.HeatLevelOut(
        level=frame.level,
        name=plan.levels[plan.level_index[frame.level]].name,
        x0_m=frame.x0_m,
        y0_m=frame.y0_m,
        heat_cell_m=frame.heat_cell_m,
        rows=frame.rows,
        cols=frame.cols,
        person_hours=round(float(heat.person_s.sum()) / HOUR_S, 4),
        items=items,
    )
