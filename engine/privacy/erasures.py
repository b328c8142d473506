"""Who was erased, outside of the database: so that a backup that is put back does not bring anybody back.

The list holds opaque ids that lead nowhere once the profile is gone, in a file of the data directory that no backup
holds. An id is forgotten when the last backup that might know it is.
"""

from __future__ import annotations

import os
from pathlib import Path

NAME = "erased.txt"
DAY_S = 86_400.0


class Erasures:
    """The list in one data directory. Several processes may write: a line is appended at once."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME

    def note(self, shopper_id: str, now: float) -> None:
        """Somebody was erased at `now` (s UTC)."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{now:.0f} {shopper_id}\n".encode()
        out = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(out, line)
            os.fsync(out)
        finally:
            os.close(out)

    def all(self) -> list[str]:
        """Every id, oldest first; a line that was cut short by a crash is left out."""
        return [who for _, who in self._lines()]

    def forget(self, before: float) -> int:
        """Forgets who was erased before `before` (s UTC): no backup knows them any more. How many."""
        lines = self._lines()
        kept = [(at, who) for at, who in lines if at >= before]
        if len(kept) < len(lines):
            draft = self._path.with_suffix(".part")
            draft.write_text("".join(f"{at:.0f} {who}\n" for at, who in kept), encoding="utf-8")
            draft.chmod(0o600)
            draft.replace(self._path)
        return len(lines) - len(kept)

    def _lines(self) -> list[tuple[float, str]]:
        if not self._path.exists():
            return []
        parts = [line.split(" ") for line in self._path.read_text(encoding="utf-8").splitlines()]
        return [(float(part[0]), part[1]) for part in parts if len(part) == 2 and part[0].isdigit() and part[1]]
