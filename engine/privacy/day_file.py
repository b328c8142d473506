"""One small JSON file of secrets that die: written in place over every byte there was, one process at a time."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
_said: set[Path] = set()


class DayFile:
    """A JSON object by store. Owner-readable only; made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def open(self, *, make: bool = False) -> Iterator[dict[str, Any]]:
        """What is kept, to be read and changed; changes are on disk when the block ends. A missing file is made only
        with `make`, else it is empty.

        A file that is cut off or no JSON counts as empty: what was sealed or named by it just cannot be read any more,
        which is said once in the log. One that others could read is its owner's again.
        Raises OSError where the folder cannot be written to.
        """
        if not make and not self._path.exists():
            yield {}
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # engine, API and commands share it; closing the file lets go
            if os.fstat(descriptor).st_uid == os.geteuid():
                os.fchmod(descriptor, 0o600)
            before = file.read()
            kept = self._parse(before)
            yield kept
            text = json.dumps(kept, sort_keys=True).encode()
            if text != before:
                file.seek(0)
                _write(descriptor, text.ljust(len(before)))
                os.fsync(descriptor)
                file.truncate(len(text))
                os.fsync(descriptor)

    def read(self) -> dict[str, Any]:
        """What is kept, with nothing changed, not even a damaged file or its rights. Raises OSError."""
        try:
            with self._path.open("rb", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return self._parse(file.read())
        except FileNotFoundError:
            return {}

    def damage(self) -> str:
        """What is wrong with the file, in a few words; empty where nothing is, or no file. Changes nothing."""
        try:
            with self._path.open("rb", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return "" if _read(file.read())[1] else "it is cut off or damaged"
        except FileNotFoundError:
            return ""
        except OSError as error:
            return error.strerror or str(error)

    def _parse(self, content: bytes) -> dict[str, Any]:
        kept, whole = _read(content)
        if whole:
            _said.discard(self._path)
        elif self._path not in _said:
            _said.add(self._path)
            log.warning(
                "%s is damaged, and what cannot be read of it counts as lost: phones of today get new names, and what "
                "the engine left today may not open. It is written anew by itself; where this comes back, look at the "
                "disk and at who else writes there",
                self._path,
            )
        return kept


def _read(content: bytes) -> tuple[dict[str, Any], bool]:
    """What can be read of it, and whether that is all. An empty file is one that was just made."""
    try:
        raw = json.loads(content.decode("utf-8") or "{}")
    except (ValueError, RecursionError):
        return {}, False
    kept = {name: of for name, of in raw.items() if isinstance(of, dict)} if isinstance(raw, dict) else {}
    return kept, isinstance(raw, dict) and len(kept) == len(raw)


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
