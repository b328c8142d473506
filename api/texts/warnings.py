"""Sentences that the law puts beside an offer."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from api.texts.catalogue import words
from api.texts.language import Language
from engine.offers.discounts import Offer
from engine.offers.law.legal import of_alcohol
from engine.plan.model import Plan

_OFFER: TypeAdapter[Offer] = TypeAdapter(Offer)


def health_warning(offer: dict[str, Any], plan: Plan | None, lang: Language) -> str | None:
    """What has to stand beside an offer on alcohol (L.3323-4 CSP); None beside any other."""
    if plan is None or not of_alcohol(_OFFER.validate_python(offer), plan):
        return None
    t = words(lang)
    return t.offer.health_warning
