"""A room's trial from outside: one fork of this process, which has imported nothing of ours, per fresh import."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import pool
from tests.mutants.changes import Change
from tests.mutants.rooms import Room
from tests.mutants.trial import FRESH_CPU_S, PYTEST, Trial, afresh, outcome

LONGER_S = 60.0  # for changes that need a fresh import, which come last


def trials(root: Path, room: Room, chosen: Sequence[Change], jobs: int, until: float) -> Iterator[dict[str, Any]]:
    """Rows with `change`, `outcome`, and how many `tests` could notice; or with `broken`, a test that fails anyway."""
    fresh = []
    for row in _rows(root, room, chosen, jobs, until) if chosen else ():
        if "fresh" in row:
            fresh.append((_change(row["fresh"]), row["ids"], row["cpu_s"]))
        else:
            yield row | ({"change": _change(row["change"])} if "change" in row else {})

    def tasks() -> Iterator[pool.Task[tuple[Change, int]]]:
        for change, ids, cpu_s in fresh:
            if time.time() > until + LONGER_S:
                return

            def work(change: Change = change, ids: list[str] = ids) -> int:
                return _quietly(lambda: afresh(root, change, ids))

            yield pool.Task((change, len(ids)), work, FRESH_CPU_S + 4 * cpu_s)

    for (change, tests), code in pool.run(tasks(), jobs):
        yield {"change": change, "outcome": outcome(code), "tests": tests}


def _rows(root: Path, room: Room, chosen: Sequence[Change], jobs: int, until: float) -> Iterator[dict[str, Any]]:
    """What a room's process says, line by line."""
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(out)
        pool.end_with(lambda: _quietly(lambda: _room(root, room, chosen, jobs, until, into)))
    os.close(into)
    with os.fdopen(out) as lines:
        yield from map(json.loads, lines)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        tests = " ".join(room.tests)
        raise SystemExit(f"the trial of {room.name} fell over ({status}): run its tests, {tests}, to see why")


def _room(root: Path, room: Room, chosen: Sequence[Change], jobs: int, until: float, into: int) -> int:
    with tempfile.TemporaryDirectory() as folder, os.fdopen(into, "w") as said:
        trial = Trial(root, room, chosen, jobs, until, Path(folder), said)
        return int(pytest.main([*PYTEST, "--rootdir", str(root), *room.tests], plugins=[trial]))


def _change(row: dict[str, Any]) -> Change:
    function = row["function"]
    return Change(**row | {"function": tuple(function) if function else None})


def _quietly(work: Callable[[], int]) -> int:
    """What pytest prints goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    if not os.environ.get("RAYON_MUTANTS_ALOUD"):
        os.dup2(nowhere, 2)
    return int(work())
