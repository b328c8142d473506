"""What the programme owes its members, for finance: JSON and CSV."""

from __future__ import annotations

import csv
import io
import time
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import AppContext, context
from api.problems import problem_responses
from api.times import rfc3339
from engine.config import WorthConfig
from engine.loyalty.worth import worth_minor
from engine.storage.programme.liability import Liability, liabilities
from engine.vocabulary import PointsAge, Right

router = APIRouter(
    prefix="/v1/loyalty",
    tags=["managers"],
    dependencies=[Depends(needs(Right.SEE_LIABILITY, everywhere=True))],
    responses=problem_responses(401, 403),
)
Ctx = Annotated[AppContext, Depends(context)]


class AgeOut(BaseModel):
    """Points that can be spent, by when they were earned."""

    age: PointsAge
    points: int
    worth_minor: int | None


class LiabilityOut(BaseModel):
    """One programme. Worth is by the rate of `loyalty.worth`, rounded down; null where there is none."""

    programme: str
    available: int
    pending: int
    owed: int = Field(description="What members owe: points that a return took back and that were spent.")
    ended: int = Field(description="Past their end, written off within the hour.")
    outstanding: int = Field(description="Available and pending.")
    members: int = Field(description="How many accounts hold any.")
    currency: str | None
    outstanding_worth_minor: int | None
    by_age: list[AgeOut]


class LiabilityReport(BaseModel):
    """All programmes, at this time."""

    at: str
    items: list[LiabilityOut]


@router.get("/liability", summary="What the programme owes")
def liability(ctx: Ctx) -> LiabilityReport:
    """Outstanding points by age and worth: sums over the ledger, as of now."""
    now = time.time()
    return LiabilityReport(at=rfc3339(now), items=[_show(ctx, one) for one in liabilities(ctx.db, now)])


@router.get("/liability.csv", summary="The same as a table", response_class=Response)
def liability_csv(ctx: Ctx) -> Response:
    """A row for each programme and state, those that can be spent by age."""
    now, out = time.time(), io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("at", "programme", "state", "age", "points", "worth_minor", "currency"))
    for one in liabilities(ctx.db, now):
        rate = ctx.config.loyalty.of(one.programme)
        rows = [("available", str(age), one.by_age[age]) for age in PointsAge]
        rows += [("pending", "", one.pending), ("owed", "", one.owed), ("ended", "", one.ended)]
        for state, age, points in rows:
            worth = worth_of(rate, points)
            currency = rate.currency if rate else ""
            table.writerow((rfc3339(now), one.programme, state, age, points, "" if worth is None else worth, currency))
    headers = {"Content-Disposition": 'attachment; filename="liability.csv"', "Cache-Control": "no-store"}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _show(ctx: AppContext, one: Liability) -> LiabilityOut:
    rate = ctx.config.loyalty.of(one.programme)
    return LiabilityOut(
        programme=one.programme,
        available=one.available,
        pending=one.pending,
        owed=one.owed,
        ended=one.ended,
        outstanding=one.outstanding,
        members=one.members,
        currency=rate.currency if rate else None,
        outstanding_worth_minor=worth_of(rate, one.outstanding),
        by_age=[AgeOut(age=a, points=one.by_age[a], worth_minor=worth_of(rate, one.by_age[a])) for a in PointsAge],
    )


def worth_of(rate: WorthConfig | None, points: int) -> int | None:
    """In the currency's smallest unit, rounded down; None without a rate."""
    return None if rate is None else worth_minor(points, rate.points, rate.amount_minor)
