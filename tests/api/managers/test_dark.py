"""The managers' pages stayed light in dark mode. Dark, all their words can be read: 4.5 to 1 at least (WCAG 1.4.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import api.managers

STYLE = (Path(str(api.managers.__file__)).parent / "manage.css").read_text(encoding="utf-8")


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Of two colours as #rrggbb, as WCAG 2 has it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", ["ground", "paper"])
@pytest.mark.parametrize("ink", ["ink", "soft", "brand"])
def test_words_can_be_read_in_the_dark(ink: str, ground: str) -> None:
    dark = STYLE.split("@media (prefers-color-scheme: dark)", 1)[1]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", dark))
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert _luminance(colours[ground]) < 0.02
    assert contrast(colours[ink], colours[ground]) >= 4.5
