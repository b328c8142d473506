"""A stopped engine kept yesterday's salt and everybody's tracks: checkpoint and journal told one phone from another.

Input: four phones that agreed to nothing, followed for a while; then the engine is killed. Right: the database holds no
pseudonym in clear, today or in any copy; a restart within the day goes on with everything; when the day is over, salt
and key are destroyed without the engine, and what it left can be read by nobody, its next start included.
"""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path

import pytest

from engine.config import Config
from engine.ingest.decoders.native import NativeDecoder
from engine.privacy.day_keys import GRACE_S, KeyFile
from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.salts import DailySalts
from engine.privacy.sealing import MAGIC
from engine.records import device_hex
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import Database, open_database
from engine.storage.journal import load_recovery
from engine.storage.upserts import unfill
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique, frames, payload, stands

PLAN = boutique()
KEY = b"0123456789abcdef"
CONFIG = Config()
BEGAN = 1_800_000_000.0
LONG_S = 30.0
DAY = Nights(PLAN.timezone, CONFIG.privacy.salt_turns_at).day(BEGAN)


def runner(db: Database, folder: Path) -> StoreRunner:
    return StoreRunner(PLAN, CONFIG, db, KEY, keys=KeyFile(folder))


@pytest.fixture
def left(tmp_path: Path) -> tuple[Database, set[int]]:
    """What a killed engine left: half in its checkpoint, half in the journal; and whom it followed."""
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    salts = DailySalts(tmp_path)
    names = Pseudonyms(KEY, BEGAN, salt_of=lambda _: salts.salt("boutique", DAY))
    decoder, killed = NativeDecoder({"boutique": PLAN.ap_index}, names), runner(db, tmp_path)
    killed.recover(BEGAN)
    for at, readings in frames(PLAN, stands(PLAN, 4, LONG_S), LONG_S):
        now = BEGAN + at
        given = [decoder.decode("rayon/boutique/readings/c1", payload(at, readings, BEGAN), now)]
        killed.keep(given, now)
        killed.advance(given, now)
        if at == LONG_S / 2:
            killed.checkpoint(now)
    return db, {int(names(s.mac)) for s in stands(PLAN, 4, LONG_S)}


def test_no_copy_of_the_database_tells_phones_apart(left: tuple[Database, set[int]], tmp_path: Path) -> None:
    db, devices = left
    db.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("rayon.db*"))
    with sqlite3.connect(tmp_path / "rayon.db") as copy:
        kept = [row[0] for row in copy.execute("SELECT blob FROM checkpoint UNION ALL SELECT payload FROM journal")]
    assert len(kept) > 10
    for blob in map(unfill, kept):
        assert blob.startswith(MAGIC)
        with pytest.raises(zlib.error):
            zlib.decompress(blob[len(MAGIC) + 20 :])
    for device in devices:
        spellings = (device.to_bytes(8, "big"), device.to_bytes(8, "little"), device_hex(device).encode())
        assert not any(spelling in everything for spelling in spellings)


def test_a_restart_within_the_day_loses_nothing(left: tuple[Database, set[int]], tmp_path: Path) -> None:
    db, _ = left
    again = runner(db, tmp_path)
    assert again.recover(BEGAN + LONG_S + 5.0) > 10
    counts = again.figures()["counts"]
    whole = runner(open_database(new_sqlite(tmp_path / "other.db")), tmp_path)
    names = Pseudonyms(KEY, BEGAN)
    decoder = NativeDecoder({"boutique": PLAN.ap_index}, names)
    for at, readings in frames(PLAN, stands(PLAN, 4, LONG_S), LONG_S):
        given = [decoder.decode("rayon/boutique/readings/c1", payload(at, readings, BEGAN), BEGAN + at)]
        whole.advance(given, BEGAN + at)
    assert counts == whole.figures()["counts"]
    db.close()


def test_when_the_day_is_over_nobody_can_read_what_was_left(left: tuple[Database, set[int]], tmp_path: Path) -> None:
    db, _ = left
    night = DAY.ends_at + GRACE_S
    assert DailySalts(tmp_path).destroy_ended(night) == 1, "no engine runs"
    assert KeyFile(tmp_path).destroy_ended(night) == 1
    kept = [load_recovery(db, "boutique").checkpoint, *(row.payload for row in load_recovery(db, "boutique").journal)]
    assert all(kept)
    morning = runner(db, tmp_path)
    morning.recover(night + 3600.0)
    assert sum(morning.figures()["counts"].values()) == 0, "it begins anew, and does not stop for it"
    db.close()


def test_over_the_night_the_new_key_is_used_before_the_old_one_dies(
    left: tuple[Database, set[int]], tmp_path: Path
) -> None:
    db, _ = left
    keys = KeyFile(tmp_path)
    woken = runner(db, tmp_path)
    woken.recover(BEGAN + LONG_S)
    woken.advance([], DAY.ends_at + 1.0)
    assert keys.find("boutique", DAY.begins_at) is not None
    woken.checkpoint(DAY.ends_at + 1.0)
    assert keys.find("boutique", DAY.begins_at) is None
    assert keys.find("boutique", DAY.ends_at) is not None
    again = runner(db, tmp_path)
    assert again.recover(DAY.ends_at + 5.0) == 0
    assert again.figures()["counts"] == woken.figures()["counts"]
    db.close()


@pytest.mark.parametrize(
    ("later_s", "said"), [(5.0, "need one storage.data_dir for both"), (90_000.0, "a day that is over")]
)
def test_the_key_of_another_engine_is_not_one_of_a_day_that_is_over(
    left: tuple[Database, set[int]], tmp_path: Path, caplog: pytest.LogCaptureFixture, later_s: float, said: str
) -> None:
    """Two engines on one PostgreSQL, each with a data_dir of its own: shoppers got a second coupon at a takeover."""
    db, _ = left
    runner(db, tmp_path / "elsewhere").recover(BEGAN + LONG_S + later_s)
    db.close()
    assert [record.message for record in caplog.records if said in record.message]
    assert caplog.text.count("cannot be read") == 1
