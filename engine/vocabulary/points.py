"""Points, and what sharing a link brings."""

from __future__ import annotations

from enum import StrEnum


class Account(StrEnum):
    """The accounts of a programme of points, from the programme's side."""

    AVAILABLE = "member_available"
    PENDING = "member_pending"
    ISSUED = "programme_issued"
    BURNED = "burned"
    EXPIRED = "expired"
    CLAWBACK = "clawback"


class EntryKind(StrEnum):
    """Why points moved."""

    SHARE_VISIT = "share_visit"
    RELEASE = "release"
    BURN = "burn"
    EXPIRE = "expire"
    CLAWBACK = "clawback"
    REVERSAL = "reversal"


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
