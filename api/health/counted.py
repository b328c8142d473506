"""What parts of the system counted, in words. Names of sources and access points stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.middleware.metrics import flat
from api.texts.catalogue import words
from api.texts.language import Language


@dataclass(frozen=True, slots=True)
class CountLine:
    """One figure: what was counted, by which reason where there is one, and its code for who looks it up.

    `named`: the reason is a name, of a source or an access point, and in no language.
    """

    what: str
    reason: str
    value: float
    code: str
    named: bool


def count_lines(values: Mapping[str, Any], lang: Language, ours: frozenset[str]) -> Iterator[CountLine]:
    """Every number of a part's values, in their order by code. `ours`: the ids of the plan's access points."""
    for key, reason, value in sorted(flat(values, ours)):
        what = _what(key, lang)
        said = _reason(key, reason, lang)
        code = f"{key}.{reason}" if reason else key
        yield CountLine(what, said or reason, value, code, bool(reason) and said is None)


def _what(key: str, lang: Language) -> str:
    t = words(lang)
    if key in t.health_counts:
        return t.health_counts[key]
    return key  # a receiver's source, by its name


def _reason(key: str, reason: str, lang: Language) -> str | None:
    t = words(lang)
    if key == "decisions" and reason in t.reasons:
        return t.reasons[reason]
    if reason in t.health_reasons:
        return t.health_reasons[reason]
    if reason in t.troubles:
        return t.troubles[reason]
    if reason in t.refusals:
        return t.refusals[reason]
    return None
