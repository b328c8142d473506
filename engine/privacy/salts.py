"""The salt of the day: random, kept in one file beside the keys, and written over when the day is done.

A pseudonym under yesterday's salt cannot be made again by anyone, us included. The file outlives a crash within the
day, so that an engine that restarts knows the devices it was following.
"""

from __future__ import annotations

import json
import os
import secrets as randomness
from pathlib import Path

SALT_BYTES = 32


class DailySalts:
    """Calling it with a UTC day number gives that day's salt. Asking for another day destroys the one before."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "salt.json"

    def __call__(self, day: int) -> bytes:
        """The salt, 32 bytes, made now if the day is new. Raises OSError where the folder cannot be written to."""
        kept = self._read()
        if kept is not None and kept[0] == day:
            return kept[1]
        salt = randomness.token_bytes(SALT_BYTES)
        self._write(day, salt)
        return salt

    def _read(self) -> tuple[int, bytes] | None:
        """(day, salt); None where there is no file, or no whole one: then the devices of today just get new names."""
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
            day, salt = int(raw["day"]), bytes.fromhex(raw["salt"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return (day, salt) if len(salt) == SALT_BYTES else None

    def _write(self, day: int, salt: bytes) -> None:
        """In place, so that no copy of the old salt stays behind under another name."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
            file.write(json.dumps({"day": day, "salt": salt.hex()}))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
