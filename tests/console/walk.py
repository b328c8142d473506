"""The walk over all pages: each opened in three sizes, two languages and two modes, clicked and photographed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from selenium.webdriver import Chrome

from tests.browser import ask, click, complaints, wait_for
from tests.browsers.axe import violations
from tests.console.listed import ConsolePage
from tests.console.windows import LANGUAGES, MODES, SIZES, be, photograph

WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
OPEN = "document.querySelectorAll('main details').forEach((d) => { d.open = true; }); return 1"
CUT = """
const cut = (e) => ["hidden", "clip"].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1;
const shown = (e) => e.checkVisibility() && e.clientWidth > 1 && e.innerText?.trim();
const named = (e) => `${e.tagName.toLowerCase()}.${e.className}: ${e.innerText.trim().slice(0, 40)}`;
return [...document.querySelectorAll("body *")].filter((e) => shown(e) && cut(e)).map(named);
"""
"""Elements whose words are cut at their right edge."""


@dataclass(frozen=True, slots=True)
class Look:
    """One page as somebody saw it, and what was wrong with it."""

    page: str
    lang: str
    size: str
    mode: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """How a page is looked at: in a language and a size, then in each of these modes without being opened again."""

    lang: str
    size: str
    modes: tuple[str, ...] = MODES


ALL_WAYS = [Way(lang, size) for lang in LANGUAGES for size in SIZES]
THIN = [
    [Way(LANGUAGES[(i + k) % 2], size, (MODES[(i // 2 + k) % 2],)) for i, size in enumerate(SIZES)] for k in range(4)
]
"""Three looks instead of twelve, one a size; with the next page other languages and modes."""


def walk(page: Chrome, url: str, listed: Iterable[ConsolePage], folder: Path, *, thin: bool = False) -> list[Look]:
    """Looks at each page in every way; the pictures go into `folder`. Says on standard error what it found."""
    found = []
    for i, one in enumerate(listed):
        began = time.monotonic()
        ways = THIN[i % len(THIN)] if thin else ALL_WAYS
        looks = [look for way in ways for look in _looks(page, url, one, way, folder)]
        found += looks
        sys.stderr.write(f"{one.name}, {time.monotonic() - began:.0f} s: {_cell(looks)}\n")
    return found


def _looks(page: Chrome, url: str, one: ConsolePage, way: Way, folder: Path) -> list[Look]:
    be(page, way.size, way.modes[0])
    complaints(page)  # of the page before
    page.get(f"{url}{one.path}{'&' if '?' in one.path else '?'}lang={way.lang}")
    wait_for(page, one.ready)
    for selector, then in one.clicks:
        click(page, selector)
        wait_for(page, then)
    ask(page, OPEN)
    said = [c for c in complaints(page) if not one.refused or f"status of {one.refused}" not in c]
    looks = []
    for mode in way.modes:
        be(page, way.size, mode)
        wide = int(ask(page, WIDER))
        wrong = [f"{wide} px too wide"] if wide > 0 else []
        wrong += [f"cut: {what}" for what in ask(page, CUT)]
        wrong += [f"axe: {what}" for what in violations(page)]
        photograph(page, folder / f"{one.name}-{way.size}-{way.lang}-{mode}.jpg")
        looks.append(Look(one.name, way.lang, way.size, mode, tuple(wrong + said)))
    return looks


def table(looks: Sequence[Look]) -> str:
    """A line a page, a column a size: how many looks there were, and what was wrong in any."""
    names = list(dict.fromkeys(look.page for look in looks))
    lines = ["| page | " + " | ".join(SIZES) + " |", "|---" * (len(SIZES) + 1) + "|"]
    for name in names:
        cells = [_cell([look for look in looks if (look.page, look.size) == (name, size)]) for size in SIZES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(looks: Sequence[Look]) -> str:
    bad = [look for look in looks if look.wrong]
    if not bad:
        return f"{len(looks)} well"
    whats = dict.fromkeys(f"{what} ({look.lang}, {look.mode})" for look in bad for what in look.wrong)
    return f"{len(bad)} of {len(looks)}: " + "; ".join(what.replace("|", "/").replace("\n", " ") for what in whats)
