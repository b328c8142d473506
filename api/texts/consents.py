"""The consents that shoppers are asked for, and which wording of them they saw."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Annotated, get_args

from pydantic import AfterValidator, Field

from api.texts.language import DEFAULT, Language
from api.texts.times import long_date
from engine.config import AskedConsent
from engine.yaml_files import read_yaml

TEXT_VERSION = "2026-11-30"
"""The day since which the consents are worded as they are; logged with every answer. A changed sentence needs a new
one, and the wording of each is kept in `wordings/`. Answers to an earlier wording stay valid: what was agreed to is in
the log. `docs/privacy.md` says how the day is chosen: shoppers read it, so it is none to come."""

EARLIER: tuple[str, ...] = ("2026-11-28", "2026-11-29")
"""Versions that a page which is still open may have shown. What a caller says of any other was never shown."""

ASKED: tuple[str, ...] = get_args(AskedConsent)
"""`purpose:channel` of everything that a site may ask for (`privacy.asked` says what it does), in the order shown; its
words are `consent_titles` and `consent_texts`."""

KEPT_WORDINGS = Path(__file__).parent / "wordings"


@cache
def wording(version: str, lang: Language) -> dict[str, tuple[str, str]]:
    """Title and text of each consent as this version worded them; empty for one that was never shown."""
    if version not in (TEXT_VERSION, *EARLIER):
        return {}
    found = read_yaml(KEPT_WORDINGS / f"{version}.yaml")
    said = found.get(lang) or found[DEFAULT]  # a language that came later
    return {key: (title, said["texts"][key]) for key, title in said["titles"].items()}


def _was_shown(version: str) -> str:
    if version not in (TEXT_VERSION, *EARLIER):
        raise ValueError("no consent text of this version was ever shown here")
    return version


ShownVersion = Annotated[str, Field(max_length=40), AfterValidator(_was_shown)]
"""A version of our own: the log proves what was shown, so no caller makes one up."""


def show_version_date(lang: Language) -> str:
    """The version as a shopper reads it: `28 novembre 2026`."""
    return long_date(dt.date.fromisoformat(TEXT_VERSION), lang)
