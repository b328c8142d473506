"""Words that the law keeps away from some goods, in the texts of campaigns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

Texts = Mapping[str, Mapping[str, Any]]
"""Language, then `title` and `text`."""

NOT_FOR_FOOD = re.compile(r"\bgratuit(e|s|es|ement)?\b", re.IGNORECASE)
"""The word that L.443-1 C. com. (loi 2018-938) keeps away from food, in all its forms."""

LIFESTYLE = re.compile(
    # French, then English: company, feasts, pleasure, seduction, success, sport, youth. L.3323-4 CSP lets a text say
    # what a drink is, where it is from, who made it and how, what it costs and how it is drunk; and nothing of these.
    r"\b(ami(e|s|es)?|copain(e|s|es)?|copines?|conviviale?s?|convivialité|fêtes?|fêter|festi(f|fs|ve|ves)|festivités?"
    r"|célébrer|célébration|soirées?|apéros?|vacances|détente|détendez|plaisirs?|bonheur|joie|rêves?|sédui(re|t|sez|sant)"
    r"|séduction|sensuel(le|s|les)?|sexy|réussite|succès|sportifs?|jeunes?|jeunesse|tendance|ivresse|euphorie"
    r"|friends?|mates?|party|parties|partying|celebrat(e|es|ing|ion)|festive|fun|enjoy(ment)?|pleasures?|happiness|happy"
    r"|joy|dreams?|seduc(e|tion|tive)|sensual|success(ful)?|relax(ing)?|holidays?|night out|sport(y|ing)?|youth|young"
    r"|trendy|glamorous|cool)\b",
    re.IGNORECASE,
)
"""Words of a way of life, which no text about alcohol may use."""


def wrong_words(texts: Texts, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Places below the campaign, each with the first word there that the pattern finds."""
    for language, text in texts.items():
        for part, words in text.items():
            if found := pattern.search(_as_read(str(words))):
                yield f"texts.{language}.{part}", found.group()


def _as_read(words: str) -> str:
    """The letters that a reader sees: no other forms of them, and nothing invisible between them."""
    plain = unicodedata.normalize("NFKC", words)
    return "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
