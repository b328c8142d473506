"""One small JSON file of secrets that die: written in place over every byte there was, one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class DayFile:
    """A JSON object by store. Owner-readable only; made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def open(self, *, make: bool = False) -> Iterator[dict[str, Any]]:
        """What is kept, to be read and changed; changes are on disk when the block ends. A missing file is made only
        with `make`, else it is empty.

        A file that is cut off or no JSON counts as empty: what was sealed or named by it just cannot be read any more.
        Raises OSError where the folder cannot be written to.
        """
        if not make and not self._path.exists():
            yield {}
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # engine, API and commands share it; closing the file lets go
            before = file.read()
            kept = _read(before)
            yield kept
            text = json.dumps(kept, sort_keys=True)
            if text != before:
                file.seek(0)
                file.write(text.ljust(len(before)))
                file.flush()
                os.fsync(descriptor)
                file.truncate(len(text))
                os.fsync(descriptor)


def _read(text: str) -> dict[str, Any]:
    try:
        kept = json.loads(text)
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}
