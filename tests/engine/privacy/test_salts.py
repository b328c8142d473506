"""The salt of the day: the same through a crash, gone for ever the day after."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.privacy.pseudonyms import DAY_S, Pseudonyms
from engine.privacy.salts import SALT_BYTES, DailySalts

KEY = b"0123456789abcdef"
MAC = "aa:bb:cc:00:00:01"


def test_a_restart_within_the_day_finds_the_same_salt(tmp_path: Path) -> None:
    salt = DailySalts(tmp_path)(20_000)
    assert len(salt) == SALT_BYTES
    assert DailySalts(tmp_path)(20_000) == salt


def test_the_next_day_destroys_it(tmp_path: Path) -> None:
    salts = DailySalts(tmp_path)
    first = salts(20_000)
    second = salts(20_001)
    assert first != second
    assert first.hex() not in (tmp_path / "salt.json").read_text()
    assert salts(20_000) not in (first, second), "not even the site can make it again"


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    DailySalts(tmp_path)(1)
    assert stat.S_IMODE((tmp_path / "salt.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"day": 7}', '{"day": 7, "salt": "zz"}', '{"day": 7, "salt": "00"}'])
def test_a_damaged_file_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "salt.json").write_text(text)
    salt = DailySalts(tmp_path)(7)
    assert DailySalts(tmp_path)(7) == salt


def test_pseudonyms_of_two_days_have_nothing_in_common_with_the_key(tmp_path: Path) -> None:
    """Who holds the site key and today's salt cannot tell which device it was yesterday."""
    names = Pseudonyms(KEY, 20_000 * DAY_S, salt_of=DailySalts(tmp_path))
    yesterday = names(MAC)
    names.start_day(20_001 * DAY_S)
    today = names(MAC)
    assert today != yesterday
    assert Pseudonyms(KEY, 20_001 * DAY_S, salt_of=DailySalts(tmp_path))(MAC) == today
    assert Pseudonyms(KEY, 20_000 * DAY_S, salt_of=DailySalts(tmp_path))(MAC) != yesterday
    assert Pseudonyms(KEY, 20_000 * DAY_S)(MAC) != yesterday
