"""The till's side: what would this code do, use it, undo it. And a page for tills without software of their own."""

from __future__ import annotations

import time
from dataclasses import asdict

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import HTMLResponse

from api.auth import NotSignedIn, check_right, needs
from api.context import AppContext, context
from api.keyring import Grant
from api.pages import page
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.tills.listed import redemption_answer
from api.tills.schemas import (
    CheckAnswer,
    PlaceCode,
    PlaceCodes,
    RedemptionAnswer,
    TillProduct,
    TillRequest,
    TillStore,
    TillStores,
    VoidRequest,
)
from api.tills.tries import begin
from api.times import rfc3339
from engine.errors import NotFound
from engine.offers.discounts import Basket, Line
from engine.offers.law.rows import class_of
from engine.plan.currencies import EXPONENTS
from engine.privacy.proofs import CODE_STEP_S, PLACE_KEY, place_code
from engine.storage.vouchers import tills as desk
from engine.vocabulary import Right, SalesChannel

router = APIRouter(
    prefix="/v1/till",
    tags=["tills"],
    dependencies=[Depends(needs(Right.USE_TILLS))],
    responses=problem_responses(401, 403),
)
pages = APIRouter(tags=["pages"])


@router.post("/check", summary="What would this code do?", responses=problem_responses(404, 422, 429))
def check(
    body: TillRequest,
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
    grant: Grant = Depends(needs(Right.USE_TILLS)),
) -> CheckAnswer:
    """No effect. The same answer, `unknown`, for a wrong code, another store's and nobody's."""
    tries = begin(ctx, limits, request, grant, body.store, body.till)
    found = desk.check_voucher(
        ctx.db,
        body.code,
        _basket(ctx, body),
        body.store,
        time.time(),
        secret=ctx.secrets.site_key,
        timezone=ctx.plan(body.store).timezone,
        sold_at=_read_sold_at(body),
        channel=_channel(grant),
    )
    tries.tell(right=found.reason is not desk.TillReason.UNKNOWN)
    expires_at = None if found.expires_at is None else rfc3339(found.expires_at)
    return CheckAnswer.model_validate(asdict(found) | {"expires_at": expires_at})


@router.post("/redeem", summary="Use a code, once", responses=problem_responses(400, 404, 409, 422, 429))
def redeem(
    body: TillRequest,
    request: Request,
    idempotency_key: str = Header(max_length=200),
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
    grant: Grant = Depends(needs(Right.USE_TILLS)),
) -> RedemptionAnswer:
    """Exactly as often as the voucher may be used, however many tills ask at once. Repeat with the same
    Idempotency-Key until an answer comes. 404 `voucher_unknown`; 409 `voucher_redeemed`, `voucher_expired`, …"""
    tries = begin(ctx, limits, request, grant, body.store, body.till)
    try:
        done = desk.redeem(
            ctx.db,
            body.code,
            _basket(ctx, body),
            body.store,
            body.till,
            idempotency_key,
            time.time(),
            secret=ctx.secrets.site_key,
            timezone=ctx.plan(body.store).timezone,
            sold_at=_read_sold_at(body),
            cashier=body.cashier or "",
            channel=_channel(grant),
        )
    except NotFound:
        tries.tell(right=False)
        raise
    tries.tell(right=True)
    return redemption_answer(done)


@router.post("/void", summary="Undo a redemption", responses=problem_responses(400, 404, 422))
def void(
    body: VoidRequest, ctx: AppContext = Depends(context), grant: Grant = Depends(needs(Right.USE_TILLS))
) -> RedemptionAnswer:
    """The voucher can be used again while it is valid. Undoing twice answers the same."""
    if body.store is not None:
        check_right(grant, Right.USE_TILLS, body.store)
    own = None if grant.may(Right.USE_TILLS, None) else grant.where(Right.USE_TILLS)
    stores = own if body.store is None else [body.store]
    return redemption_answer(desk.void(ctx.db, body.redemption_id, time.time(), stores=stores))


@router.get("/codes/{store}", summary="Codes for screens in the store", responses=problem_responses(404))
def place_codes(
    store: str, ctx: AppContext = Depends(context), grant: Grant = Depends(needs(Right.USE_TILLS))
) -> PlaceCodes:
    """For a screen at an entrance or a till: a shopper enters its code on their page and is located beside it, which
    proves that the phone is theirs. A code is good for its minute and the next; an e-shop's key gets none."""
    if _channel(grant) is SalesChannel.WEB:
        raise NotSignedIn("an e-shop has no screen in a store: present a key of scope till")
    key, now = ctx.secrets.derive_key(PLACE_KEY), time.time()
    return PlaceCodes(
        items=[
            PlaceCode(place=o.id, category=o.category, code=place_code(key, store, o.id, now))
            for o in ctx.plan(store).openings
        ],
        changes_at=rfc3339((now // CODE_STEP_S + 1) * CODE_STEP_S),
    )


@router.get("/stores", summary="Stores and their products")
def stores(ctx: AppContext = Depends(context), grant: Grant = Depends(needs(Right.USE_TILLS))) -> TillStores:
    return TillStores(
        items=[
            TillStore(
                store=plan.store,
                name=plan.name,
                currency=plan.currency,
                currency_exponent=EXPONENTS[plan.currency],
                products=[
                    TillProduct(sku=p.sku, name=p.name, category=p.category, price_minor=p.price_minor)
                    for p in plan.products
                ],
            )
            for plan in ctx.plans.values()
            if grant.may(Right.USE_TILLS, plan.store)
        ]
    )


@pages.get("/till", summary="A till in a browser", response_class=HTMLResponse)
def till_page(request: Request) -> HTMLResponse:
    return page(request, "till.html")


def _channel(grant: Grant) -> SalesChannel:
    """Where it is sold: a key of scope `web` is an e-shop's."""
    return SalesChannel.WEB if grant.scope == "web" else SalesChannel.STORE


def _read_sold_at(body: TillRequest) -> float | None:
    return None if body.sold_at is None else body.sold_at.timestamp()


def _basket(ctx: AppContext, body: TillRequest) -> Basket:
    """The basket with what the plan knows of its products. What it does not know has no legal class."""
    products = ctx.plan(body.store).product_by_sku
    lines = []
    for line in body.basket.lines:
        known = products.get(line.sku)
        category, legal_class = (known.category, class_of(known.legal_class)) if known else (None, "")
        lines.append(
            Line(
                line.sku,
                line.quantity,
                line.unit_price_minor,
                line.category or category,
                legal_class,
                line.advantages_minor,
                line.near_end,
            )
        )
    return Basket(body.basket.currency, tuple(lines))
