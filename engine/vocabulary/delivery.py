"""How messages reach a shopper."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """How far a message has come."""

    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # the shopper took the consent back while it was on its way


class DeliveryReason(StrEnum):
    """Why a channel did not bring a message, the last one that tried."""

    NOT_SHOWN = "not_shown"
    NO_SUBSCRIPTION = "no_subscription"
    PUSH_GONE = "push_gone"
    PUSH_REFUSED = "push_refused"
    PUSH_BUSY = "push_busy"
    PUSH_UNREACHABLE = "push_unreachable"
    NO_ADDRESS = "no_address"
    MAILBOX_MARKED = "mailbox_marked"  # mail came back from it, or its reader complained
    WEBHOOK_REFUSED = "webhook_refused"
    WEBHOOK_UNREACHABLE = "webhook_unreachable"
    CHANNEL_OFF = "channel_off"  # the site no longer has it, or the shopper no longer wants it
    SEND_FAULT = "send_fault"  # ours
    SMS_HOURS = "sms_hours"
    WITHDRAWN = "withdrawn"


class LetterState(StrEnum):
    """How far an e-mail has come."""

    WAITING = "waiting"
    SENT = "sent"  # its server took it
    FAILED = "failed"


class LetterReason(StrEnum):
    """Why an e-mail was not taken."""

    UNREACHABLE = "unreachable"
    SIGN_IN = "sign_in"
    LATER = "later"  # the server said 4xx
    REFUSED = "refused"  # the server said 5xx
    BAD_ADDRESS = "bad_address"
    TOO_LATE = "too_late"


class MailboxMark(StrEnum):
    """Why nothing goes to a mailbox any more."""

    RETURNED = "returned"  # its server refused it for good
    COMPLAINED = "complained"  # its reader said that mail was unwanted


class Channel(StrEnum):
    """On which way a shopper may be reached. `any` is for purposes that know no channels."""

    ANY = "any"
    PAGE = "page"
    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"
    APP = "app"  # the shop's own, by its gateway
