"""The salts of the stores' days: random, kept in one file beside the keys, and written over when their day is done.

A pseudonym under yesterday's salt cannot be made again by anyone, us included. The file outlives a crash within the
day, so that an engine that restarts knows the devices it was following.
"""

from __future__ import annotations

import logging
import secrets as randomness
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.privacy.day_file import DayFile
from engine.privacy.nights import LONGEST_S, SaltDay

log = logging.getLogger(__name__)
SALT_BYTES = 32
SALT_FILE = "salt.json"

Kept = dict[str, tuple[SaltDay, bytes]]
"""Store to the life of its salt and the salt."""


class DailySalts:
    """One salt per store: asking for another day of a store destroys the one before."""

    def __init__(self, data_dir: Path) -> None:
        self._file = DayFile(data_dir / SALT_FILE)

    def salt(self, store: str, day: SaltDay) -> bytes:
        """The store's salt, 32 bytes, made now if the day is new. Raises OSError where the folder cannot be written
        to."""
        with self._file.open(make=True) as raw:
            stores = _stores(raw)
            mine = _find_whole({store: stores[store]}) if store in stores else {}
            if store in mine and mine[store][0] == day:
                return mine[store][1]
            salt = randomness.token_bytes(SALT_BYTES)
            _keep(raw, {**stores, store: _pack(day, salt)})
            return salt

    def destroy_ended(self, now: float) -> int:
        """Destroys the salts of days that are over at `now` (s, UTC), whether an engine runs or not. How many."""
        with self._file.open() as raw:
            kept = _find_whole(_stores(raw))
            living = {store: _pack(day, salt) for store, (day, salt) in kept.items() if now < day.ends_at}
            _keep(raw, living)
            return len(kept) - len(living)

    def count_ended(self, now: float) -> int:
        """How many `destroy_ended` would destroy."""
        return sum(now >= day.ends_at for day, _ in _find_whole(_stores(self._file.read())).values())

    def damage(self) -> str:
        """What is wrong with the file, in a few words; empty where nothing is."""
        return self._file.damage()


def _stores(raw: Mapping[str, Any]) -> dict[str, Any]:
    stores = raw.get("stores", {})
    return stores if isinstance(stores, dict) else {}


def _find_whole(stores: Mapping[str, Any]) -> Kept:
    """What is whole of it. A store whose entry is not, or that has none, gets new names for the devices of today."""
    kept: Kept = {}
    for store, values in stores.items():
        try:
            day, salt = _entry(values)
        except (ValueError, KeyError, TypeError):
            salt = b""
        if len(salt) == SALT_BYTES:
            kept[store] = day, salt
        else:
            log.warning("%s: the salt of the day is damaged; devices of today get new names", store)
    return kept


def _keep(raw: dict[str, Any], stores: Mapping[str, Any]) -> None:
    raw.clear()
    raw["stores"] = dict(stores)


def _pack(day: SaltDay, salt: bytes) -> dict[str, object]:
    return {"begins_at": day.begins_at, "ends_at": day.ends_at, "salt": salt.hex()}


def _entry(values: dict[str, object]) -> tuple[SaltDay, bytes]:
    """Whatever the file says: no day is longer than one."""
    begins_at, ends_at = int(str(values["begins_at"])), int(str(values["ends_at"]))
    return SaltDay(begins_at, min(ends_at, begins_at + LONGEST_S)), bytes.fromhex(str(values["salt"]))
