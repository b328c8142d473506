"""What customer files (CRM) are told of shoppers who agreed to it, and what became of telling them."""

from __future__ import annotations

from enum import StrEnum

from engine.vocabulary.people import Purpose


class CrmKind(StrEnum):
    """The kinds of events that go out."""

    PROFILE = "profile"
    CONSENT = "consent"  # to this passing on: given, or taken back
    VISIT = "visit"
    COUPON = "coupon"  # received
    REDEMPTION = "redemption"  # a coupon used, or its use taken back
    POINTS = "points"
    ORDER = "order"  # orders, purchases and returns on any channel
    ERASURE = "erasure"  # the last of a shopper


class CrmForm(StrEnum):
    """How a receiver wants it."""

    EVENTS = "events"  # signed as Standard Webhooks has it
    BREVO = "brevo"
    HUBSPOT = "hubspot"
    PULL = "pull"  # it asks, with a cursor


class CrmTrouble(StrEnum):
    """Why a receiver has not taken something."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"  # 429, or 503 with a time
    BROKEN = "broken"  # it answers with an error of its own
    KEY_REFUSED = "key_refused"  # 401, 403
    NOT_FOUND = "not_found"  # the address is wrong: 404, 405, a redirect
    GONE = "gone"  # 410: wants nothing any more
    REFUSED = "refused"  # this event, as it is
    GAVE_UP = "gave_up"  # this event broke it for days, while it took others


CRM_PURPOSES: dict[CrmKind, tuple[Purpose, ...]] = {
    CrmKind.PROFILE: (Purpose.CRM, Purpose.CRM_SHOPPING),
    CrmKind.CONSENT: (Purpose.CRM, Purpose.CRM_SHOPPING),
    CrmKind.VISIT: (Purpose.CRM,),
    CrmKind.REDEMPTION: (Purpose.CRM,),
    CrmKind.COUPON: (Purpose.CRM_SHOPPING,),
    CrmKind.POINTS: (Purpose.CRM_SHOPPING,),
    CrmKind.ORDER: (Purpose.CRM_SHOPPING,),
    CrmKind.ERASURE: (),
}
"""One of which a shopper must have agreed to before an event of the kind leaves. An erasure always does, and so does a
consent taken back."""
