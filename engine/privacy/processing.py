"""What is done with data of persons, as the register of processing (GDPR article 30) lists it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Basis = Literal["legitimate_interest", "consent", "contract"]


class Processing(StrEnum):
    """One line of the register. A site has those that it asks consent for, and those that need none."""

    AUDIENCE = "audience"  # counts of who is where, of everybody, under a pseudonym of the day
    OFFERS = "offers"  # coupons where somebody is
    PUSH = "push"  # the same coupons by a push service
    EMAIL = "email"  # the same by the mail server
    SMS = "sms"  # the same by a gateway
    APP = "app"  # the same by the shop's own app
    STATISTICS = "statistics"  # from one visit to the next
    LEARNING = "learning"  # places at shelves teach the radio map
    WALLET = "wallet"  # coupons that were received, their use, points
    IDENTITY = "identity"  # addresses, cards and browsers, to find one's page again
    SHARING = "sharing"  # who opened a shared link, as digests
    PROOF = "proof"  # what was agreed to, and that everything else was forgotten
    ORDERS = "orders"  # the e-shop is asked for what somebody orders in the store
    PICKUP = "pickup"  # who comes in for an order is announced to the staff
    CRM = "crm"
    CLERK = "clerk"


BASES: dict[Processing, Basis] = {
    Processing.AUDIENCE: "legitimate_interest",
    Processing.OFFERS: "consent",
    Processing.PUSH: "consent",
    Processing.EMAIL: "consent",
    Processing.SMS: "consent",
    Processing.APP: "consent",
    Processing.STATISTICS: "consent",
    Processing.LEARNING: "consent",
    Processing.WALLET: "contract",
    Processing.IDENTITY: "contract",
    Processing.SHARING: "legitimate_interest",
    Processing.PROOF: "legitimate_interest",
    Processing.ORDERS: "contract",
    Processing.PICKUP: "consent",
    Processing.CRM: "consent",
    Processing.CLERK: "consent",
}
"""GDPR article 6(1): f, a, b."""

ASKED_FOR: dict[Processing, tuple[str, ...]] = {
    Processing.OFFERS: tuple(f"location_offers:{channel}" for channel in ("page", "push", "email", "sms", "app")),
    Processing.PUSH: ("location_offers:push",),
    Processing.EMAIL: ("location_offers:email",),
    Processing.SMS: ("location_offers:sms",),
    Processing.APP: ("location_offers:app",),
    Processing.STATISTICS: ("statistics:any",),
    Processing.LEARNING: ("location_learning:any",),
    Processing.PICKUP: ("pickup:any",),
    Processing.CRM: ("crm:any", "crm_shopping:any"),
    Processing.CLERK: ("clerk:any",),
}
"""Processing with consent, and the questions (`privacy.asked`) one of which a site asks where it does it."""


class Recipient(StrEnum):
    """Who gets data because of what a site does, beside those that `controller.recipients` names."""

    PUSH = "push"
    MAIL = "mail"
    SMS = "sms"
    APP = "app"
    ORDERS = "orders"
    CRM = "crm"


class Risk(StrEnum):
    """What could go wrong for people: the rows of the impact assessment (GDPR article 35; CNIL's PIA method)."""

    SINGLED_OUT = "singled_out"  # somebody is found in statistics
    FOLLOWED = "followed"  # somebody's way through the shop, or the days they came, become known
    MISTAKEN = "mistaken"  # somebody else gets a person's page, coupons or visits
    PRESSED = "pressed"  # a yes that was not free
    LEAKED = "leaked"  # the database or a backup is taken
    KEPT = "kept"  # data outlives its purpose
