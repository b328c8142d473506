"""Keys that die with the day: what an engine writes down so as to survive a crash can be read for a day only.

Checkpoints and the journal hold tracks and pseudonyms of everybody in the store. They are sealed under a random key of
the store's salt day (`engine.privacy.nights`), which stands in one file beside the secrets, never in the database: a
copy of the database alone, today's or an older one, says nothing of anybody. When the day is over, the engine writes
its state under the new day's key first and destroys the old key then, so that a crash at that moment loses nothing. A
key whose day has ended is destroyed by whoever comes first, engine, API or `rayon retention`, also while the engine is
stopped: what it left is lost then, and it has to be.
"""

from __future__ import annotations

import hmac
import math
import secrets as randomness
from pathlib import Path
from typing import Any, Protocol

from engine.privacy.day_file import DayFile
from engine.privacy.nights import LONGEST_S, SaltDay

KEY_BYTES = 32
KEY_FILE = "day-keys.json"
MOST_DIGITS = 12  # of a time in s UTC
GRACE_S = 900
"""How long after its day an engine that runs has to write its state anew before others destroy the key."""


class DayKeys(Protocol):
    """Where a store's keys come from. Days are named by when they begin (s, UTC)."""

    def key(self, store: str, day: SaltDay) -> bytes:
        """The key of a day, made now if it is new."""

    def find(self, store: str, begins_at: int) -> bytes | None:
        """The key of the day that began then; None where there is none any more."""

    def destroy_others(self, store: str, day: SaltDay) -> int:
        """Destroys the keys of all other days of the store. How many."""


class KeyFile:
    """Keys in `data_dir/day-keys.json`, readable by its owner only and written over when they die."""

    def __init__(self, data_dir: Path) -> None:
        self._file = DayFile(data_dir / KEY_FILE)

    def key(self, store: str, day: SaltDay) -> bytes:
        """The key of a day, 32 bytes, made now if it is new. Raises OSError where the folder cannot be written to."""
        with self._file.open(make=True) as kept:
            mine = kept.setdefault(store, {})
            found = _key(mine.get(str(day.begins_at)))
            if found is None:
                found = randomness.token_bytes(KEY_BYTES)
                mine[str(day.begins_at)] = {"ends_at": day.ends_at, "key": found.hex()}
            return found

    def find(self, store: str, begins_at: int) -> bytes | None:
        """The key of the day that began then; None where there is none any more."""
        return _key(self._file.read().get(store, {}).get(str(begins_at)))

    def destroy_others(self, store: str, day: SaltDay) -> int:
        """Destroys the keys of all other days of the store. How many."""
        with self._file.open() as kept:
            mine: dict[str, Any] = kept.get(store, {})
            kept[store] = {begun: entry for begun, entry in mine.items() if begun == str(day.begins_at)}
            return len(mine) - len(kept[store])

    def destroy_ended(self, now: float) -> int:
        """Destroys the keys of days that ended at least GRACE_S ago, whether an engine runs or not. How many."""
        with self._file.open() as kept:
            ended = _find_ended(kept, now)
            for store, begun in ended:
                del kept[store][begun]
            return len(ended)

    def count_ended(self, now: float) -> int:
        """How many `destroy_ended` would destroy."""
        return len(_find_ended(self._file.read(), now))

    def damage(self) -> str:
        """What is wrong with the file, in a few words; empty where nothing is."""
        return self._file.damage()


def _find_ended(kept: dict[str, Any], now: float) -> list[tuple[str, str]]:
    """What no engine can use has ended too."""
    return [(s, d) for s, days in kept.items() for d, e in days.items() if _key(e) is None or now >= _end(d, e)]


def _end(begun: str, entry: dict[str, Any]) -> float:
    """Whatever the file says: no day is longer than one, and a name that is no time is no day's."""
    if not begun.isdecimal() or len(begun) > MOST_DIGITS:
        return -math.inf
    ends_at, latest = float(entry["ends_at"]), float(int(begun) + LONGEST_S)
    return (ends_at if ends_at < latest else latest) + GRACE_S


def _key(entry: Any) -> bytes | None:
    """The key of an entry; None where there is none, or no whole one."""
    try:
        float(entry["ends_at"])
        key = bytes.fromhex(entry["key"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return key if len(key) == KEY_BYTES else None


class DerivedKeys:
    """Keys worked out from the site key, which never die: for tests and work on recordings only."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key(self, store: str, day: SaltDay) -> bytes:
        """The key of a day."""
        return self.find(store, day.begins_at)

    def find(self, store: str, begins_at: int) -> bytes:
        """The key of the day that began then."""
        return hmac.digest(self._secret, f"rayon state {store} {begins_at}".encode(), "sha256")

    def destroy_others(self, store: str, day: SaltDay) -> int:
        """None of them can be destroyed."""
        return 0
