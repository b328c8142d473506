"""Where a phone landed: path, query and form of the request that a captive portal made its browser send.

Vendors write queries by hand. Parameters stand without a value, URLs unescaped with a second `?` in them, names in any
case. So nothing here raises: what cannot be read is simply not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

LONGEST = 16_384  # characters of a query or a form that are looked at: longer than any vendor's, and quickly read
MOST = 200  # parameters, likewise
TIMES = 4  # so often may an address have been escaped on its way through vendors' scripts


class Fields:
    """Parameters in their order, by folded name (`client_mac`, `clientMac` and `client-mac` are one), values decoded
    once. A name may come more than once."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._pairs = pairs

    def __contains__(self, name: object) -> bool:
        return any(known == name for known, _ in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __add__(self, other: Fields) -> Fields:
        return Fields(self._pairs + other._pairs)

    def all(self, *names: str) -> Iterator[str]:
        """Every value that is not empty, by name in the order given."""
        for name in names:
            yield from (value for known, value in self._pairs if known == name and value.strip())

    def first(self, *names: str) -> str:
        """The first value that is not empty; "" where there is none."""
        return next(self.all(*names), "")

    def any_of(self, *names: str) -> bool:
        """Whether one of the names is there, with a value or without."""
        return any(name in self for name in names)

    def have(self, *names: str) -> bool:
        """Whether all of the names are there, with a value or without."""
        return all(name in self for name in names)

    def names(self) -> set[str]:
        """All names, folded."""
        return {name for name, _ in self._pairs}


@dataclass(frozen=True, slots=True)
class Landing:
    """A request as it arrived. `query` is raw, exactly as sent; `fields` holds query and form together."""

    path: str
    query: str = field(repr=False)
    fields: Fields = field(repr=False)
    host: str = ""


def land(target: str, headers: Mapping[str, str] | None = None, body: str = "") -> Landing:
    """The landing of a request: `target` is a whole URL or the path and query of one, `body` a form as it was sent."""
    url, _, _ = _whole(target).strip().partition("#")
    before, _, query = url.partition("?")
    origin = re.match(r"(?i)[a-z][a-z0-9+.-]*://([^/?]*)", before)
    path = before[origin.end() :] if origin else before
    given = {name.lower(): value for name, value in (headers or {}).items()}
    host = _whole(given.get("host") or (origin[1] if origin else ""))
    return Landing(path or "/", query, split(query) + split(_whole(body).strip()), host)


def _whole(text: str) -> str:
    """The text without halves of characters, which nothing could encode again."""
    return text.encode("utf-8", "replace").decode()


def split(query: str) -> Fields:
    """The parameters of a query or a form, decoded once."""
    pairs = []
    for part in query[:LONGEST].split("&", MOST)[:MOST]:
        name, _, value = part.partition("=")
        if name:
            pairs.append((fold(unquote_plus(name)), unquote_plus(value)))
    return Fields(tuple(pairs))


def fold(name: str) -> str:
    """A parameter's name without case and separators."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def decode_fully(text: str) -> str:
    """The text without the escapes that it still has: scripts of vendors escape addresses twice and more."""
    for _ in range(TIMES):
        plain = unquote(text)
        if plain == text:
            break
        text = plain
    return text
