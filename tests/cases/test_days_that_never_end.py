"""One flipped digit in salt.json or day-keys.json made a day last for centuries: while no engine ran, nobody destroyed
its salt, nor the key of what was kept of it.

Input: an end in the year 2286, no number, none; a day by a name that is no time. Right: a day is over after 24 hours,
whatever the file says, and what was left of it is destroyed; a day that is whole is kept.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.privacy.day_keys import GRACE_S, KEY_FILE, KeyFile
from engine.privacy.nights import LONGEST_S, SaltDay
from engine.privacy.salts import SALT_FILE, DailySalts

BEGAN = 1_800_000_000
DAY = SaltDay(BEGAN, BEGAN + LONGEST_S)
OVER = float(DAY.ends_at + GRACE_S)


@pytest.mark.parametrize("ends_at", [9_800_086_400, float("nan"), float("inf"), DAY.ends_at])
def test_a_key_dies_with_its_day(tmp_path: Path, ends_at: float) -> None:
    keys = KeyFile(tmp_path)
    keys.key("shop", DAY)
    said = json.loads((tmp_path / KEY_FILE).read_text())
    said["shop"][str(BEGAN)]["ends_at"] = ends_at
    (tmp_path / KEY_FILE).write_text(json.dumps(said))
    assert (keys.count_ended(OVER - 1), keys.destroy_ended(OVER - 1)) == (0, 0)
    assert (keys.count_ended(OVER), keys.destroy_ended(OVER)) == (1, 1)
    assert keys.find("shop", BEGAN) is None


@pytest.mark.parametrize("begun", ["18000x0000", "9" * 5_000, ""])
def test_a_key_of_no_day_is_nobodys(tmp_path: Path, begun: str) -> None:
    KeyFile(tmp_path).key("shop", DAY)
    said = json.loads((tmp_path / KEY_FILE).read_text())
    said["shop"] = {begun: said["shop"][str(BEGAN)]}
    (tmp_path / KEY_FILE).write_text(json.dumps(said))
    assert KeyFile(tmp_path).destroy_ended(float(BEGAN)) == 1


def test_so_does_a_salt(tmp_path: Path) -> None:
    salts = DailySalts(tmp_path)
    salt = salts.salt("shop", DAY)
    said = json.loads((tmp_path / SALT_FILE).read_text())
    said["stores"]["shop"]["ends_at"] = 9_800_086_400
    (tmp_path / SALT_FILE).write_text(json.dumps(said))
    assert salts.salt("shop", DAY) == salt, "the phones of today keep their names"
    assert salts.destroy_ended(float(DAY.ends_at)) == 1
