"""What each test was found to call, and at what cost, kept in `build/mutants` for the next sample: to find it out takes
longer than to try a hundred changes. It holds while the test's own file and everything that is no test are the same.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.mutants.rooms import Room


class Known:
    """Rows of one room's tests, by their names. A test that failed is asked again."""

    def __init__(self, root: Path, room: Room) -> None:
        self._root, self._file = root, root / "build" / "mutants" / f"{room.name.replace('/', '-')}.json"
        tops = sorted({Path(part).parts[0] for part in (room.code, *room.tests)})
        others = (p for top in tops for p in sorted((root / top).rglob("*.py")) if not p.name.startswith("test_"))
        self._others = hashlib.sha256("".join(map(_digest, others)).encode()).hexdigest()
        self._digests: dict[str, str] = {}
        self._rows: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def of(self, name: str) -> dict[str, Any] | None:
        """What a run would say, where it is known."""
        row = self._rows.get(name)
        return row if row is not None and row["of"] == self._of(name) else None

    def keep(self, name: str, row: dict[str, Any]) -> None:
        """Of a test that ran."""
        if not row["failed"]:
            self._rows[name] = row | {"of": self._of(name)}

    def save(self) -> None:
        """For the next time."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._rows))

    def _of(self, name: str) -> str:
        file = name.split("::")[0]
        if file not in self._digests:
            self._digests[file] = _digest(self._root / file)
        return f"{self._others} {self._digests[file]}"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
