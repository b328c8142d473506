"""What the wallet says and takes, as OpenAPI sees it."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.shoppers.schemas import Goods, Strict
from engine.offers.hours import ALL_DAY, SAME_TIME, Hours
from engine.offers.wishes import Mute
from engine.vocabulary import MuteKind, WalletChangeKind


class MuteRequest(Strict):
    """Nothing more of this. `all` stands without a store, `shop` without a name."""

    kind: MuteKind
    store: str = Field("", max_length=64, examples=["supermarket"])
    name: str = Field("", max_length=200, description="The sku of a product, or a category.")

    @model_validator(mode="after")
    def _makes_sense(self) -> MuteRequest:
        self.mute()
        return self

    def mute(self) -> Mute:
        """As the engine knows it. Raises ValueError where kind, store and name do not go together."""
        return Mute(self.kind, self.store, self.name)


class Muted(BaseModel):
    """One mute, with its words."""

    kind: MuteKind
    store: str
    name: str
    label: str = Field(description="What it is called: the product, the category, the store.")
    since: str


class WishRequest(Strict):
    """How often at most, and when not; null is what the shop does. Times of day are those of the store."""

    per_day: int | None = Field(None, strict=True, ge=0, le=100)
    per_week: int | None = Field(None, strict=True, ge=0, le=100)
    quiet: Hours | None = Field(None, examples=[{"from": "12:00", "to": "14:00"}])

    @field_validator("quiet")
    @classmethod
    def _ends_later(cls, quiet: Hours | None) -> Hours | None:
        if quiet is not None and quiet.is_same_time:
            raise PydanticCustomError("same_time", f"{SAME_TIME}: {ALL_DAY}")
        return quiet


class Caps(BaseModel):
    """How many coupons at most: exact rolling windows, across all campaigns and channels."""

    per_visit: int
    per_day: int
    per_week: int


class Quiet(BaseModel):
    """Everything that makes it quieter, and how loud it is."""

    muted: list[Muted]
    per_day: int | None
    per_week: int | None
    quiet: Hours | None
    shop: Caps = Field(description="The shop's own caps.")
    messages_week: int = Field(description="Coupons that came in the last seven days.")
    cap_week: int = Field(description="How many may come in seven days: the lower of the shop's cap and one's own.")


class CouponChange(BaseModel):
    """Something became of a coupon that the page shows: the data of the event `change`."""

    voucher_id: str
    kind: WalletChangeKind
    at: str
    amount_minor: int = Field(description="What came off at the till, or went back.")
    currency: str
    text: str = Field(description="In a sentence.", examples=["Used: you saved €1.00"])


class WayToProduct(BaseModel):
    """Where a coupon's product stands, and how far it is on foot."""

    length_m: int | None = Field(description="Null where it is not known where the shopper is.")
    text: str = Field(examples=["12 m, aisle Teas"])
    svg: str = Field(description="A small piece of the plan with the way: an SVG element, its parts known by class.")


class OpenOffer(BaseModel):
    """An offer that may be asked for."""

    campaign_id: str
    title: str
    text: str
    badge: str
    goods: Goods
    least: str | None = None
    warning: str | None = None
    taken: bool = Field(False, description="Whether the shopper has had it today: it is not given again.")


class OfferList(BaseModel):
    """All of them: a store has few."""

    items: list[OpenOffer]


class TakenOffer(BaseModel):
    """What was asked for is on its way."""

    voucher_id: str


class HereRequest(Strict):
    """Which product the shopper stands at."""

    store: str = Field(max_length=64)
    sku: str = Field(max_length=200)
