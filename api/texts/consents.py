"""The consents that shoppers are asked for, and which wording of them they saw."""

from __future__ import annotations

import datetime as dt

from api.texts.language import Language
from api.texts.times import long_date

TEXT_VERSION = "2026-11-28"
"""The day since which the consents are worded as they are; logged with every answer. A changed sentence needs a new
one. Answers to an earlier wording stay valid: what was agreed to is in the log."""

ASKED = ("location_offers:page", "statistics:any")
"""`purpose:channel` of each box, in the order shown; its words are `consent_titles` and `consent_texts`."""


def worded_since(lang: Language) -> str:
    """The version as a shopper reads it: `28 novembre 2026`."""
    return long_date(dt.date.fromisoformat(TEXT_VERSION), lang)
