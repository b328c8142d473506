"""The consents that shoppers are asked for, and which wording of them they saw."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, Field

from api.texts.language import Language
from api.texts.times import long_date

TEXT_VERSION = "2026-11-28"
"""The day since which the consents are worded as they are; logged with every answer. A changed sentence needs a new
one. Answers to an earlier wording stay valid: what was agreed to is in the log."""

EARLIER: tuple[str, ...] = ()
"""Versions that a page which is still open may have shown. What a caller says of any other was never shown."""

ASKED = ("location_offers:page", "statistics:any")
"""`purpose:channel` of each box, in the order shown; its words are `consent_titles` and `consent_texts`."""


def _was_shown(version: str) -> str:
    if version not in (TEXT_VERSION, *EARLIER):
        raise ValueError("no consent text of this version was ever shown here")
    return version


ShownVersion = Annotated[str, Field(max_length=40), AfterValidator(_was_shown)]
"""A version of our own: the log proves what was shown, so no caller makes one up."""


def worded_since(lang: Language) -> str:
    """The version as a shopper reads it: `28 novembre 2026`."""
    return long_date(dt.date.fromisoformat(TEXT_VERSION), lang)
