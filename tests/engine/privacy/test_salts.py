"""The salt of the day: the same through a crash, gone for ever the day after."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from engine.privacy.nights import SaltDay
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.salts import SALT_BYTES, DailySalts

KEY = b"0123456789abcdef"
MAC = "aa:bb:cc:00:00:01"
DAY_S = 86_400


def day(k: int) -> SaltDay:
    return SaltDay(k * DAY_S, (k + 1) * DAY_S)


def salt_of(folder: Path) -> Callable[[SaltDay], bytes]:
    return partial(DailySalts(folder).salt, "boutique")


def test_a_restart_within_the_day_finds_the_same_salt(tmp_path: Path) -> None:
    salt = salt_of(tmp_path)(day(20_000))
    assert len(salt) == SALT_BYTES
    assert salt_of(tmp_path)(day(20_000)) == salt


def test_the_next_day_destroys_it(tmp_path: Path) -> None:
    salts = salt_of(tmp_path)
    first = salts(day(20_000))
    second = salts(day(20_001))
    assert first != second
    assert first.hex() not in (tmp_path / "salt.json").read_text()
    assert salts(day(20_000)) not in (first, second), "not even the site can make it again"


def test_each_store_has_its_own(tmp_path: Path) -> None:
    salts = DailySalts(tmp_path)
    here, there = salts.salt("a", day(1)), salts.salt("b", day(1))
    assert here != there
    salts.salt("a", day(2))
    assert salts.salt("b", day(1)) == there, "the turn of one store leaves the other's alone"


def test_salts_whose_day_is_over_are_destroyed_though_no_engine_runs(tmp_path: Path) -> None:
    salts = DailySalts(tmp_path)
    gone, kept = salts.salt("a", day(1)), salts.salt("b", SaltDay(DAY_S + 1, 2 * DAY_S + 1))
    assert salts.destroy_ended(2 * DAY_S - 1.0) == 0
    assert salts.destroy_ended(2 * DAY_S) == 1
    text = (tmp_path / "salt.json").read_bytes()
    assert gone.hex().encode() not in text
    assert kept.hex().encode() in text
    assert salts.destroy_ended(2 * DAY_S) == 0


def test_nothing_is_left_of_the_file_of_a_version_before(tmp_path: Path) -> None:
    (tmp_path / "salt.json").write_text(json.dumps({"day": 20_000, "salt": "ab" * SALT_BYTES}))
    salt_of(tmp_path)(day(20_000))
    assert "abab" not in (tmp_path / "salt.json").read_text()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    salt_of(tmp_path)(day(1))
    assert stat.S_IMODE((tmp_path / "salt.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"stores": 7}',
        '{"stores": {"boutique": 7}}',
        '{"stores": {"boutique": {"begins_at": 604800, "ends_at": 691200, "salt": "zz"}}}',
        '{"stores": {"boutique": {"begins_at": 604800, "ends_at": 691200, "salt": "00"}}}',
    ],
)
def test_a_damaged_file_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "salt.json").write_text(text)
    salt = salt_of(tmp_path)(day(7))
    assert len(salt) == SALT_BYTES
    assert salt_of(tmp_path)(day(7)) == salt


def test_pseudonyms_of_two_days_have_nothing_in_common_with_the_key(tmp_path: Path) -> None:
    """Who holds the site key and today's salt cannot tell which device it was yesterday."""
    names = Pseudonyms(KEY, 20_000 * DAY_S, salt_of=salt_of(tmp_path))
    yesterday = names(MAC)
    names.start_day(20_001 * DAY_S)
    today = names(MAC)
    assert today != yesterday
    assert Pseudonyms(KEY, 20_001 * DAY_S, salt_of=salt_of(tmp_path))(MAC) == today
    assert Pseudonyms(KEY, 20_000 * DAY_S, salt_of=salt_of(tmp_path))(MAC) != yesterday
    assert Pseudonyms(KEY, 20_000 * DAY_S)(MAC) != yesterday


def test_one_damaged_entry_costs_no_other_store_its_salt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    day, now = SaltDay(0, 86_400), 100.0
    salts = DailySalts(tmp_path)
    kept, lost = salts.salt("a", day), salts.salt("b", day)
    file = tmp_path / "salt.json"
    file.write_text(file.read_text().replace(lost.hex(), "no hex"))
    again = DailySalts(tmp_path)
    assert again.salt("a", day) == kept
    assert again.salt("b", day) != lost
    assert "b: the salt of the day is damaged" in caplog.text
    assert again.count_ended(now) == 0


def test_no_salt_of_the_file_lives_longer_than_a_day(tmp_path: Path) -> None:
    """CNIL: destroyed within 24 hours, whatever the file says."""
    (tmp_path / "salt.json").write_text(
        json.dumps({"stores": {"a": {"begins_at": 1000, "ends_at": 10**9, "salt": "ab" * SALT_BYTES}}})
    )
    salts = DailySalts(tmp_path)
    assert [salts.count_ended(t) for t in (87_399.9, 87_400.0)] == [0, 1]
    assert salts.salt("a", SaltDay(1000, 87_400)) == b"\xab" * SALT_BYTES
    assert salts.salt("a", SaltDay(1000, 87_399)) != b"\xab" * SALT_BYTES


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    salts = DailySalts(tmp_path / "of")
    assert (salts.count_ended(1e10), salts.destroy_ended(1e10), salts.damage()) == (0, 0, "")
    assert not (tmp_path / "of").exists()
