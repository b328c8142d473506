"""Points of shared links that look like one person's with many browsers: what waits, and the shop's verdict on each."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs, needs_or_nobody
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import sign_in_page
from api.pages import page
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.texts.catalogue import words
from api.texts.language import language
from api.texts.times import clock, short_date
from api.times import rfc3339
from engine.errors import NotFound
from engine.loyalty.humans import REVIEW_AT, WEIGHTS, Signal
from engine.storage.loyalty.reviews import (
    ReviewedAlready,
    ShareReview,
    decide_review,
    review_log,
    waiting_reviews,
)
from engine.storage.vouchers.campaigns import get_campaign
from engine.storage.vouchers.rows.specs import UnreadableCampaign
from engine.vocabulary import ReviewVerdict, Right

router = APIRouter(
    prefix="/v1/stores/{store}/share-reviews",
    tags=["managers"],
    responses=problem_responses(401, 403, 404, 422),
    route_class=TaggedRoute,
)
pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
Manager = Annotated[Grant, Depends(needs(Right.JUDGE_SHARES))]
Store = Annotated[str, Path(description="The store's id.")]
SHOWN = 50


class SignalOut(BaseModel):
    """What was seen, how often, and what it adds to the score."""

    signal: Signal
    count: int
    adds: float


class ReviewOut(BaseModel):
    """An opening whose points wait. `sharer` is a name for this list, the same for all of one sharer's links."""

    visit_id: int
    campaign_id: str
    sharer: str
    opened_at: str
    tapped: bool = Field(description="The friend pressed the button for the coupon.")
    points: int
    available: bool = Field(description="The points had left their hold before it looked doubtful.")
    score: float
    signals: list[SignalOut]


class ReviewLineOut(BaseModel):
    """One line of the log: `by` is `model`, or who of the shop decided: an account, or the fingerprint of a key."""

    visit_id: int
    verdict: ReviewVerdict
    score: float
    by: str
    at: str


class ReviewsOut(BaseModel):
    """What waits, oldest first, and the newest lines of the log. From `review_at` on, points wait."""

    review_at: float
    items: list[ReviewOut]
    next: str | None
    log: list[ReviewLineOut]


class VerdictIn(BaseModel):
    """What becomes of the points."""

    model_config = ConfigDict(extra="forbid")
    accept: bool


class VerdictOut(BaseModel):
    """What stands now."""

    verdict: ReviewVerdict


@router.get("")
def reviews(
    store: Store,
    _grant: Manager,
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = SHOWN,
    ctx: AppContext = Depends(context),
) -> ReviewsOut:
    """Openings of shared links whose points wait, with what speaks against each, and what was decided so far."""
    ctx.plan(store)
    found = waiting_reviews(ctx.db, store, after=cursor, limit=limit + 1)
    lines = [
        ReviewLineOut(visit_id=r.visit_id, verdict=r.verdict, score=r.score, by=r.by, at=rfc3339(r.at))
        for r in review_log(ctx.db, store)
    ]
    more = str(found[limit - 1].visit_id) if len(found) > limit else None
    return ReviewsOut(review_at=REVIEW_AT, items=[_out(r) for r in found[:limit]], next=more, log=lines)


@router.post("/{visit_id}", responses=problem_responses(409))
def decide(
    store: Store, visit_id: int, body: VerdictIn, grant: Manager, ctx: AppContext = Depends(context)
) -> VerdictOut:
    """Accepts the points, which then come at their time, or refuses them, which takes them back. On the record."""
    ctx.plan(store)
    by = grant.name
    return VerdictOut(verdict=decide_review(ctx.db, store, visit_id, accept=body.accept, by=by, now=time.time()))


@pages.get("/share-reviews/{store}", summary="Points that wait for the shop")
def reviews_page(
    store: Store,
    request: Request,
    grant: Grant | None = Depends(needs_or_nobody(Right.JUDGE_SHARES)),
    ctx: AppContext = Depends(context),
) -> Response:
    """The same list to read, with two buttons for each. Asks for the key where nobody is signed in."""
    if grant is None:
        return sign_in_page(request, request.url.path)
    plan, lang = ctx.plan(store), language(request)
    t = words(lang)
    items = [
        {
            "id": r.visit_id,
            "campaign": _name(ctx, store, r.campaign_id),
            "sharer": r.sharer,
            "when": f"{short_date(r.opened_at, plan.timezone, lang)} {clock(r.opened_at, plan.timezone)}",
            "points": t.reviews.say_count("points", r.points),
            "available": r.available,
            "score": r.score,
            "signals": [t.signals[s].format(n=n) for s, n in sorted(r.signals.items(), key=lambda p: -_adds(*p))],
        }
        for r in waiting_reviews(ctx.db, store, limit=SHOWN)
    ]
    past = [
        {
            "verdict": t.verdicts[r.verdict],
            "by": t.reviews.model if r.by == "model" else r.by,
            "when": f"{short_date(r.at, plan.timezone, lang)} {clock(r.at, plan.timezone)}",
        }
        for r in review_log(ctx.db, store, limit=20)
    ]
    return page(request, "share_reviews.html", store=store, store_name=plan.name, items=items, past=past)


@pages.post("/share-reviews/{store}/{visit_id}", summary="Accept or refuse by form")
def decide_by_form(
    store: Store,
    visit_id: int,
    request: Request,
    grant: Manager,
    accept: Annotated[str, Form(pattern="^(yes|no)$")],
    ctx: AppContext = Depends(context),
) -> Response:
    """Decides, and shows the list again; what a colleague has decided meanwhile stands."""
    ctx.plan(store)
    with suppress(ReviewedAlready):  # the list no longer has it, and its log says why
        decide_review(ctx.db, store, visit_id, accept=accept == "yes", by=grant.name, now=time.time())
    return RedirectResponse(f"/share-reviews/{store}?lang={language(request)}", 303)


def _name(ctx: AppContext, store: str, campaign_id: str) -> str:
    """What the shop calls the campaign; its id where there is none any more."""
    try:
        return get_campaign(ctx.db, store, campaign_id).campaign.name
    except (NotFound, UnreadableCampaign):
        return campaign_id


def _out(review: ShareReview) -> ReviewOut:
    return ReviewOut(
        visit_id=review.visit_id,
        campaign_id=review.campaign_id,
        sharer=review.sharer,
        opened_at=rfc3339(review.opened_at),
        tapped=review.tapped,
        points=review.points,
        available=review.available,
        score=review.score,
        signals=[SignalOut(signal=s, count=n, adds=_adds(s, n)) for s, n in review.signals.items()],
    )


def _adds(signal: Signal, n: int) -> float:
    weight = WEIGHTS[signal]
    return round(min(weight.each * n, weight.most) if weight.each > 0 else weight.most, 2)
