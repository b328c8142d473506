"""Files of salts and keys that were damaged or opened to others: what cannot be read is lost, and all else goes on."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path

import pytest

from engine.privacy.day_keys import KEY_BYTES, KeyFile
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
