"""What a shopper may be told, and what is decided of each: now, later or silence, with its reason."""

from __future__ import annotations

from enum import StrEnum


class MessageKind(StrEnum):
    """What a message is about."""

    COUPON = "coupon"  # at a shelf or by e-mail: decided by its campaigns, see DecisionReason
    PICKUP = "pickup"  # the way to an order that waits, for who has come in
    ORDER_READY = "order_ready"  # an order waits from now on
    POINTS_ENDING = "points_ending"
    REWARD_NEAR = "reward_near"  # the points for a reward are there
    FRIEND_CAME = "friend_came"  # a friend used what was shared


class MessageOutcome(StrEnum):
    """What was decided."""

    NOW = "now"
    LATER = "later"
    SILENCE = "silence"


class MessageReason(StrEnum):
    """Why a message went out, why it waits, or why nothing was said."""

    OK = "ok"
    TOO_LATE = "too_late"
    COMPLAINED = "complained"  # that a message was unwanted, a while ago at most
    BOUGHT_ALREADY = "bought_already"  # on any channel
    MUTED = "muted"
    NO_CONSENT = "no_consent"  # on no channel that this kind goes by
    NO_WAY = "no_way"  # nothing subscribed, no proved address, or one that came back
    OWN_QUIET_HOURS = "own_quiet_hours"
    CAP_DAY = "cap_day"
    CAP_WEEK = "cap_week"
    CAP_OWN_DAY = "cap_own_day"
    CAP_OWN_WEEK = "cap_own_week"
    CLOSED_HOURS = "closed_hours"  # of the only channels left
    OVER = "over"  # what it was about has come to its end meanwhile
    NOT_TAKEN = "not_taken"  # no channel brought it


class OfferReason(StrEnum):
    """What speaks for offering one product rather than another; the last two speak against it or for it untold."""

    BOUGHT_IT = "bought_it"
    BOUGHT_LIKE_IT = "bought_like_it"  # of its category
    GOES_WITH = "goes_with"  # people who bought what the shopper bought buy it
    LOOKED_AT = "looked_at"  # on the web
    LINGERS = "lingers"  # in its part of the shop
    NEAR = "near"
    LIKED = "liked"  # by most people
    SATED = "sated"  # bought so lately that nobody needs it again
    PRICE = "price"
