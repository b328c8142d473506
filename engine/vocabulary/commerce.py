"""What shop systems say: orders, purchases, returns, views, baskets, stock, catalogue."""

from __future__ import annotations

from enum import StrEnum


class ShopEventKind(StrEnum):
    """The kinds of shop events, each a record of `engine.commerce.records`."""

    ORDER = "order"
    PURCHASE = "purchase"
    RETURN = "return"
    PRODUCT_VIEW = "product_view"
    BASKET = "basket"
    STOCK = "stock"
    CATALOGUE = "catalogue"


class OrderState(StrEnum):
    """How far an order is."""

    PLACED = "placed"  # not paid yet
    PAID = "paid"
    READY = "ready"  # waits for its shopper at the pick-up place
    COLLECTED = "collected"
    SENT = "sent"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RETURNED = "returned"  # all of it


class PickupState(StrEnum):
    """How far an order is that is fetched in a store."""

    WAITING = "waiting"  # ready, and nobody has come for it
    ARRIVED = "arrived"  # its shopper has come in
    HANDED_OVER = "handed_over"  # here, by its code
    GONE = "gone"  # the shop system says that it was collected, sent or cancelled


class SalesChannel(StrEnum):
    """Where it was sold."""

    WEB = "web"
    STORE = "store"
