"""Indicators in words of both languages; the English ones are those of the presets themselves."""

from __future__ import annotations

import pytest

from api.texts.indicators import indicator_words
from engine.indicators.catalogue import PRESETS
from engine.indicators.presets import Preset


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.identifier)
def test_a_preset_is_said_in_both_languages(preset: Preset) -> None:
    french, english = indicator_words(preset, "fr"), indicator_words(preset, "en")
    assert (english.name, english.description) == (preset.name, preset.description)
    assert french.name != english.name
    assert french.description != english.description
    assert len(french.biases) == len(english.biases) == len(preset.biases) >= 1
    assert set(french.biases).isdisjoint(english.biases)
