"""What is at rest of a store's day can be read on that day only; what cannot be read is told of once, and why."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from engine.privacy.day_keys import KeyFile
from engine.privacy.nights import Nights
from engine.runtime.stored.sealed_days import SealedDays

NOON = 1_800_014_400.0  # 12:00 UTC
DAY_S = 86_400.0


def days(folder: Path) -> SealedDays:
    return SealedDays("shop", Nights("UTC"), KeyFile(folder))


def test_what_is_sealed_opens_on_its_day_and_nothing_of_it_shows(tmp_path: Path) -> None:
    sealed = days(tmp_path).close(b"who was here", NOON)
    assert b"who was here" not in sealed
    assert days(tmp_path).open(sealed, NOON + 3600.0) == b"who was here"
    assert days(tmp_path).night(NOON) == NOON - DAY_S / 2


def test_of_a_day_that_is_over_the_key_goes_once_and_so_does_what_it_sealed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop = days(tmp_path)
    old = shop.close(b"yesterday", NOON)
    shop.destroy_old_keys(NOON + 60.0)
    assert shop.open(old, NOON) == b"yesterday", "its day is not over"
    new = shop.close(b"today", NOON + DAY_S)
    shop.destroy_old_keys(NOON + DAY_S)
    with caplog.at_level(logging.WARNING):
        assert (shop.open(old, NOON + DAY_S), shop.open(old, NOON + DAY_S)) == (None, None)
    assert [record.message for record in caplog.records] == [
        "shop: what was kept of a day that is over cannot be read any more"
    ]
    assert shop.open(new, NOON + DAY_S) == b"today"


def test_the_key_of_today_that_is_in_another_folder_is_told_as_such(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sealed = days(tmp_path / "one").close(b"who was here", NOON)
    with caplog.at_level(logging.WARNING):
        assert days(tmp_path / "other").open(sealed, NOON) is None
    assert "Engines that stand in for each other need one storage.data_dir for both" in caplog.text


def test_what_is_damaged_is_a_value_error(tmp_path: Path) -> None:
    sealed = bytearray(days(tmp_path).close(b"who was here", NOON))
    sealed[-1] ^= 1
    with pytest.raises(ValueError, match="damaged: it is not what was sealed"):
        days(tmp_path).open(bytes(sealed), NOON)
