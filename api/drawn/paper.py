"""What documents to print are made with: a font with many letters. Needs the extra `signs`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec

from fastapi import Response

FONT = "OpenSans"


class Pdf(Response):
    """A document to print."""

    media_type = "application/pdf"


def can_print() -> bool:
    """Whether the extra is installed."""
    return find_spec("fpdf") is not None and find_spec("ttf_opensans") is not None


def missing_letters(texts: Iterable[str]) -> str:
    """The letters of these texts that the font does not have, each once: they would be drawn as nothing."""
    has = _letters()
    return "".join(dict.fromkeys(c for text in texts for c in plain(text) if ord(c) not in has and not c.isspace()))


def printable(name: str, instead: str) -> str:
    """A name; where the font lacks letters of it, what names the same otherwise, with ? for those that it lacks too."""
    if not missing_letters([name]):
        return name
    lacks = missing_letters([instead])
    return "".join("?" if c in lacks else c for c in instead)


@cache
def _letters() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(str(faces() / "OpenSans-Regular.ttf")) as font:
        return frozenset(font.getBestCmap())


def faces() -> Traversable:
    """The font's files."""
    return files("ttf_opensans") / "ttf"


def plain(text: str) -> str:
    """With the spaces that the font has."""
    return text.replace("\u202f", "\u00a0").replace("\u2009", " ")
