"""What the staff page gets and sends, as OpenAPI sees it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.staff.card_schemas import CardOrder, DeskVisitor
from engine.vocabulary import PickupState


class DeskLine(BaseModel):
    """One line of an order. `quantity` as people write it, since cheese is weighed."""

    sku: str
    name: str
    quantity: str


class DeskPickup(BaseModel):
    """An order that waits in this store."""

    order: str = Field(examples=["10042"])
    source: str = Field(examples=["web"])
    state: PickupState
    calls: bool = Field(description="Its shopper is here and waits for somebody: not so at lockers.")
    place: str = Field(description="Where it is fetched, in a word or two.")
    ready_at: str
    arrived_at: str | None
    waits_s: int | None = Field(description="Since its shopper came in.")
    lines: list[DeskLine]
    total: str


class StaffDesk(BaseModel):
    """All that a clerk has before them."""

    store: str
    pickups: list[DeskPickup]
    visitors: list[DeskVisitor]
    orders: list[CardOrder] = Field(description="That the e-shop was asked for here lately, of nobody by name.")
    now: str


class HandOverRequest(BaseModel):
    """The code that the shopper shows, scanned or typed."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=200)


class Handed(BaseModel):
    """An order that has just been handed over."""

    order: str
    lines: list[DeskLine]
    total: str
    handed_at: str
