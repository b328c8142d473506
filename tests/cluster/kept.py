"""What a comparison that takes an hour keeps in a folder, so that one that was ended goes on where it was."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from tests.cluster.recording import Recording

T = TypeVar("T")


def begun(folder: Path, recording: Recording) -> Recording:
    """The recording that a folder was begun with; `recording` in an empty one. `ValueError` where they differ in more
    than when they begin."""
    file = folder / "recording.json"
    if not file.exists():
        _write(file, json.dumps(asdict(recording)).encode())
        return recording
    kept = Recording(**json.loads(file.read_text()))
    wanted = asdict(recording) | {"origin": kept.origin}
    if wanted != asdict(kept):
        raise ValueError(f"{file}: was begun with {asdict(kept)}, not {wanted}; choose an empty folder")
    return kept


def once(file: Path, make: Callable[[], T]) -> T:
    """What was made before, from `file`; else made now, and written there."""
    if not file.exists():
        _write(file, pickle.dumps(make()))
    found: T = pickle.loads(file.read_bytes())
    return found


class Steps:
    """A file of SQLite that is made step by step, and kept as it was after the last whole one."""

    def __init__(self, file: Path) -> None:
        self._file, self._said = file, file.with_suffix(".json")
        self.done, self.cpu_s = 0, 0.0
        """Steps that are over, and what they cost."""
        if self._said.exists():
            said = json.loads(self._said.read_text())
            self.done, self.cpu_s = said["done"], said["cpu_s"]

    @property
    def kept(self) -> Path:
        """As it was after the last step."""
        return self._file.with_suffix(f".{self.done}.db")

    def keep(self, cpu_s: float) -> None:
        """One more step is over; it cost this."""
        before = self.kept
        self.done, self.cpu_s = self.done + 1, self.cpu_s + cpu_s
        with closing(sqlite3.connect(self._file)) as now, closing(sqlite3.connect(self.kept)) as copy:
            now.backup(copy)
        _write(self._said, json.dumps({"done": self.done, "cpu_s": self.cpu_s}).encode())
        before.unlink(missing_ok=True)


def _write(file: Path, content: bytes) -> None:
    """Whole, or not at all."""
    part = file.with_suffix(".part")
    part.write_bytes(content)
    part.replace(file)
