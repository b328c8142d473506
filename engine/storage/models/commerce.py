"""What shop systems told: the newest version of each event, and messages that could not be used yet."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class ShopEventTable(SQLModel, table=True):
    """`engine.commerce.records`, the newest version of each. `form` is the record as JSON; the customer's digests stand
    beside it alone, so that they can be cut. `of` is the purchase of a return, the product of a view or stock level.
    `taken` is the version that whoever acts on it has acted on, 0 for none."""

    __tablename__: ClassVar[str] = "shop_event"
    __table_args__ = (
        Index("ix_shop_event_email", "email"),
        Index("ix_shop_event_card", "card"),
        Index("ix_shop_event_account", "account"),
        Index("ix_shop_event_of", "source", "kind", "of"),
        Index("ix_shop_event_at", "kind", "at"),
        Index(
            "ix_shop_event_waiting",
            "kind",
            "at",
            sqlite_where=text("taken < version"),
            postgresql_where=text("taken < version"),
        ),
        Index("ix_shop_event_received", "kind", "received_at"),
    )
    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)  # engine.vocabulary.ShopEventKind
    id: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    taken: int = Field(default=0, sa_type=BigInteger)
    at: float = Field(sa_type=Double)
    received_at: float = Field(sa_type=Double)
    of: str = ""
    store: str = ""
    email: str = ""
    card: str = ""
    account: str = ""
    form: str = Field(sa_type=Text)


class ShopReadingTable(SQLModel, table=True):
    """Up to which version a reader has read an event: each reader has a name and keeps its own. Rows that are behind
    its newest by more than a while are let go, since nothing comes in so late."""

    __tablename__: ClassVar[str] = "shop_reading"
    __table_args__ = (Index("ix_shop_reading_received", "reader", "received_at"),)
    reader: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    received_at: float = Field(sa_type=Double)


class StockLevelTable(SQLModel, table=True):
    """How much there is of a product at a place, by the name that a source has for it in its stock (`item`), and which
    event and version of it says so. An empty `store` is the e-shop's warehouse."""

    __tablename__: ClassVar[str] = "stock_level"
    __table_args__ = (Index("ix_stock_level_item", "item"),)
    source: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    variant: str = Field(primary_key=True)
    store: str = Field(primary_key=True)
    quantity_milli: int = Field(sa_type=BigInteger)
    at: float = Field(sa_type=Double)
    event: str
    version: int = Field(sa_type=BigInteger)


class StockItemTable(SQLModel, table=True):
    """What a source's catalogue says of a name in its stock: the sku that it is sold under, the product whose size or
    colour it is, and which. `entry` is the catalogue's own name of the line."""

    __tablename__: ClassVar[str] = "stock_item"
    __table_args__ = (
        Index("ix_stock_item_sku", "sku"),
        Index("ix_stock_item_product", "product"),
        Index("ix_stock_item_item", "source", "item"),
    )
    source: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)
    item: str
    sku: str
    product: str
    variant: str
    name: str


class AskedOrderTable(SQLModel, table=True):
    """An order that a shopper asked the e-shop for, and its own outbox: the row is written with the wish and sent after
    it. Who orders is not here: what the e-shop is told of them is looked up as it is sent. `order_id` is the e-shop's
    answer, `version` the newest of it."""

    __tablename__: ClassVar[str] = "asked_order"
    __table_args__ = (
        Index("ix_asked_order_shopper", "shopper_id"),
        Index("ix_asked_order_due", "state", "not_before"),
        Index("ix_asked_order_store", "store", "asked_at"),
        Index("ix_asked_order_at", "asked_at"),
    )
    request_id: str = Field(primary_key=True)
    shopper_id: str
    store: str  # where it was asked for
    sku: str
    variant: str
    way: str  # engine.vocabulary.OrderWay
    to_store: str
    state: str  # engine.vocabulary.AskedState
    reason: str = ""  # why it was refused, in the e-shop's words
    asked_at: float = Field(sa_type=Double)
    changed_at: float = Field(sa_type=Double)
    source: str = ""
    order_id: str = ""
    version: int = Field(default=0, sa_type=BigInteger)
    attempts: int = Field(default=0, sa_type=Integer)
    not_before: float = Field(sa_type=Double)
    expires_at: float = Field(sa_type=Double)


class PickupTable(SQLModel, table=True):
    """An order that waits in a store, or waited. Whose it is the order's event says; `shopper_id` only who came for it.
    Its code is here only as an HMAC."""

    __tablename__: ClassVar[str] = "pickup"
    __table_args__ = (
        Index("ix_pickup_store", "store", "state"),
        Index("ix_pickup_untold", "state", "told_at"),
        Index("ix_pickup_shopper", "shopper_id"),
    )
    source: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    store: str
    place: str
    state: str  # engine.vocabulary.PickupState
    code_hmac: str = Field(unique=True)
    ready_at: float = Field(sa_type=Double)
    shopper_id: str = ""
    arrived_at: float | None = Field(default=None, sa_type=Double)
    told_at: float | None = Field(default=None, sa_type=Double)  # its shopper, by a notification
    handed_at: float | None = Field(default=None, sa_type=Double)
    handed_by: str = ""


class HeldMessageTable(SQLModel, table=True):
    """A message with something in it that could not be used: sealed, since it may name people. Tried again when whoever
    runs the site has said what was missing."""

    __tablename__: ClassVar[str] = "shop_held"
    __table_args__ = (Index("ix_shop_held_source", "source", "received_at"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    source: str
    digest: str = Field(unique=True)
    reasons: str = Field(sa_type=Text)  # JSON: how many by reason
    received_at: float = Field(sa_type=Double)
    tries: int = Field(default=1, sa_type=Integer)
    sealed: bytes = Field(sa_type=LargeBinary)
