"""What tills send and get, as OpenAPI sees it. Money is integer minor units."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from engine.offers.discounts import MAX_MINOR
from engine.storage.vouchers.tills import RedemptionState, TillReason
from engine.vocabulary import SalesChannel

MAX_LINES = 5000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BasketLine(_Strict):
    """Whole units of one product at one price."""

    sku: str = Field(max_length=64, examples=["4001"])
    category: str | None = Field(None, max_length=64, description="Default: as the store's product list says.")
    quantity: int = Field(strict=True, ge=1, le=100_000)
    unit_price_minor: int = Field(
        strict=True, ge=0, le=MAX_MINOR, examples=[249], description="As paid here, before any coupon."
    )
    advantages_minor: int = Field(
        0,
        strict=True,
        ge=0,
        le=MAX_MINOR,
        description="What others take off this line already, at once or as points: legal caps are of all together.",
    )
    near_end: bool = Field(
        False, strict=True, description="These units are perishable and near their end, as their label says."
    )


class BasketBody(_Strict):
    """What the till is about to sell."""

    currency: str = Field(pattern="^[A-Z]{3}$", examples=["EUR"])
    lines: list[BasketLine] = Field(max_length=MAX_LINES)


class TillRequest(_Strict):
    """A code on a basket."""

    code: str = Field(
        max_length=200,
        description="As typed or scanned; case, spaces and look-alikes do not matter. A QR holds more than the code.",
    )
    store: str = Field(max_length=64)
    till: str = Field(min_length=1, max_length=64)
    cashier: str | None = Field(None, max_length=40, description="Who is at the till, for the list of uses.")
    basket: BasketBody
    sold_at: AwareDatetime | None = Field(
        None,
        description="When a till that was offline sold, at most three days ago: a coupon that was valid then counts.",
    )


class AboutRequest(_Strict):
    """A code, before there is a basket."""

    code: str = Field(max_length=200)
    store: str = Field(max_length=64)
    till: str = Field(min_length=1, max_length=64)


class VoidRequest(_Strict):
    """A redemption to undo."""

    redemption_id: str = Field(max_length=64)
    store: str | None = Field(None, max_length=64, description="Where given, only a redemption of that store.")
    till: str | None = Field(None, max_length=64)


class CheckAnswer(BaseModel):
    """What `redeem` would do, and why. `legal_cap` with `ok`: all that the law allows, less than the coupon says."""

    ok: bool
    reason: TillReason
    voucher_id: str | None
    campaign_id: str | None
    discount_minor: int
    line_minor: list[int] = Field(description="What comes off each line, in the basket's order.")
    currency: str | None
    expires_at: str | None


class RedemptionAnswer(BaseModel):
    """A use of a voucher."""

    redemption_id: str
    voucher_id: str
    campaign_id: str
    store: str
    till: str
    state: RedemptionState
    discount_minor: int
    line_minor: list[int]
    basket_minor: int
    currency: str
    redeemed_at: str
    voided_at: str | None
    reason: TillReason = Field(description="`ok`, or `legal_cap` where the law allowed less than the coupon says.")
    cashier: str = Field(description="Who was at the till; empty where it did not say.")
    channel: SalesChannel = Field(description="`web` where a key of scope `web` used it.")


class AboutAnswer(BaseModel):
    """What a coupon is for. Of a code that is unknown here nothing but that is said."""

    reason: TillReason = Field(description="`ok`, or why no basket would get anything.")
    title: str | None = Field(description="As the shopper reads it, in the till's language.")
    badge: str | None = Field(examples=["−20 %"])
    goods: str | None = Field(description="The product or category that it is for; None: the whole basket.")
    sku: str | None
    min_basket_minor: int
    currency: str | None
    expires_at: str | None
    uses_left: int


class ListedUse(RedemptionAnswer):
    """A use in a till's list, with what its coupon is called."""

    title: str


class ListedUses(BaseModel):
    """The newest uses, newest first."""

    items: list[ListedUse]


class OfflineTerms(BaseModel):
    """The offer behind the digest of terms that a coupon's QR names."""

    terms: str = Field(description="The first 48 bits of its SHA-256, as in the QR.", examples=["0A1B2C3D4E5F"])
    title: str
    badge: str
    goods: str | None
    offer: dict[str, Any]


class OfflineProduct(BaseModel):
    """What the law and the plan say of a product, for a till that cannot ask."""

    sku: str
    category: str
    cap_bp: int | None = Field(description="The most that may come off its price, in basis points; None: no cap.")


class OfflinePack(BaseModel):
    """What a till needs to take coupons without a network: fetched while there is one, and again every hour."""

    store: str
    key: dict[str, str] = Field(description="The store's public key, a JWK: ECDSA, P-256, SHA-256.")
    terms: list[OfflineTerms]
    products: list[OfflineProduct]
    made_at: str


class TillProduct(BaseModel):
    """What the till page offers to choose from."""

    sku: str
    name: str
    category: str
    price_minor: int


class TillStore(BaseModel):
    """A store and its products."""

    store: str
    name: str
    currency: str
    currency_exponent: int = Field(description="How many decimals ISO 4217 gives the currency: 2 for EUR, 3 for KWD.")
    products: list[TillProduct]


class PlaceCode(BaseModel):
    """A code for a screen at a place of the store, by which shoppers standing there prove which phone is theirs."""

    place: str = Field(description="The opening's id in the floor plan.", examples=["caisse-1"])
    category: str = Field(examples=["checkout"])
    code: str = Field(examples=["7F3KQ2"])


class PlaceCodes(BaseModel):
    """The codes of a store's places, from now until `changes_at`."""

    items: list[PlaceCode]
    changes_at: str


class TillStores(BaseModel):
    """All stores of the site."""

    items: list[TillStore]
    next: str | None = None
