"""Names that come over the wire, and may be anything: what looks like a name is shown, all else by a keyed hash.

A source is named by whoever publishes, and pages, metrics and logs tell its name. A device that publishes itself is
often named by its MAC, in pairs or not, encoded, as a number: no list of spellings is complete. So it is the other way
round: what is made of words and few digits is a name, and what is not goes by `unnamed-` and eight digits that nobody
without the site's key can lead back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from functools import lru_cache

from engine.masks import mask_macs

UNNAMED = "unnamed-"
_MOST_CHARS = 40
_MOST_DIGITS = 5
_HEX_CHARS = 8  # of parts that are hexadecimal as a whole: an address has twelve
_NAME = re.compile(r"[A-Za-z0-9]+(?:[-_. ][A-Za-z0-9]+)*")
_PART = re.compile(
    r"[a-z]+\d{0,4}|[A-Z][a-z]*\d{0,4}|[A-Z]{2,6}\d{0,4}"  # words and short forms, numbered
    r"|[A-Z][a-z]+[A-Z][a-z]+"  # OpenWrt
    r"|\d{1,4}|\d{1,2}[a-z]+"  # numbers, and bands or floors: 5ghz, 2nd
)
_BASE64 = re.compile(r"(?![a-z]+\d{0,2}$|[A-Z][a-z]+$)[A-Za-z0-9]{8}")  # of six bytes; not what is a word
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]{2,}")


def looks_like_a_name(text: str) -> bool:
    """Whether it is made of words and few digits, and nothing that an address may be written as."""
    parts = re.split(r"[-_. ]", text)
    return (
        len(text) <= _MOST_CHARS
        and _NAME.fullmatch(text) is not None
        and all(_PART.fullmatch(part) and not _BASE64.fullmatch(part) for part in parts)
        and sum(c.isdigit() for c in text) <= _MOST_DIGITS
        and sum(len(part) for part in parts if _HEX.fullmatch(part)) < _HEX_CHARS
        and mask_macs(text) == text
    )


class SourceNames:
    """By what name each source of one site goes everywhere behind the wire. `known` are those of `config.yaml`."""

    def __init__(self, key: bytes, known: Collection[str] = ()) -> None:
        self._key, self._known = key, frozenset(known)
        self.of = lru_cache(maxsize=1_000)(self._of)
        """The name of a source that calls itself so."""

    def _of(self, said: str) -> str:
        if said in self._known or looks_like_a_name(said):
            return said
        digest = hmac.new(self._key, b"source:" + said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return UNNAMED + digest[:8]
