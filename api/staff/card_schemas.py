"""The clerk's card as OpenAPI sees it. Money that is counted with is integer minor units."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from engine.offers.bounds import Plain
from engine.offers.discounts import MAX_MINOR
from engine.vocabulary import AskedState, SalesChannel


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DeskVisitor(BaseModel):
    """Somebody who is here and chose to be recognised. `visitor` names them for this visit alone."""

    visitor: str
    name: str = Field(description="The first name that they gave; empty where they gave none.")
    since: str


class CardLine(BaseModel):
    """A product of a purchase."""

    sku: str
    name: str


class CardPurchase(BaseModel):
    """A purchase, on whatever channel."""

    at: str
    channel: SalesChannel
    total: str
    lines: list[CardLine]


class CardCoupon(BaseModel):
    """A coupon that can be used in this store now. Its code is not here."""

    voucher_id: str
    title: str
    badge: str
    sku: str | None
    currency: str
    currency_exponent: int
    unit_price_minor: int | None = Field(description="Of its product, as the store's plan has it.")
    expires_at: str


class CardNote(BaseModel):
    """What a colleague wrote down."""

    text: str
    by: str
    at: str


class CardSpot(BaseModel):
    """A zone of this store where they linger more than people do there."""

    zone: str
    name: str
    visits: int = Field(description="To the store, in which they stayed there.")
    last_at: str


class CardOrder(BaseModel):
    """An order that the e-shop was asked for."""

    request: str
    order: str = Field(description="The e-shop's number of it; empty before its answer.")
    sku: str
    name: str
    variant: str
    way_text: str
    state: AskedState
    text: str = Field(description="How far it is, in a sentence.")
    asked_at: str


class VisitorCard(BaseModel):
    """All that a clerk sees of a visitor."""

    visitor: str
    name: str
    since: str
    tier: str = Field(description="Empty below the first, and where the programme has none.")
    points: int
    points_left: int = Field(description="How many may still be added by hand in this visit.")
    purchases: list[CardPurchase]
    coupons: list[CardCoupon]
    notes: list[CardNote]
    orders: list[CardOrder] = Field(description="That the e-shop was asked for, the newest first.")
    looked_at: list[CardSpot] = Field(description="The strongest first; none that the shopper erased.")


class PointsRequest(_Strict):
    """Points to add."""

    points: int = Field(strict=True, ge=1, le=1_000_000)


class PointsAnswer(BaseModel):
    """What they have now."""

    points: int


class NoteRequest(_Strict):
    """What is to be remembered, such as a size. Nothing that the shopper should not read."""

    text: Annotated[Plain, Field(min_length=1, max_length=300)]


class HonourLine(_Strict):
    """Whole units of one product at one price."""

    sku: str = Field(max_length=64)
    quantity: int = Field(1, strict=True, ge=1, le=100_000)
    unit_price_minor: int = Field(strict=True, ge=0, le=MAX_MINOR)


class HonourRequest(_Strict):
    """What is bought."""

    lines: list[HonourLine] = Field(min_length=1, max_length=500)


class HonouredAnswer(BaseModel):
    """What the coupon took off the price."""

    redemption_id: str
    discount_minor: int
    currency: str
