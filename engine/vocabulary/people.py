"""Shoppers: what proves who they are, what they agreed to, and how long it is kept."""

from __future__ import annotations

from enum import StrEnum


class Proof(StrEnum):
    """What proved that a phone is its shopper's. A phone is bound to no profile without one of these."""

    SESSION = "session"  # the network gave the caller's address to this phone
    REDIRECT = "redirect"  # the controller signed the address that it sent this phone to
    CODE = "code"  # who entered a code shown in the store has this phone: it was located beside it


class RetentionRule(StrEnum):
    """What is forgotten in time."""

    SALTS = "salts"
    DAY_KEYS = "day_keys"
    JOURNAL = "journal"
    CHECKPOINTS = "checkpoints"
    VISITS = "visits"
    PRODUCT_STOPS = "product_stops"
    ERASED_SPOTS = "erased_spots"
    DECISIONS = "decisions"
    SHARE_VISITS = "share_visits"
    DELIVERIES = "deliveries"
    MESSAGES = "messages"
    MAILBOX_MARKS = "mailbox_marks"
    ANSWERS = "answers"
    CAP_COUNTS = "cap_counts"
    RECEIVED = "received"
    PROSPECTS = "prospects"
    GUEST_COUPONS = "guest_coupons"
    SHOP_EVENTS = "shop_events"
    HELD_MESSAGES = "held_messages"
    ASKED_ORDERS = "asked_orders"
    CRM_EVENTS = "crm_events"
    CASHIERS = "cashiers"
    AUDIT = "audit"


class Purpose(StrEnum):
    """What a shopper may agree to."""

    STATISTICS = "statistics"
    LOCATION_OFFERS = "location_offers"
    CRM = "crm"
    CRM_SHOPPING = "crm_shopping"  # what is bought, points and coupons received, in the customer file
    CLERK = "clerk"
    PICKUP = "pickup"  # that somebody comes in for an order is told to the staff
    LOCATION_LEARNING = "location_learning"  # what the phone's place at a shelf teaches of the store's radio


class IdentifierKind(StrEnum):
    """By what a person can be known, once it is proved: on another phone, or in a shop system."""

    EMAIL = "email"
    CARD = "card"
    ACCOUNT = "account"  # of an e-shop, which named it beside a mailbox or card that is proved; signs nobody in


class LinkFate(StrEnum):
    """What a link that came by e-mail came to."""

    OPEN = "open"  # waits for a tap
    SIGNED_IN = "signed_in"
    ADDED = "added"
    MERGED = "merged"
    NOBODY = "nobody"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
