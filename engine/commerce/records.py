"""Shop events: what every shop system says, in one form. `docs/guides/shop.md` is the same form as JSON.

An event is known by (`source`, kind, `id`), and the highest `version` of it holds: what comes late, twice or out of
order changes nothing. Amounts are whole numbers of the currency's smallest unit (`_minor`, ISO 4217) and include tax;
quantities are thousandths (`_milli`), since cheese is weighed. Times are seconds UTC by the source's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from engine.vocabulary import OrderState, SalesChannel, ShopEventKind


@dataclass(frozen=True, slots=True)
class Customer:
    """Who it was, by keyed digests: no address, number or name stands here. Empty where the source does not say.

    `email` and `card` are the digests of verified identifiers, so that they find a profile; `account` is of the
    source's own number of the customer, under the source's name.
    """

    email: str = ""
    card: str = ""
    account: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the source says anything of who it was."""
        return bool(self.email or self.card or self.account)


NOBODY = Customer()


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order, receipt, return or basket. `amount_minor` is what is paid for the whole line, after its
    discounts. `sku` is the product as the source names it; `category` is empty where the source names none."""

    id: str
    sku: str
    quantity_milli: int
    amount_minor: int
    category: str = ""


@dataclass(frozen=True, slots=True)
class ShopEvent:
    """What all shop events have. `at` is when it happened, `version` grows with every change that the source makes to
    it: its own count, or microseconds of its last change."""

    kind: ClassVar[ShopEventKind]
    source: str
    id: str
    version: int
    at: float


@dataclass(frozen=True, slots=True)
class Order(ShopEvent):
    """An order and how far it is. `store` is where it is collected, empty where it is sent home; `place` which of the
    store's pick-up points, by its name in the plan, where the source says. `reference` is our own request that it
    answers, where it answers one; `reason` why it was cancelled, in the shop's words."""

    kind: ClassVar[ShopEventKind] = ShopEventKind.ORDER
    state: OrderState
    currency: str
    total_minor: int
    lines: tuple[OrderLine, ...] = ()
    customer: Customer = NOBODY
    store: str = ""
    place: str = ""
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Purchase(ShopEvent):
    """A receipt, or an order of the e-shop that is paid (its `id` is then the order's).

    `total_minor` is what was paid, delivery and gift wrapping included; the lines are what it was paid for. `store` is
    empty on the web. `vouchers` are the codes that the source took. A purchase that is `voided` never was: a later
    version of it says so.
    """

    kind: ClassVar[ShopEventKind] = ShopEventKind.PURCHASE
    channel: SalesChannel
    currency: str
    total_minor: int
    lines: tuple[OrderLine, ...] = ()
    customer: Customer = NOBODY
    store: str = ""
    vouchers: tuple[str, ...] = ()
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Return(ShopEvent):
    """Something of the purchase `purchase_id` (of the same source) came back. `total_minor` is what was given back, a
    positive number; `lines` are of the purchase, by their `id`, and empty where only money was given back."""

    kind: ClassVar[ShopEventKind] = ShopEventKind.RETURN
    purchase_id: str
    currency: str
    total_minor: int
    lines: tuple[OrderLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductView(ShopEvent):
    """Somebody looked at a product on the web."""

    kind: ClassVar[ShopEventKind] = ShopEventKind.PRODUCT_VIEW
    sku: str
    customer: Customer = NOBODY


@dataclass(frozen=True, slots=True)
class OnlineBasket(ShopEvent):
    """What lies in a basket. One without lines was emptied, or became an order."""

    kind: ClassVar[ShopEventKind] = ShopEventKind.BASKET
    currency: str
    total_minor: int
    lines: tuple[OrderLine, ...] = ()
    customer: Customer = NOBODY


@dataclass(frozen=True, slots=True)
class StockLevel(ShopEvent):
    """How much of a product there is at a place: `store`, or the e-shop's warehouse where it is empty. Below zero is
    what is promised already. The `id` is of product, variant and place together. `variant` is a size or colour by the
    source's name of it, where `sku` is of all of them."""

    kind: ClassVar[ShopEventKind] = ShopEventKind.STOCK
    sku: str
    quantity_milli: int
    store: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueEntry(ShopEvent):
    """One product as it is sold: a size and colour of its own. `gone`: sold no longer. `stock_sku` is what the source
    calls it in its stock, where that is another name. `product` is what its sizes and colours have in common, by the
    source's name; `variant` which of them it is, in the source's words."""

    kind: ClassVar[ShopEventKind] = ShopEventKind.CATALOGUE
    sku: str
    name: str
    currency: str = ""
    price_minor: int | None = None
    category: str = ""
    gone: bool = False
    barcodes: tuple[str, ...] = ()
    stock_sku: str = ""
    product: str = ""
    variant: str = ""


RECORDS: Mapping[ShopEventKind, type[ShopEvent]] = {
    made.kind: made for made in (Order, Purchase, Return, ProductView, OnlineBasket, StockLevel, CatalogueEntry)
}
"""The record of each kind."""
