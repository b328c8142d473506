"""The salts of the stores' days: random, kept in one file beside the keys, and written over when their day is done.

A pseudonym under yesterday's salt cannot be made again by anyone, us included. The file outlives a crash within the
day, so that an engine that restarts knows the devices it was following.
"""

from __future__ import annotations

import json
import os
import secrets as randomness
from pathlib import Path

from engine.privacy.nights import SaltDay

SALT_BYTES = 32

Kept = dict[str, tuple[SaltDay, bytes]]
"""Store to the life of its salt and the salt."""


class DailySalts:
    """One salt per store: asking for another day of a store destroys the one before."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "salt.json"

    def salt(self, store: str, day: SaltDay) -> bytes:
        """The store's salt, 32 bytes, made now if the day is new. Raises OSError where the folder cannot be written
        to."""
        kept = self._read()
        if store in kept and kept[store][0] == day:
            return kept[store][1]
        salt = randomness.token_bytes(SALT_BYTES)
        self._write({**kept, store: (day, salt)})
        return salt

    def destroy_ended(self, now: float) -> int:
        """Destroys the salts of days that are over at `now` (s, UTC), whether an engine runs or not. How many."""
        kept = self._read()
        living = {store: (day, salt) for store, (day, salt) in kept.items() if now < day.ends_at}
        if len(living) < len(kept):
            self._write(living)
        return len(kept) - len(living)

    def _read(self) -> Kept:
        """Nothing where there is no file, or no whole one: then the devices of today just get new names."""
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
            kept = {store: _entry(values) for store, values in raw["stores"].items()}
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return {}
        return {store: (day, salt) for store, (day, salt) in kept.items() if len(salt) == SALT_BYTES}

    def _write(self, kept: Kept) -> None:
        """In place and over every byte that was there, so that no copy of an old salt stays behind."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        stores = {
            store: {"begins_at": day.begins_at, "ends_at": day.ends_at, "salt": salt.hex()}
            for store, (day, salt) in sorted(kept.items())
        }
        text = json.dumps({"stores": stores})
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
            file.write(text.ljust(os.fstat(descriptor).st_size))
            file.flush()
            os.fsync(descriptor)
            file.truncate(len(text))
            os.fsync(descriptor)


def _entry(values: dict[str, object]) -> tuple[SaltDay, bytes]:
    return SaltDay(int(str(values["begins_at"])), int(str(values["ends_at"]))), bytes.fromhex(str(values["salt"]))
