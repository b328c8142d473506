"""What `make mutants` prints: a line a minute, shares by room, and every change that no test noticed."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any

from tests.mutants.changes import Change

EVERY_S = 60.0


class Report:
    """Takes in verdicts as they come."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet, self._began, self._said = quiet, time.monotonic(), time.monotonic()
        self._counts: dict[str, Counter[str]] = {}
        self._bars: dict[str, float] = {}
        self._survivors: list[tuple[str, Change, int]] = []
        self._broken: list[str] = []
        self._planned = 0

    def planned(self, changes: int) -> None:
        """How many are drawn in all."""
        self._planned = changes

    def begins(self, room: str, chosen: int, bar: float) -> None:
        """A room's turn."""
        self._bars[room] = bar
        self._counts[room] = Counter(drawn=chosen)
        if not self._quiet and chosen:
            self._line(f"{room}: {chosen} changes")

    def takes(self, room: str, row: dict[str, Any]) -> None:
        """One line of a trial."""
        if "broken" in row:
            self._broken.append(row["broken"])
            return
        self._counts[room][row["outcome"]] += 1
        if row["outcome"] == "survived":
            self._survivors.append((room, row["change"], row["tests"]))
        if time.monotonic() - self._said > EVERY_S and not self._quiet:
            done = sum(_tried(c) for c in self._counts.values())
            self._line(f"{room}: {done} of {self._planned} tried, {len(self._survivors)} survive")

    def ends(self) -> int:
        """Prints everything; 1 where the rooms of a bar are, taken together, below it."""
        kinds = []
        for bar in sorted(set(self._bars.values()), reverse=True):
            counts = [self._counts[room] for room, of in self._bars.items() if of == bar]
            tried, survived = sum(map(_tried, counts)), sum(c["survived"] for c in counts)
            kinds.append((bar, tried, 1 - survived / tried if tried else 1.0))
        sys.stdout.write(json.dumps(self._json(kinds), indent=2) if self._quiet else self._text(kinds))
        sys.stdout.write("\n")
        return int(any(share < bar for bar, _, share in kinds))

    def _json(self, kinds: list[tuple[float, int, float]]) -> dict[str, Any]:
        return {
            "kinds": [{"bar": bar, "tried": tried, "killed_share": share} for bar, tried, share in kinds],
            "rooms": {room: dict(count) for room, count in self._counts.items()},
            "survivors": [{"room": r, "path": c.path, "line": c.line, "was": c.was, "now": c.now, "tests": n}
                          for r, c, n in self._ordered()],
            "broken": self._broken,
        }  # fmt: skip

    def _text(self, kinds: list[tuple[float, int, float]]) -> str:
        lines = []
        for room, change, tests in self._ordered():
            who = f"{tests} tests" if tests else "no test of the room comes here"
            lines += ["", f"{change.path}:{change.line}  ({room}, {who})", f"  - {change.was}", f"  + {change.now}"]
        lines += ["", f"{'room':18}{'tried':>7}{'killed':>8}{'late':>6}{'survived':>10}{'share':>8}"]
        for room, c in self._counts.items():
            if tried := _tried(c):
                share = 1 - c["survived"] / tried
                lines.append(f"{room:18}{tried:7}{c['killed']:8}{c['late']:6}{c['survived']:10}{share:8.0%}")
        for bar, tried, share in kinds:
            if tried:
                lines.append(f"{share:.1%} of {tried} are noticed where {bar:.0%} must be")
        untried = sum(c["drawn"] - _tried(c) for c in self._counts.values())
        lines += [f"{untried} were drawn, and not tried in time"] if untried else []
        lines += [f"fails without any change, and was left out: {name}" for name in self._broken]
        return "\n".join(lines)

    def _ordered(self) -> list[tuple[str, Change, int]]:
        return sorted(self._survivors, key=lambda s: (s[0], s[1].path, s[1].line, s[1].index))

    def _line(self, text: str) -> None:
        self._said = time.monotonic()
        sys.stderr.write(f"{(self._said - self._began) / 60:5.1f} min  {text}\n")
        sys.stderr.flush()


def _tried(count: Counter[str]) -> int:
    return count["killed"] + count["late"] + count["survived"]
