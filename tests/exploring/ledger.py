"""What each property was explored with, in a file beside this one: an exploration of hours can go on another day.

A line is of one property: examples that held, a mark of its file as it was then, its name. Where the file has changed
since, the line says nothing any more; a failure takes it out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

LEDGER = Path(__file__).parent / "reached.txt"
ROOT = LEDGER.parent.parent.parent

Reached = dict[str, tuple[int, str]]
"""By a property's name: examples, and the mark of its file."""


def mark_of(nodeid: str, root: Path = ROOT) -> str:
    """Eight letters that change with the property's file."""
    return hashlib.sha256((root / nodeid.partition("::")[0]).read_bytes()).hexdigest()[:8]


def read_reached(path: Path = LEDGER) -> Reached:
    """What stands in the file; nothing where there is none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [line.split(maxsplit=2) for line in lines]
    return {name: (int(examples), mark) for examples, mark, name in rows}


def note_reached(rows: Iterable[tuple[str, int, bool]], path: Path = LEDGER, root: Path = ROOT) -> None:
    """Takes in (property, examples that held, whether it failed)."""
    known = read_reached(path)
    for name, held, failed in rows:
        mark = mark_of(name, root)
        before, of = known.pop(name, (0, mark))
        if not failed:
            known[name] = (max(held, before if of == mark else 0), mark)
    lines = [f"{examples:>6} {mark} {name}" for name, (examples, mark) in sorted(known.items())]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def is_reached(nodeid: str, examples: int, known: Reached, root: Path = ROOT) -> bool:
    """Whether the property, as its file is now, has held with so many examples."""
    held, mark = known.get(nodeid, (0, ""))
    return held >= examples and mark == mark_of(nodeid, root)
