"""French law on promotions, asked by those who read campaigns and those who decide on them.

The rules are dated rows in `engine.offers.law.rows`: caps of the advantage in food and everyday goods, books, and goods
that may not be promoted; words that may not be used, in `wording`; reductions from a prior price, in `prior`.
Engineering input, not legal advice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from engine.errors import Problem
from engine.offers.law.findings import advantage_bp as advantage_bp
from engine.offers.law.findings import breaches, breaches_on
from engine.offers.law.findings import of_alcohol as of_alcohol
from engine.offers.law.findings import products_of as products_of
from engine.offers.law.rows import ROWS as ROWS
from engine.offers.law.rows import LegalRow as LegalRow
from engine.offers.law.rows import caps_at as caps_at
from engine.offers.law.rows import caps_on as caps_on
from engine.offers.law.wording import Texts
from engine.offers.pricing.kinds import Offer
from engine.plan.model import Plan


def legal_findings(offer: Offer, texts: Texts, plan: Plan, on: dt.date | None = None) -> Iterator[Problem]:
    """What is against the rows that hold on a day, each at its place below the campaign.

    Without a day the newest row of each class is taken to hold.
    """
    for breach in breaches_on(list(breaches(offer, texts, plan)), on, plan.timezone):
        yield Problem("", breach.place, breach.reason, breach.fix, code=breach.code, values=breach.values)
