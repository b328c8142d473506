"""At the shelf: whether it is here, in which size and of when; and an order where it is not."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.context import AppContext, context
from api.problems import problem_responses
from api.shoppers.me import require_shopper
from api.shoppers.schemas import Strict
from api.texts.language import Language, language_of
from api.texts.stock import StockLine, article_name, asked_sentence, stock_lines, way_sentence
from api.times import rfc3339
from engine.commerce.stock import Article
from engine.errors import BusinessRefusal
from engine.storage.commerce.stock import stock_of
from engine.storage.ordering.asked import AskedOrder, OrderWish, ask_order, check_article, orders_of
from engine.storage.people.shoppers import ShopperProfile
from engine.vocabulary import AskedState, OrderWay, ProblemCode, StockState

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
Lang = Annotated[str | None, Query(pattern="^[a-z]{2,3}$")]


class StockTold(BaseModel):
    """One size at one place. Without a `store` it is the e-shop's."""

    store: str
    sku: str
    variant: str
    label: str = Field(description="What the shop calls the size or colour; empty where there is one only.")
    state: StockState
    at: str
    text: str = Field(examples=["38 · Here: in stock (told 5 minutes ago)"])


class WayToGetIt(BaseModel):
    """How an order may reach one."""

    way: OrderWay
    to_store: str
    text: str


class ProductStock(BaseModel):
    """What is known of a product, here first. `ways` is empty where nothing can be ordered."""

    sku: str
    name: str
    items: list[StockTold]
    ways: list[WayToGetIt]


class OrderRequest(Strict):
    """One piece of an article, from the store where one stands. `to_store` where it is fetched, empty for home."""

    store: str = Field(max_length=64)
    sku: str = Field(max_length=200)
    variant: str = Field("", max_length=200)
    way: OrderWay
    to_store: str = Field("", max_length=64)


class MyOrder(BaseModel):
    """What was asked for, and what the e-shop says to it."""

    request: str
    sku: str
    name: str
    variant: str
    way: OrderWay
    way_text: str
    state: AskedState
    text: str
    asked_at: str
    changed_at: str


class MyOrders(BaseModel):
    """All that are under way, and those that ended lately."""

    items: list[MyOrder]


@router.get("/stock", summary="Is it here?", responses=problem_responses(404))
def stock(
    store: Annotated[str, Query(max_length=64)],
    sku: Annotated[str, Query(max_length=200)],
    lang: Lang = None,
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> ProductStock:
    """Each line with its age. What was told longer ago than `offers.stock_believed_h` is `unsure`. Empty where nobody
    told of it."""
    plan, said, now = ctx.plan(store), language_of(lang or shopper.locale), time.time()
    names = {one.store: one.name for one in ctx.plans.values()}
    found = stock_of(ctx.db, sku)
    check_article(ctx.db, found[0].article if found else Article(sku), in_plan=sku in plan.product_by_sku)
    lines = stock_lines(found, names, store, now, ctx.config.offers.stock_believed_s, said)
    ways = [(OrderWay.HOME, ""), *((OrderWay.STORE, name) for name in names)] if ctx.config.delivery.orders_url else []
    return ProductStock(
        sku=sku,
        name=article_name(sku, ctx.plans.values(), found),
        items=[_tell(line) for line in lines],
        ways=[WayToGetIt(way=way, to_store=to, text=way_sentence(way, names.get(to, ""), said)) for way, to in ways],
    )


@router.get("/orders", summary="What I asked the e-shop for")
def my_orders(
    lang: Lang = None, shopper: ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> MyOrders:
    said = language_of(lang or shopper.locale)
    return MyOrders(items=[_show(ctx, one, said) for one in orders_of(ctx.db, shopper.shopper_id, time.time())])


@router.post("/orders", summary="Ask the e-shop for it", responses=problem_responses(404, 409, 422))
def ask(
    body: OrderRequest,
    lang: Lang = None,
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> MyOrder:
    """Once, however often it is asked for while it is under way: the e-shop is told by a signed webhook, and answers
    with its order. 409 `order_nobody` for who has proved neither mailbox nor card, `orders_off` where the site has no
    e-shop to ask, `too_many_orders`; 404 for an unknown article or store."""
    plan, article = ctx.plan(body.store), Article(body.sku, body.variant)
    to = ctx.plan(body.to_store).store if body.way is OrderWay.STORE else ""
    if ctx.config.delivery.orders_url is None:
        raise BusinessRefusal("this site asks no e-shop", code=ProblemCode.ORDERS_OFF)
    check_article(ctx.db, article, in_plan=body.sku in plan.product_by_sku)
    asked = ask_order(ctx.db, shopper.shopper_id, OrderWish(plan.store, article, body.way, to), time.time())
    return _show(ctx, asked, language_of(lang or shopper.locale))


def _tell(line: StockLine) -> StockTold:
    return StockTold(
        store=line.store,
        sku=line.sku,
        variant=line.variant,
        label=line.label,
        state=line.state,
        at=rfc3339(line.at),
        text=line.text,
    )


def _show(ctx: AppContext, one: AskedOrder, lang: Language) -> MyOrder:
    wish = one.wish
    to = ctx.plans.get(wish.to_store)
    return MyOrder(
        request=one.request_id,
        sku=wish.article.sku,
        name=article_name(wish.article.sku, ctx.plans.values(), stock_of(ctx.db, wish.article.sku)),
        variant=wish.article.variant,
        way=wish.way,
        way_text=way_sentence(wish.way, wish.to_store if to is None else to.name, lang),
        state=one.state,
        text=asked_sentence(one.state, one.reason, lang),
        asked_at=rfc3339(one.asked_at),
        changed_at=rfc3339(one.changed_at),
    )
