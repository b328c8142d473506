"""With a clerk: what there is in which size and store, and an order for a visitor who is recognised."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.staff.card_schemas import CardOrder
from api.texts.language import Language, language
from api.texts.numbers import number
from api.texts.stock import article_name, asked_sentence, stock_lines, way_sentence
from api.times import rfc3339
from engine.commerce.stock import Article
from engine.errors import BusinessRefusal
from engine.plan.model import Plan
from engine.storage.commerce.stock import stock_of
from engine.storage.ordering.asked import (
    AskedOrder,
    OrderWish,
    ask_again,
    ask_for_visitor,
    check_article,
)
from engine.vocabulary import OrderWay, ProblemCode, Right, StockState

Clerk = Annotated[Grant, Depends(needs(Right.SERVE_SHOPPERS))]
Ctx = Annotated[AppContext, Depends(context)]
Store = Annotated[str, Path(max_length=64)]
Name = Annotated[str, Path(max_length=64)]
Key = Annotated[str, Header(max_length=200, alias="Idempotency-Key")]
router = APIRouter(prefix="/v1/staff/{store}", tags=["staff"], responses=problem_responses(401, 403, 404))


class DeskStock(BaseModel):
    """One size at one place, with how much was told. Without a `store` it is the e-shop's."""

    store: str
    sku: str
    variant: str
    label: str
    state: StockState
    at: str
    quantity: str = Field(description="As it was told at `at`.")
    text: str


class DeskWay(BaseModel):
    """How an order may reach its shopper."""

    way: OrderWay
    to_store: str
    text: str


class DeskProduct(BaseModel):
    """What is known of a product, here first. `ways` is empty where nothing can be ordered."""

    sku: str
    name: str
    items: list[DeskStock]
    ways: list[DeskWay]


class VisitorOrderRequest(BaseModel):
    """One piece of an article. `to_store` where it is fetched, empty for home."""

    model_config = ConfigDict(extra="forbid")
    sku: str = Field(max_length=200)
    variant: str = Field("", max_length=200)
    way: OrderWay
    to_store: str = Field("", max_length=64)


@router.get("/stock", summary="Where is it?")
def stock(
    store: Store, sku: Annotated[str, Query(max_length=200)], request: Request, ctx: Ctx, clerk: Clerk
) -> DeskProduct:
    """Every size and store of it, with its age; 404 for what nobody knows."""
    plan, lang, found = ctx.plan(store), language(request), stock_of(ctx.db, sku)
    check_article(ctx.db, found[0].article if found else Article(sku), in_plan=sku in plan.product_by_sku)
    names = {one.store: one.name for one in ctx.plans.values()}
    lines = stock_lines(found, names, store, time.time(), ctx.config.offers.stock_believed_s, lang)
    ways = [(OrderWay.HOME, ""), *((OrderWay.STORE, name) for name in names)] if ctx.config.delivery.orders_url else []
    return DeskProduct(
        sku=sku,
        name=article_name(sku, ctx.plans.values(), found),
        items=[
            DeskStock(
                store=line.store,
                sku=line.sku,
                variant=line.variant,
                label=line.label,
                state=line.state,
                at=rfc3339(line.at),
                quantity=_quantity(line.quantity_milli, lang),
                text=line.text,
            )
            for line in lines
        ],
        ways=[DeskWay(way=way, to_store=to, text=way_sentence(way, names.get(to, ""), lang)) for way, to in ways],
    )


@router.post("/visitors/{visitor}/orders", summary="Order for a visitor", responses=problem_responses(409, 422))
def ask(
    store: Store, visitor: Name, body: VisitorOrderRequest, request: Request, ctx: Ctx, clerk: Clerk, key: Key
) -> CardOrder:
    """As the shopper's own button, and once with it. 404 `visitor_unknown` for who is not here or did not choose; 409
    `order_nobody` for who has proved neither mailbox nor card, `orders_off`, `too_many_orders`."""
    plan, article = ctx.plan(store), Article(body.sku, body.variant)
    to = ctx.plan(body.to_store).store if body.way is OrderWay.STORE else ""
    if ctx.config.delivery.orders_url is None:
        raise BusinessRefusal("this site asks no e-shop", code=ProblemCode.ORDERS_OFF)
    check_article(ctx.db, article, in_plan=body.sku in plan.product_by_sku)
    wish = OrderWish(plan.store, article, body.way, to)
    return show_order(ctx, ask_for_visitor(ctx.db, visitor, wish, clerk.actor, time.time()), plan, language(request))


@router.post("/orders/{order}/again", summary="Send a request again", responses=problem_responses(422))
def again(store: Store, order: Name, request: Request, ctx: Ctx, clerk: Clerk, key: Key) -> CardOrder:
    """One that the e-shop did not take for a day, under the same name; 404 for every other."""
    plan = ctx.plan(store)
    return show_order(ctx, ask_again(ctx.db, store, order, clerk.actor, time.time()), plan, language(request))


def show_order(ctx: AppContext, one: AskedOrder, plan: Plan, lang: Language) -> CardOrder:
    """A request as a clerk sees it; who asked is not in it."""
    wish = one.wish
    to, known = ctx.plans.get(wish.to_store), plan.product_by_sku.get(wish.article.sku)
    return CardOrder(
        request=one.request_id,
        order=one.order_id,
        sku=wish.article.sku,
        name=wish.article.sku if known is None else known.name,
        variant=wish.article.variant,
        way_text=way_sentence(wish.way, wish.to_store if to is None else to.name, lang),
        state=one.state,
        text=asked_sentence(one.state, one.reason, lang),
        asked_at=rfc3339(one.asked_at),
    )


def _quantity(milli: int, lang: Language) -> str:
    return number(Decimal(milli).scaleb(-3), lang, 0 if milli % 1_000 == 0 else 3)
