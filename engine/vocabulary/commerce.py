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


class StockState(StrEnum):
    """What may be said of a product's stock in a store."""

    IN_STOCK = "in_stock"
    OUT = "out"
    UNSURE = "unsure"  # told of too long ago to say either


class OrderWay(StrEnum):
    """How an order that was asked for reaches its shopper."""

    HOME = "home"
    STORE = "store"  # fetched in a store


class AskedState(StrEnum):
    """How far an order is that a shopper asked the e-shop for."""

    ASKED = "asked"  # on its way to the e-shop
    TAKEN = "taken"  # the e-shop has it, and has not answered yet
    UNDELIVERED = "undelivered"  # the e-shop did not take it in time
    ACCEPTED = "accepted"
    READY = "ready"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # before the e-shop had it: another profile of the same person asks for the same


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
