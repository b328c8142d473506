"""Indicators in words: what each is called, what it says, and what is wrong with its figures."""

from __future__ import annotations

from dataclasses import dataclass

from api.texts.catalogue import words
from api.texts.language import Language
from engine.indicators.presets import Preset


@dataclass(frozen=True, slots=True)
class IndicatorWords:
    """Of one preset in one language; `biases` in the order of its list."""

    name: str
    description: str
    biases: tuple[str, ...]


def indicator_words(preset: Preset, lang: Language) -> IndicatorWords:
    """What pages and reports say of a preset; its formula stays as it is worked out."""
    t = words(lang)
    return IndicatorWords(
        t.indicator_names[preset.identifier],
        t.indicator_descriptions[preset.identifier],
        tuple(t.indicator_biases[bias] for bias in preset.biases),
    )
