"""Visits, decisions about coupons, and what becomes of the coupons."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

EventKind = Literal["fix", "visit", "decision", "voucher"]
"""What the engine publishes, and the last part of its topic."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
"""By the clock of a store."""


class VisitChange(StrEnum):
    """What a device did with a zone."""

    ENTER = "enter"
    LEAVE = "leave"


class DecisionOutcome(StrEnum):
    """Whether a trigger gets its voucher."""

    ISSUE = "issue"
    REFUSE = "refuse"


class DecisionReason(StrEnum):
    """Why a trigger got its voucher (`ok`), or why it did not: all the rest."""

    OK = "ok"
    # What the pure rules say, in their order.
    NOT_LINKED = "not_linked"
    NO_CONSENT = "no_consent"
    CAMPAIGN_UNKNOWN = "campaign_unknown"
    OTHER_STORE = "other_store"
    CAMPAIGN_DRAFT = "campaign_draft"
    CAMPAIGN_PAUSED = "campaign_paused"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OUTSIDE_HOURS = "outside_hours"
    QUIET_HOURS = "quiet_hours"
    TOO_LATE = "too_late"
    IMPRECISE = "imprecise"
    AUDIENCE = "audience"
    MUTED = "muted"
    OWN_QUIET_HOURS = "own_quiet_hours"
    OUT_OF_STOCK = "out_of_stock"
    LEGAL_CAP = "legal_cap"
    LEGAL_CHANNEL = "legal_channel"
    NO_GAIN = "no_gain"
    # What the claim says, in its order.
    ALREADY_DECIDED = "already_decided"
    LOST_ARBITRATION = "lost_arbitration"
    COMPLAINED = "complained"
    BOUGHT_ALREADY = "bought_already"
    ALREADY_ISSUED = "already_issued"
    CAP_VISIT = "cap_visit"
    CAP_DAY = "cap_day"
    CAP_WEEK = "cap_week"
    CAP_OWN_DAY = "cap_own_day"
    CAP_OWN_WEEK = "cap_own_week"
    CAP_CAMPAIGN_DAY = "cap_campaign_day"
    CAP_CAMPAIGN_WEEK = "cap_campaign_week"
    BUDGET = "budget"
    HOLDOUT = "holdout"
    """A ghost trigger: a control shopper's moment, see `engine.offers.experiments`."""


class MuteKind(StrEnum):
    """What a shopper may want nothing more of."""

    PRODUCT = "product"
    CATEGORY = "category"
    SHOP = "shop"
    ALL = "all"


class VoucherState(StrEnum):
    """How far a voucher has come. The first three can still be redeemed."""

    ISSUED = "issued"
    DELIVERED = "delivered"
    SEEN = "seen"
    REDEEMED = "redeemed"
    VOIDED = "voided"
    EXPIRED = "expired"


class WalletChangeKind(StrEnum):
    """What became of a coupon that its shopper has, or of an order that waits for them."""

    REDEEMED = "redeemed"
    RETURNED = "returned"  # the till took the redemption back
    VOIDED = "voided"
    EXPIRED = "expired"
    PICKUP = "pickup"  # of an order that waits: its shopper has come in
    ORDER = "order"  # of an order that was asked for: it has moved on
