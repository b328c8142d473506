"""Files of salts and keys that were damaged or opened to others: what cannot be read is lost, and all else goes on."""

from __future__ import annotations

import hmac
import json
import logging
import stat
from pathlib import Path

import pytest

from engine.privacy.day_file import DayFile
from engine.privacy.day_keys import KEY_BYTES, DerivedKeys, KeyFile
from engine.privacy.nights import SaltDay
from engine.privacy.salts import DailySalts

DAY = SaltDay(86_400, 172_800)
DAMAGED = [b"\xff", b"{", b"[]", b"[" * 100_000, b'{"boutique": 5}', b'{"stores": 5}']


@pytest.mark.parametrize("content", DAMAGED)
def test_what_cannot_be_read_is_lost_and_said_once(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    salts, keys = DailySalts(tmp_path), KeyFile(tmp_path)
    for name in ("salt.json", "day-keys.json"):
        (tmp_path / name).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert (salts.count_ended(1e10), keys.count_ended(1e10), keys.find("boutique", DAY.begins_at)) == (0, 0, None)
        assert (tmp_path / "salt.json").read_bytes() == content, "who only looks changes nothing"
        assert (salts.damage(), keys.damage()) == ("it is cut off or damaged",) * 2
        assert (salts.destroy_ended(1e10), keys.destroy_ended(1e10), keys.destroy_others("boutique", DAY)) == (0, 0, 0)
        key = keys.key("boutique", DAY)
    said = [record.getMessage() for record in caplog.records]
    assert sorted(text.split(" ")[0] for text in said) == [f"{tmp_path}/day-keys.json", f"{tmp_path}/salt.json"]
    assert keys.find("boutique", DAY.begins_at) == key
    assert (salts.damage(), keys.damage()) == ("", "")


@pytest.mark.parametrize("entry", [5, {}, {"ends_at": 1}, {"ends_at": "x", "key": "00"}, {"ends_at": 1, "key": 7}])
def test_a_damaged_key_is_made_anew_and_the_others_stay(tmp_path: Path, entry: object) -> None:
    keys = KeyFile(tmp_path)
    kept = keys.key("market", DAY)
    raw = json.loads((tmp_path / "day-keys.json").read_text()) | {"boutique": {str(DAY.begins_at): entry}}
    (tmp_path / "day-keys.json").write_text(json.dumps(raw))
    assert keys.find("boutique", DAY.begins_at) is None
    assert len(keys.key("boutique", DAY)) == KEY_BYTES
    assert keys.find("market", DAY.begins_at) == kept


def test_a_key_outlives_its_day_by_a_quarter_of_an_hour(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    keys.key("boutique", DAY)
    over = DAY.ends_at + 15 * 60.0
    assert (keys.count_ended(over - 0.1), keys.count_ended(over)) == (0, 1)


def test_files_that_others_could_read_are_their_owners_again(tmp_path: Path) -> None:
    salts, keys = DailySalts(tmp_path), KeyFile(tmp_path)
    salts.salt("boutique", DAY)
    keys.key("boutique", DAY)
    for name in ("salt.json", "day-keys.json"):
        (tmp_path / name).chmod(0o644)
    salts.salt("boutique", DAY)
    keys.key("boutique", DAY)
    for name in ("salt.json", "day-keys.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def write_keys(folder: Path, **days: dict[str, object]) -> KeyFile:
    """Of the store `boutique`, by the name of the day."""
    (folder / "day-keys.json").write_text(json.dumps({"boutique": {name.strip("d"): e for name, e in days.items()}}))
    return KeyFile(folder)


def entry(ends_at: object, length: int = KEY_BYTES) -> dict[str, object]:
    return {"ends_at": ends_at, "key": "ab" * length}


def test_no_day_of_the_file_is_longer_than_a_day_nor_outlives_what_it_says(tmp_path: Path) -> None:
    """A day that began at 1000 is over at 87,400 whatever the file says, and 900 s later its key goes."""
    keys = write_keys(tmp_path, d1000=entry(10**9))
    assert [keys.count_ended(t) for t in (88_299.9, 88_300.0)] == [0, 1]
    early = write_keys(tmp_path, d1000=entry(5000))
    assert [early.count_ended(t) for t in (5899.9, 5900.0)] == [0, 1]
    for bad in (float("nan"), float("inf")):
        assert [write_keys(tmp_path, d1000=entry(bad)).count_ended(t) for t in (88_299.9, 88_300.0)] == [0, 1]


@pytest.mark.parametrize("name", ["-1000", "day", "1" * 13, "1.5", ""])
def test_a_day_whose_name_is_no_time_has_ended(tmp_path: Path, name: str) -> None:
    (tmp_path / "day-keys.json").write_text(json.dumps({"boutique": {name: entry(1e15)}}))
    assert KeyFile(tmp_path).destroy_ended(0.0) == 1
    (tmp_path / "day-keys.json").write_text(json.dumps({"boutique": {"1" * 12: entry(1e15)}}))
    assert KeyFile(tmp_path).count_ended(0.0) == 0


@pytest.mark.parametrize(("length", "whole"), [(31, False), (32, True), (33, False)])
def test_a_key_has_thirty_two_bytes(tmp_path: Path, length: int, whole: bool) -> None:
    keys = write_keys(tmp_path, d86400=entry(DAY.ends_at, length))
    assert (keys.find("boutique", DAY.begins_at) == b"\xab" * 32) is whole
    assert keys.count_ended(0.0) == (not whole), "what no engine can use has ended"
    assert (keys.key("boutique", DAY) == b"\xab" * 32) is whole


def test_only_the_other_days_of_the_same_store_are_destroyed(tmp_path: Path) -> None:
    keys, later = KeyFile(tmp_path), SaltDay(172_800, 259_200)
    for store in ("boutique", "market"):
        for day in (DAY, later):
            keys.key(store, day)
    assert keys.key("boutique", DAY) == keys.key("boutique", DAY) != keys.key("market", DAY)
    assert keys.destroy_others("boutique", later) == 1
    assert keys.find("boutique", DAY.begins_at) is None
    assert all(keys.find(*where) for where in (("boutique", 172_800), ("market", 86_400), ("market", 172_800)))
    assert keys.destroy_others("nobody", later) == 0


def test_derived_keys_are_the_hmac_of_store_and_day_and_never_die() -> None:
    keys = DerivedKeys(b"secret")
    assert keys.key("boutique", DAY) == hmac.digest(b"secret", b"rayon state boutique 86400", "sha256")
    assert keys.find("boutique", 86_400) == keys.key("boutique", DAY)
    assert keys.destroy_others("boutique", DAY) == 0


def test_a_file_is_made_when_something_is_kept_and_written_over_where_it_shrinks(tmp_path: Path) -> None:
    file = DayFile(path := tmp_path / "of" / "day.json")
    with file.open() as kept:
        kept["a"] = {}
    assert not path.exists(), "whoever looks makes nothing"
    assert (file.read(), file.damage()) == ({}, "")
    with file.open(make=True) as kept:
        kept["a"] = {"secret": "x" * 50}
    assert json.loads(path.read_text()) == {"a": {"secret": "x" * 50}}
    with file.open() as kept:
        kept.clear()
    assert path.read_bytes() == b"{}", "no byte of what was there is left"
    path.unlink()
    path.mkdir()
    assert file.damage() == "Is a directory"


@pytest.mark.parametrize(("content", "damaged"), [(b"", False), (b"{}", False), (b'{"a": {}, "b": 1}', True)])
def test_what_can_be_read_of_a_damaged_file_is_kept(tmp_path: Path, content: bytes, damaged: bool) -> None:
    (path := tmp_path / "day.json").write_bytes(content)
    assert DayFile(path).damage() == ("it is cut off or damaged" if damaged else "")
    assert DayFile(path).read() == ({"a": {}} if b"a" in content else {})
