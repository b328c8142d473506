"""What a till shows beside a sale: what a code is for, the last uses, and what it needs to go on without a network."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from api.auth import check_right, needs
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.texts.categories import category_name
from api.texts.language import Language, in_language, language
from api.texts.money import badge
from api.tills.schemas import (
    AboutAnswer,
    AboutRequest,
    ListedUse,
    ListedUses,
    OfflinePack,
    OfflineProduct,
    OfflineTerms,
    RedemptionAnswer,
)
from api.tills.tries import begin
from api.times import rfc3339
from engine.offers.law.rows import caps_at, class_of
from engine.offers.offline.signed import PURPOSE, public_key, terms_digest
from engine.plan.model import Plan
from engine.storage.vouchers.tills import Redemption
from engine.storage.vouchers.uses import about_voucher, last_redemptions, terms_in_use
from engine.storage.vouchers.verdicts import TillReason
from engine.vocabulary import Right, SalesChannel

router = APIRouter(
    prefix="/v1/till",
    tags=["tills"],
    dependencies=[Depends(needs(Right.USE_TILLS))],
    responses=problem_responses(401, 403, 404),
)
Till = Annotated[Grant, Depends(needs(Right.USE_TILLS))]
Ctx = Annotated[AppContext, Depends(context)]
LISTED = 20


@router.post("/about", summary="What is this code for?", responses=problem_responses(422, 429))
def about(
    body: AboutRequest, request: Request, ctx: Ctx, grant: Till, limits: RateLimits = Depends(rate_limits)
) -> AboutAnswer:
    """Before there is a basket. No effect; `unknown` for a wrong code, another store's and nobody's."""
    tries = begin(ctx, limits, request, grant, body.store, body.till)
    found = about_voucher(ctx.db, body.code, body.store, time.time(), secret=ctx.secrets.site_key)
    tries.tell(right=found.reason is not TillReason.UNKNOWN)
    lang, plan, offer = language(request), ctx.plan(body.store), found.offer or {}
    return AboutAnswer(
        reason=found.reason,
        title=None if found.texts is None else _title(found.texts, lang),
        badge=None if not offer else badge(offer, found.currency or plan.currency, lang),
        goods=goods(offer, plan),
        sku=offer.get("sku"),
        min_basket_minor=offer.get("min_basket_minor", 0),
        currency=found.currency,
        expires_at=None if found.expires_at is None else rfc3339(found.expires_at),
        uses_left=found.uses_left,
    )


@router.get("/redemptions", summary="The last uses")
def redemptions(
    request: Request,
    ctx: Ctx,
    grant: Till,
    store: Annotated[str, Query(max_length=64)],
    till: Annotated[str | None, Query(max_length=64, description="Of this till alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = LISTED,
) -> ListedUses:
    """Newest first, undone ones too."""
    _require(ctx, grant, store)
    found, lang = last_redemptions(ctx.db, store, till=till, limit=limit), language(request)
    return ListedUses(
        items=[ListedUse(title=_title(f.texts, lang), **redemption_answer(f.redemption).model_dump()) for f in found]
    )


@router.get("/offline/{store}", summary="What a till needs to take coupons without a network")
def offline_pack(store: Annotated[str, Path(max_length=64)], request: Request, ctx: Ctx, grant: Till) -> OfflinePack:
    """The key that the QRs of this store's coupons are signed with (its public half), their terms, and the law's caps.

    Offline uses are booked afterwards by `/v1/till/redeem` with `sold_at` and the Idempotency-Key of the sale."""
    _require(ctx, grant, store)
    plan, lang, now = ctx.plan(store), language(request), time.time()
    caps = caps_at(now, plan.timezone)
    terms = {}
    for campaign in terms_in_use(ctx.db, store, now):
        if SalesChannel.STORE not in campaign.channels:
            continue  # of the e-shop alone: a till would take it and be refused when it books it
        offer = {k: v for k, v in campaign.offer.model_dump(mode="json").items() if v is not None}
        title = in_language(campaign.texts.model_dump(), lang)["title"]
        name = terms_digest(offer)
        sign = badge(offer, plan.currency, lang)
        terms[name] = OfflineTerms(terms=name, title=title, badge=sign, goods=goods(offer, plan), offer=offer)
    return OfflinePack(
        store=store,
        key=public_key(ctx.secrets.derive_key(PURPOSE), store),
        terms=list(terms.values()),
        products=[
            OfflineProduct(sku=p.sku, category=p.category, cap_bp=caps.get(class_of(p.legal_class)))
            for p in plan.products
        ],
        made_at=rfc3339(now),
    )


def redemption_answer(done: Redemption) -> RedemptionAnswer:
    """A use as tills get it."""
    voided_at = None if done.voided_at is None else rfc3339(done.voided_at)
    times = {"redeemed_at": rfc3339(done.redeemed_at), "voided_at": voided_at}
    return RedemptionAnswer.model_validate(asdict(done) | times)


def goods(offer: dict[str, Any], plan: Plan) -> str | None:
    """What an offer is on, in the store's own words; None for the whole basket."""
    sku = offer.get("sku")
    if sku is None:
        category = offer.get("category")
        return category_name(plan, category) if category else None
    product = plan.product_by_sku.get(sku)
    return product.name if product else str(sku)


def _title(texts: dict[str, Any], lang: Language) -> str:
    return str(in_language(texts, lang)["title"])


def _require(ctx: AppContext, grant: Grant, store: str) -> None:
    """Raises NotFound for a store we have not, or that the till's key is not for."""
    ctx.plan(store)
    check_right(grant, Right.USE_TILLS, store)
