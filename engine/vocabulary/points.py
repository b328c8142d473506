"""Points, and what sharing a link brings."""

from __future__ import annotations

from enum import StrEnum


class Account(StrEnum):
    """The accounts of a programme of points, from the programme's side."""

    AVAILABLE = "member_available"
    PENDING = "member_pending"
    OWED = "member_owed"  # what a return took back that was spent: at most zero, and paid from whatever comes next
    ISSUED = "programme_issued"
    BURNED = "burned"
    EXPIRED = "expired"
    CLAWBACK = "clawback"


class EntryKind(StrEnum):
    """Why points moved."""

    SHARE_VISIT = "share_visit"
    PURCHASE = "purchase"
    CORRECTION = "correction"  # of a purchase, or of a return, by the shop that told of it
    VISIT = "visit"
    CLERK = "clerk"  # given by hand
    MOVED_IN = "moved_in"  # from another programme
    PARTNER = "partner"  # given by a partner of the programme
    RELEASE = "release"
    BURN = "burn"
    EXPIRE = "expire"
    CLAWBACK = "clawback"
    RETURN = "return"  # goods came back
    SETTLE = "settle"  # of what was owed
    REVERSAL = "reversal"


class EarnWait(StrEnum):
    """Why what a shop told of has not come to the ledger yet."""

    NO_MEMBER = "no_member"  # whoever bought has not proved the card, the mailbox or the account yet
    NO_PURCHASE = "no_purchase"  # of a return: its purchase is not told of, or waits itself
    RETURN_TOO_LARGE = "return_too_large"
    CONFLICT = "conflict"  # told before with other content


class PointsAge(StrEnum):
    """How long ago points were earned, as finance reads it."""

    MONTH = "to_30_days"
    QUARTER = "to_90_days"
    YEAR = "to_365_days"
    OLDER = "older"


class GivenState(StrEnum):
    """How far points are that came from elsewhere."""

    DUE = "due"
    WAITING = "waiting"  # for somebody to prove the card or mailbox
    POSTED = "posted"


class LedgerFault(StrEnum):
    """What the proof of the ledger may find."""

    UNBALANCED = "unbalanced"
    ALTERED = "altered"
    BELOW_ZERO = "below_zero"
    BALANCE_DIFFERS = "balance_differs"


class PointsState(StrEnum):
    """Where the points are that one opening of a shared link brought."""

    PENDING = "pending"
    REVIEW = "review"
    ACTIVE = "active"
    REFUSED = "refused"
    CAPPED = "capped"


class ReviewVerdict(StrEnum):
    """What became of points that a shared link brought and that looked like one person's."""

    FLAGGED = "flagged"  # by the model
    CLEARED = "cleared"  # by the model, since more was seen
    ACCEPTED = "accepted"
    REFUSED = "refused"
