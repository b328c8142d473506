"""The statement: what came and went, what waits and until when, what ends when, and what all is worth."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.auth import NotSignedIn, shopper_id
from api.context import AppContext, context
from api.pages import page
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.shoppers.me import require_shopper, worth_of
from api.shoppers.points import schemas as says
from api.shoppers.points.rewards import buy_on_phone, reward_list
from api.texts.catalogue import words
from api.texts.language import Language, language, language_of
from api.texts.times import near_date
from api.times import rfc3339
from engine.errors import NotFound
from engine.loyalty.ledger import PROGRAMME
from engine.loyalty.terms import terms_of
from engine.storage.loyalty.ledger import NotEnoughPoints, spendable, wallet_balance
from engine.storage.loyalty.purchases import qualifying_points
from engine.storage.loyalty.wallets import members_of
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.programme.statement import (
    StatementLine,
    WaitingPoints,
    ending_points,
    statement_of,
    waiting_points,
)

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
pages = APIRouter(tags=["pages"])
Ctx = Annotated[AppContext, Depends(context)]
LISTED = 50


@router.get("/points", summary="My points and their movements")
def points(
    shopper: Annotated[ShopperProfile, Depends(require_shopper)],
    ctx: Ctx,
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = LISTED,
    lang: Annotated[str | None, Query(max_length=16)] = None,
) -> says.PointsStatement:
    """The newest first, each with the balance after it; what waits and why; what ends when; what all is worth."""
    return statement(ctx, shopper, language_of(lang or shopper.locale), cursor, limit)


@pages.get("/me/points", summary="My points, as a page", response_class=HTMLResponse)
def points_page(request: Request, ctx: Ctx, cursor: Annotated[int, Query(ge=0)] = 0, bought: str = "") -> Response:
    """Works without scripts."""
    try:
        shopper = require_shopper(shopper_id(request, ctx), ctx)
    except NotSignedIn:
        return RedirectResponse("/", 303)
    lang, zone, now = language(request), _zone(ctx, shopper), time.time()
    said = statement(ctx, shopper, lang, cursor)
    has_store = shopper.store in ctx.plans
    return page(
        request,
        "points.html",
        points=said,
        day=lambda at: near_date(_seconds(at), now, zone, lang),
        rewards=reward_list(ctx, shopper.store, said.spendable, lang).items if has_store else [],
        key=secrets.token_hex(16),
        keep=f"&cursor={cursor}" if cursor else "",
        bought=bought,
    )


@pages.post("/me/points/reward", summary="Buy a reward by form")
def buy_by_form(
    request: Request,
    ctx: Ctx,
    limits: Annotated[RateLimits, Depends(rate_limits)],
    reward: Annotated[str, Form(max_length=40)],
    key: Annotated[str, Form(min_length=8, max_length=64)],
) -> Response:
    """Once for each form that was shown. The coupon is in the wallet then; where it is not to be had, the statement
    says so."""
    try:
        shopper = require_shopper(shopper_id(request, ctx), ctx)
    except NotSignedIn:
        return RedirectResponse("/", 303)
    try:
        buy_on_phone(ctx, limits, shopper, reward, shopper.store, key)
        said = "yes"
    except (NotEnoughPoints, NotFound):
        said = "no"
    return RedirectResponse(f"/me/points?lang={language(request)}&bought={said}", 303)


def statement(
    ctx: AppContext, shopper: ShopperProfile, lang: Language, cursor: int = 0, limit: int = LISTED
) -> says.PointsStatement:
    """A page of the statement of this shopper, in this language."""
    members, now = members_of(ctx.db, shopper.shopper_id), time.time()
    balance, terms = wallet_balance(ctx.db, PROGRAMME, members), terms_of(ctx.config.loyalty)
    lines = statement_of(ctx.db, members, cursor, limit + 1)
    return says.PointsStatement(
        available=balance.available,
        pending=balance.pending,
        owed=balance.owed,
        spendable=(has := spendable(ctx.db, PROGRAMME, members, now)),
        worth=worth_of(ctx, shopper.store, has, lang),
        tier=terms.tier_of(qualifying_points(ctx.db, members, now - terms.tier_s)),
        waiting=[_waiting(w, _zone(ctx, shopper), lang) for w in waiting_points(ctx.db, members)],
        ending=[
            says.EndingOut(points=e.points, ends_at=None if e.ends_at is None else rfc3339(e.ends_at))
            for e in ending_points(ctx.db, members, now)
        ],
        items=[_entry(line, lang) for line in lines[:limit]],
        next=str(lines[limit - 1].cursor) if len(lines) > limit else None,
    )


def _entry(line: StatementLine, lang: Language) -> says.PointsEntry:
    return says.PointsEntry(
        at=rfc3339(line.entry.at),
        kind=line.entry.kind,
        words=words(lang).entry_kinds[line.entry.kind],
        available=line.available,
        pending=line.pending,
        amount=line.amount,
        balance=line.balance,
    )


def _waiting(waits: WaitingPoints, zone: str, lang: Language) -> says.WaitingOut:
    t = words(lang)
    kind = t.entry_kinds[waits.kind]
    if waits.until is None:
        return says.WaitingOut(points=waits.points, until=None, why=t.statement.review.format(kind=kind))
    why = t.statement.waits.format(kind=kind, date=near_date(waits.until, time.time(), zone, lang))
    return says.WaitingOut(points=waits.points, until=rfc3339(waits.until), why=why)


def _seconds(at: str) -> float:
    return dt.datetime.fromisoformat(at).timestamp()


def _zone(ctx: AppContext, shopper: ShopperProfile) -> str:
    plan = ctx.plans.get(shopper.store)
    return plan.timezone if plan else "UTC"
