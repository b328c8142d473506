"""What was forgotten, for managers and data protection officers: the periods in force, and the proof."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import AppContext, context
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.times import rfc3339
from engine.privacy.k_anonymity import whole_ks
from engine.storage.retention.proofs import proofs
from engine.storage.retention.rules import rules_of
from engine.vocabulary import RetentionRule, Right

router = APIRouter(
    prefix="/v1/retention",
    tags=["managers"],
    dependencies=[Depends(needs(Right.SEE_PRIVACY, everywhere=True))],
    responses=problem_responses(401, 403, 422),
    route_class=TaggedRoute,
)


class PeriodOut(BaseModel):
    """For how long a rule lets things be kept."""

    rule: RetentionRule
    keep_s: float


class ProofOut(BaseModel):
    """What a rule deleted on one day, all runs of the day added up. Days with nothing to delete are proof as well."""

    day: str = Field(description="UTC.", examples=["2026-11-28"])
    rule: RetentionRule
    rows: int = Field(description="In steps of `privacy.k`, as what was forgotten had been somebody's once.")
    keep_s: float = Field(description="What was older than this, at the last run, was deleted.")
    first_at: str
    last_at: str


class RetentionOut(BaseModel):
    """Periods in force, and the proofs, newest day first."""

    periods: list[PeriodOut]
    items: list[ProofOut]
    next: str | None = Field(None, description="The cursor of the next page; none on the last.")


@router.get("")
def retention(
    ctx: AppContext = Depends(context),
    after: Annotated[str | None, Query(max_length=80, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> RetentionOut:
    """What was forgotten, when, how many rows, by which rule."""
    day, _, rule = (after or "").partition("~")
    found = proofs(ctx.db, limit=limit + 1, after=(day, rule) if after else None)
    more = f"{found[limit - 1].day}~{found[limit - 1].rule}" if len(found) > limit else None
    rules = rules_of(ctx.db, ctx.config.retention, ctx.config.storage.data_dir)
    items = [
        ProofOut(
            day=p.day,
            rule=p.rule,
            rows=whole_ks(p.rows, ctx.config.privacy.k),
            keep_s=p.keep_s,
            first_at=rfc3339(p.first_at),
            last_at=rfc3339(p.last_at),
        )
        for p in found[:limit]
    ]
    periods = [PeriodOut(rule=r.name, keep_s=r.keep_s) for r in rules]
    return RetentionOut(periods=periods, items=items, next=more)
