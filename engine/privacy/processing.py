"""What is done with data of persons, as the register of processing (GDPR article 30) lists it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Basis = Literal["legitimate_interest", "consent", "contract"]


class Processing(StrEnum):
    """One line of the register. A site has those that it asks consent for, and those that need none."""

    AUDIENCE = "audience"  # counts of who is where, of everybody, under a pseudonym of the day
    OFFERS = "offers"  # coupons where somebody is
    STATISTICS = "statistics"  # from one visit to the next
    WALLET = "wallet"  # coupons that were received, their use, points
    SHARING = "sharing"  # who opened a shared link, as digests
    PROOF = "proof"  # what was agreed to, and that everything else was forgotten
    CRM = "crm"
    CLERK = "clerk"


BASES: dict[Processing, Basis] = {
    Processing.AUDIENCE: "legitimate_interest",
    Processing.OFFERS: "consent",
    Processing.STATISTICS: "consent",
    Processing.WALLET: "contract",
    Processing.SHARING: "legitimate_interest",
    Processing.PROOF: "legitimate_interest",
    Processing.CRM: "consent",
    Processing.CLERK: "consent",
}
"""GDPR article 6(1): f, a, b."""


class Risk(StrEnum):
    """What could go wrong for people: the rows of the impact assessment (GDPR article 35; CNIL's PIA method)."""

    SINGLED_OUT = "singled_out"  # somebody is found in statistics
    FOLLOWED = "followed"  # somebody's way through the shop, or the days they came, become known
    MISTAKEN = "mistaken"  # somebody else gets a person's page, coupons or visits
    PRESSED = "pressed"  # a yes that was not free
    LEAKED = "leaked"  # the database or a backup is taken
    KEPT = "kept"  # data outlives its purpose
