"""What the points' endpoints take and give."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.shoppers.schemas import Worth
from engine.vocabulary import EntryKind


class RewardOut(BaseModel):
    """A voucher that points buy."""

    reward: str = Field(description="What to ask for.", examples=["ten-off"])
    title: str
    badge: str = Field(examples=["−10 €"])
    points: int
    missing: int = Field(description="How many points are missing; 0 where it can be had now.")
    min_basket_minor: int
    least: str | None = Field(None, description="What the basket has to come to, in words.")
    currency: str
    valid_days: float


class RewardList(BaseModel):
    """What points buy in a store, the cheapest first."""

    spendable: int = Field(description="Points that can be spent now: not those past their end, less what is owed.")
    items: list[RewardOut]


class RewardRequest(BaseModel):
    """Which reward, for which store."""

    model_config = ConfigDict(extra="forbid")

    reward: str = Field(max_length=40)
    store: str = Field(max_length=64)


class PointsBack(BaseModel):
    """What went back."""

    points: int


class CardOut(BaseModel):
    """What the card shows now."""

    code: str = Field(examples=["RC:7F3KQ2M8ZX4A"])
    code_spaced: str = Field(examples=["RC: 7F3K Q2M8 ZX4A"])
    qr_svg: str = Field(description="The code as a QR, an SVG element.")
    changes_at: str = Field(description="When it shows another one.")


class PointsEntry(BaseModel):
    """One movement of points."""

    at: str
    kind: EntryKind
    words: str = Field(description="What it is, in the reader's language.", examples=["Purchase"])
    available: int
    pending: int
    amount: int = Field(description="The whole change; points that only became available change nothing of it.")
    balance: int = Field(description="What there was after it: available and pending, less what was owed.")


class WaitingOut(BaseModel):
    """Points that cannot be spent yet, until when, and why; without a time the store looks at them first."""

    points: int
    until: str | None
    why: str


class EndingOut(BaseModel):
    """Points that can be spent, and when they end; without a time they do not."""

    points: int
    ends_at: str | None


class PointsStatement(BaseModel):
    """The balance and its latest movements. `spendable` is without points past their end, and less what is owed."""

    available: int
    pending: int
    owed: int
    spendable: int
    worth: Worth | None
    tier: str
    waiting: list[WaitingOut]
    ending: list[EndingOut]
    items: list[PointsEntry]
    next: str | None
