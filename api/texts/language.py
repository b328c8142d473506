"""Which of our languages a request wants: the only place that decides it, for every page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from fastapi import Request

T = TypeVar("T")

Language = str
"""The name of a catalogue: `fr` for `fr.yaml`."""

DEFAULT: Language = "fr"
WRITTEN: tuple[Language, ...] = ("fr", "en")
"""Those that are kept here and tested to say everything."""


def _catalogues() -> tuple[Language, ...]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.yaml"))
    return (*WRITTEN, *(name for name in names if re.fullmatch("[a-z]{2,3}", name) and name not in WRITTEN))


LANGUAGES: tuple[Language, ...] = _catalogues()
"""Ours, and one for each further catalogue beside them."""


def language(request: Request) -> Language:
    """`?lang=` where it names a language of ours, else what Accept-Language prefers."""
    asked = match_language(request.query_params.get("lang", ""))
    return asked or choose_language(request.headers.get("accept-language", ""))


def language_of(locale: str) -> Language:
    """Our language for a locale such as `en-GB`; French where we do not speak it."""
    return match_language(locale) or DEFAULT


def in_language(texts: Mapping[str, T], lang: Language) -> T:
    """What a campaign says in a language; campaigns are written in ours, so a further one gets English."""
    return texts[lang] if lang in texts else texts["en"]


def match_language(tag: str) -> Language | None:
    """Our language that a tag such as `fr-CA` or `en_GB` begins with, None where it is none of ours."""
    primary = tag.strip().lower().replace("_", "-").partition("-")[0]
    return next((lang for lang in LANGUAGES if lang == primary), None)


def choose_language(accept_language: str) -> Language:
    """Our language with the highest weight in an Accept-Language header (RFC 9110, 12.5.4), the first of equals.

    `*` stands for what the header does not name; a weight of 0 refuses. Where nothing is said of either language, it is
    French; where one is refused and the other not named, the other.
    """
    weights: dict[Language, float] = {}  # in the header's order
    rest: float | None = None
    for part in accept_language.split(","):
        tag, *parameters = (p.strip() for p in part.split(";"))
        weight = _weight(parameters)
        if weight is None:
            continue
        if tag == "*":
            rest = weight
        elif (lang := match_language(tag)) is not None:
            weights[lang] = max(weight, weights.get(lang, 0.0))
    for lang in (DEFAULT, *LANGUAGES):  # after those that were named
        weights.setdefault(lang, 1e-9 if rest is None else rest)
    best = max(weights, key=lambda lang: weights[lang])
    return best if weights[best] > 0 else DEFAULT


def _weight(parameters: list[str]) -> float | None:
    """The weight among a tag's parameters, 1 where there is none; None for what is no weight: the tag is left out."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                return None
            return weight if 0.0 <= weight <= 1.0 else None
    return 1.0
