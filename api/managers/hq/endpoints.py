"""Several stores for programs: the league as JSON and CSV, and budgets."""

from __future__ import annotations

import csv
import io
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from api.auth import needs
from api.keyring import Grant
from api.managers.console.answers import answer_tagged, json_bytes
from api.managers.console.forms import round_off
from api.managers.hq.budgets import budgets_of
from api.managers.hq.league import StoreLeague, make_league, stores_of
from api.managers.hq.watching import alerts_of
from api.managers.reports import Reports, reports
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.times import rfc3339
from engine.indicators.alerts import AlertKind
from engine.indicators.league import LeagueFigure, LeagueRow
from engine.offers.measured.pacing import PaceState
from engine.presence.expected.figures import Spread
from engine.vocabulary import Right

router = APIRouter(
    prefix="/v1/hq", tags=["managers"], responses=problem_responses(401, 403, 422), route_class=TaggedRoute
)
alerts_router = APIRouter(tags=["managers"], responses=problem_responses(401, 403, 404), route_class=TaggedRoute)
CSV = "text/csv; charset=utf-8"
Comparer = Annotated[Grant, Depends(needs(Right.COMPARE_STORES))]
Made = Annotated[Reports, Depends(reports)]


class LeagueRowOut(BaseModel):
    """A store. `best` and `worst` are the places it may have, none where it is not alike in both periods; `change` is
    a share of what was before, `differs` whether it is more than chance."""

    store: str
    best: int | None
    worst: int | None
    value: float | None
    low: float | None
    high: float | None
    before: float | None
    change: float | None
    differs: bool


class LeagueOut(BaseModel):
    """Stores that the caller may compare, by one figure."""

    by: LeagueFigure
    first_day: str
    last_day: str
    compared_first_day: str
    compared_last_day: str
    items: list[LeagueRowOut]


class BudgetOut(BaseModel):
    """A campaign's budget in coupons or minor units; `due` is what the line says by now."""

    store: str
    campaign: str
    unit: str
    spent: int
    budget: int
    due: float | None
    state: PaceState
    gone_at: str | None


class BudgetsOut(BaseModel):
    """Running and paused campaigns of stores that the caller may compare."""

    items: list[BudgetOut]


class AlertOut(BaseModel):
    """Something to look at since `at`; `about` is a zone, a till, a source or an access point (`*`: all sources)."""

    kind: AlertKind
    about: str
    at: str
    value: float | None
    usual: float | None


class AlertsOut(BaseModel):
    """What goes on in a store, and which of yesterday's figures are not those of the same weekdays before."""

    items: list[AlertOut]


@alerts_router.get("/v1/stores/{store}/alerts", summary="What a store's managers are told unasked")
def alerts(store: str, made: Made, _grant: Annotated[Grant, Depends(needs(Right.SEE_FIGURES))]) -> AlertsOut:
    """As of the last look, which is taken every five minutes."""
    made.ctx.plan(store)
    found = alerts_of(made.ctx.db, store)
    return AlertsOut(items=[AlertOut(**{**alert, "at": rfc3339(alert["at"])}) for alert in found])


def read_league(
    made: Made,
    grant: Comparer,
    by: Annotated[str | None, Query(max_length=20, description="`capture` (default), `came_in`, `bounce`, ...")] = None,
    from_: Annotated[str | None, Query(alias="from", max_length=40, description="The first day.")] = None,
    to: Annotated[str | None, Query(max_length=40, description="The last day, included.")] = None,
    compare: Annotated[str | None, Query(max_length=20, description="`previous` (default) or `year`.")] = None,
) -> StoreLeague:
    """FastAPI dependency: the league asked for. Raises BadPeriod (422)."""
    given = {"by": by, "from": from_, "to": to, "compare": compare}
    plans = stores_of(made, grant, Right.COMPARE_STORES)
    return make_league(made, plans, {k: v for k, v in given.items() if v}, strict=True)


AskedLeague = Annotated[StoreLeague, Depends(read_league)]


@router.get("/league", response_model=LeagueOut, summary="Stores beside one another")
def league_json(request: Request, league: AskedLeague) -> Response:
    """Ranked where they differ, with an ETag."""
    head = {
        "by": league.figure.value,
        "first_day": league.span.first.isoformat(),
        "last_day": league.span.last.isoformat(),
        "compared_first_day": league.before.first.isoformat(),
        "compared_last_day": league.before.last.isoformat(),
    }
    return answer_tagged(request, None, lambda: json_bytes(head | {"items": [row_json(row) for row in league.rows]}))


@router.get("/league/csv", responses={200: {"content": {"text/csv": {}}}}, summary="Stores beside one another as CSV")
def league_csv(request: Request, league: AskedLeague) -> Response:
    """The same by RFC 4180."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(LeagueRowOut.model_fields))
    writer.writeheader()
    writer.writerows(row_json(row) for row in league.rows)
    return answer_tagged(request, None, out.getvalue().encode, CSV)


@router.get("/budgets", summary="Budgets of campaigns and their pace")
def budgets(made: Made, grant: Comparer) -> BudgetsOut:
    """Of the stores whose campaigns the caller may see."""
    plans = [p for p in stores_of(made, grant, Right.COMPARE_STORES) if grant.may(Right.SEE_CAMPAIGNS, p.store)]
    items = [
        BudgetOut(
            store=b.plan.store,
            campaign=b.stored.campaign.id,
            unit=b.plan.currency if b.money else "coupons",
            spent=b.pace.spent,
            budget=b.pace.budget,
            due=round_off(b.pace.due),
            state=b.pace.state,
            gone_at=None if b.pace.gone_at is None else rfc3339(b.pace.gone_at),
        )
        for b in budgets_of(made.ctx, plans, time.time())
    ]
    return BudgetsOut(items=items)


def row_json(row: LeagueRow) -> dict[str, Any]:
    """A store as `LeagueRowOut` has it."""
    value, low, high = ends(row.now)
    return {
        "store": row.store,
        "best": row.best,
        "worst": row.worst,
        "value": round_off(value),
        "low": round_off(low),
        "high": round_off(high),
        "before": round_off(None if row.before is None else row.before.value),
        "change": round_off(None if row.change is None else row.change.share),
        "differs": row.change is not None and row.change.significant,
    }


def ends(spread: Spread | None) -> tuple[float | None, float | None, float | None]:
    """Value and 90 % interval, of a sample; three times None for none."""
    if spread is None:
        return None, None, None
    figure = spread.figure(sampled=True)
    return figure.value, figure.low, figure.high
