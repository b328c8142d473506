"""Every sentence that people read: one file a language, `fr.yaml` and `en.yaml`, sentences by page.

Templates, scripts and Python all say `t.page.sentence`, and `t.page[code]` where a page is a vocabulary (reasons,
states): so a test can find what is used, what is missing and what nobody says any more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from api.texts.language import WRITTEN, Language
from api.texts.numbers import NARROW, number, plural
from engine.yaml_files import read_own_yaml

WIDE = "\u00a0"  # no-break space
_OPENS, _CLOSES = "\u00ab", "\u00bb"  # guillemets
_FRENCH = (
    (re.compile(f" (?=[:{_CLOSES}])"), WIDE),
    (re.compile(f"(?<={_OPENS}) "), WIDE),
    (re.compile(r" (?=[;!?%€])"), NARROW),
    (re.compile(r"(?<=\d) (?=\w)|(?<=\{n\}) (?=\w)"), WIDE),
)


class Page:
    """The sentences of one page in one language."""

    __slots__ = ("_lang", "_sentences")

    def __init__(self, lang: Language, sentences: Mapping[str, str]) -> None:
        self._lang = lang
        self._sentences = sentences

    def __getitem__(self, key: str) -> str:
        return self._sentences[key]

    def __getattr__(self, key: str) -> str:
        if key.startswith("_") or key not in self._sentences:
            raise AttributeError(f"no sentence {key!r}")
        return self._sentences[key]

    def __contains__(self, key: object) -> bool:
        return key in self._sentences

    def say_count(self, key: str, n: float, **values: str) -> str:
        """The sentence for `n` of something: `key_one` or `key_other`, with the number as `{n}`."""
        sentence = self._sentences[f"{key}_{plural(n, self._lang)}"]
        return sentence.format(n=number(n, self._lang), **values)


class Words:
    """All pages in one language."""

    __slots__ = ("_pages", "_sentences", "lang")

    def __init__(self, lang: Language, sentences: Mapping[str, Mapping[str, str]]) -> None:
        self.lang = lang
        self._sentences = sentences
        self._pages = {name: Page(lang, page) for name, page in sentences.items()}

    def __getattr__(self, name: str) -> Page:
        if name.startswith("_") or name not in self._pages:
            raise AttributeError(f"no page {name!r}")
        return self._pages[name]

    def only(self, *pages: str) -> dict[str, dict[str, str]]:
        """The sentences of these pages as plain dictionaries, for a script."""
        return {name: dict(self._sentences[name]) for name in pages}


@cache
def words(lang: Language) -> Words:
    """The catalogue of a language, read once. What a further language does not say yet is said in English."""
    found: dict[str, dict[str, str]] = read_own_yaml(Path(__file__).parent / f"{lang}.yaml")
    if lang not in WRITTEN:
        others: dict[str, dict[str, str]] = read_own_yaml(Path(__file__).parent / "en.yaml")
        found = {page: said | found.get(page, {}) for page, said in others.items()}
    return Words(lang, {page: {key: _typeset(s, lang) for key, s in said.items()} for page, said in found.items()})


def _typeset(sentence: str, lang: Language) -> str:
    """French has spaces before `: ; ! ? %` and within its quotation marks, at which no line may end."""
    if lang == "fr":
        for space, unbroken in _FRENCH:
            sentence = space.sub(unbroken, sentence)
    return sentence
