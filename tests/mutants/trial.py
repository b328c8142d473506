"""One room's changes, tried. pytest collects the room's tests once; each test, then each change, is a fork of that.

First every test runs alone and says which functions of the room it calls. Then a change inside a function is put into a
fork as new byte code of that function, and the tests that call it run until one fails: those of the module's own file
first. What runs at import already (constants, defaults, what a test file builds as it is read) needs everything
imported anew: that is a pytest of its own in a fork of the process outside, which has imported nothing of ours.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TextIO

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants import pool
from tests.mutants.calls import Noting, module_of, named
from tests.mutants.changes import Change, changed
from tests.mutants.known import Known
from tests.mutants.rooms import Room

PYTEST = ("-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:terminalreporter", "--timeout", "0",
          "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")  # fmt: skip
KILLED, SURVIVED, LATE = "killed", "survived", "late"
FRESH_CPU_S = 30.0  # importing everything anew


class Trial:
    """A pytest plugin for one room: `pytest_runtestloop` is the whole of it."""

    def __init__(
        self, root: Path, room: Room, chosen: Sequence[Change], jobs: int, until: float, folder: Path, out: TextIO
    ) -> None:
        self.root, self.chosen, self.jobs, self.until, self.folder, self.out = root, chosen, jobs, until, folder, out
        self.of_all, self.known = frozenset(room.tests), Known(root, room)
        self.called = Noting(root, room.files(root))
        sys.meta_path.insert(0, self.called)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        at_import = set(self.called.names)
        self.called.ready()
        tests = self._tests(session.items)
        self.called.as_written()
        fresh = []

        def tasks() -> Iterator[pool.Task[tuple[Change, int]]]:
            for change in self.chosen:
                if time.time() > self.until:
                    return
                chosen = _noticing(change, tests, at_import, self.of_all)
                known = change.function and self.called.functions.get((change.path, *change.function))
                if not chosen:
                    self._say(change=_row(change), outcome=SURVIVED, tests=0)
                elif known and (change.path, change.function[0]) not in at_import:
                    yield pool.Task((change, len(chosen)), lambda c=change, k=known, t=chosen: self._try(c, k, t),
                                    5.0 + 4 * sum(t.cpu_s for t in chosen))  # fmt: skip
                else:
                    fresh.append((change, chosen))

        for (change, count), code in pool.run(tasks(), self.jobs):
            self._say(change=_row(change), outcome=outcome(code), tests=count)
        for change, chosen in fresh:
            self._say(fresh=_row(change), ids=[t.item.nodeid for t in chosen], cpu_s=sum(t.cpu_s for t in chosen))
        return True

    def _tests(self, items: Sequence[pytest.Item]) -> list[_Test]:
        """Runs each test of which nothing is known in a fork of its own. One that fails without any change tells
        nothing, and is left out."""

        def alone(k: int, item: pytest.Item) -> int:
            self.called.afresh()
            began = time.process_time()
            failed = _fails(item)
            row = {"cpu_s": time.process_time() - began, "names": sorted(self.called.names), "failed": failed}
            (self.folder / f"{k}.json").write_text(json.dumps(row))
            return 0

        new = [(k, item) for k, item in enumerate(items) if self.known.of(item.nodeid) is None]
        tasks = (pool.Task((k, item), lambda k=k, i=item: alone(k, i), 600.0) for k, item in new)
        try:
            for (k, item), _ in pool.run(tasks, self.jobs):
                file = self.folder / f"{k}.json"
                row = json.loads(file.read_text()) if file.exists() else {"failed": True}
                self.known.keep(item.nodeid, row)
                if row["failed"]:
                    self._say(broken=item.nodeid)
        finally:
            self.known.save()
        found = [(item, self.known.of(item.nodeid)) for item in items]
        return [_Test(item, row["cpu_s"], frozenset(map(tuple, row["names"]))) for item, row in found if row]

    def _try(self, change: Change, functions: list[FunctionType], tests: Sequence[_Test]) -> int:
        assert change.function is not None
        code = named(_compiled(self.root, change))[change.function]
        for function in functions:
            function.__code__ = code
        return 1 if any(_fails(t.item) for t in tests) else 0

    def _say(self, **row: Any) -> None:
        self.out.write(json.dumps(row) + "\n")
        self.out.flush()


@dataclass(frozen=True, slots=True)
class _Test:
    item: pytest.Item
    cpu_s: float
    names: frozenset[tuple[str, str]]


def outcome(code: int) -> str:
    """Of a fork's exit code: a signal means that it used up its time or fell over."""
    return SURVIVED if code == 0 else KILLED if code > 0 else LATE


def _row(change: Change) -> dict[str, Any]:
    return {name: getattr(change, name) for name in Change.__slots__}


def _noticing(
    change: Change, tests: Sequence[_Test], at_import: set[tuple[str, str]], of_all: frozenset[str]
) -> list[_Test]:
    """The tests that can notice: those that call the function or, where it runs at import, any of the module, and those
    that the room names one by one; all where there are none, as of a module of constants and records. The module's own
    file comes first, then the quick ones, each file's tests together."""
    if change.function and (change.path, change.function[0]) not in at_import:
        name = (change.path, change.function[0])
        chosen = [t for t in tests if name in t.names]
    else:
        chosen = [t for t in tests if t.item.nodeid in of_all or any(path == change.path for path, _ in t.names)]
        chosen = chosen or [*tests]
    own = f"test_{Path(change.path).stem}"
    cost: dict[Path, float] = defaultdict(float)
    for test in chosen:
        cost[test.item.path] += test.cpu_s

    def place(test: _Test) -> tuple[bool, float, str, float]:
        path = test.item.path
        return not path.stem.startswith(own), cost[path], str(path), test.cpu_s

    return sorted(chosen, key=place)


def _fails(item: pytest.Item) -> bool:
    """Runs one test, setup and teardown with it."""
    reports = runtestprotocol(item, nextitem=None, log=False)
    return any(r.failed for r in reports)


def _compiled(root: Path, change: Change) -> CodeType:
    return compile(changed(root, change), str(root / change.path), "exec", dont_inherit=True)


class Changed(importlib.abc.MetaPathFinder):
    """Imports one module with a change in it."""

    def __init__(self, root: Path, change: Change) -> None:
        self._root, self._change = root, change
        self._name = module_of(change.path)

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        file = self._root / self._change.path
        return importlib.util.spec_from_file_location(
            name, file, loader=_Loader(name, str(file), self._change, self._root)
        )


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, whole: str, change: Change, root: Path) -> None:
        super().__init__(name, whole)
        self._change, self._root = change, root

    def get_code(self, fullname: str) -> CodeType:
        return _compiled(self._root, self._change)


class Only:
    """A pytest plugin that runs these tests, in this order, and stops at the first that fails."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._place = {name: k for k, name in enumerate(ids)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._place), key=lambda i: self._place[i.nodeid])


def afresh(root: Path, change: Change, ids: Sequence[str]) -> int:
    """Runs in a fork that has imported nothing of ours: 0 where no test notices."""
    sys.meta_path.insert(0, Changed(root, change))
    files = list(dict.fromkeys(i.split("::")[0] for i in ids))
    return int(pytest.main([*PYTEST, "-x", "--rootdir", str(root), *files], plugins=[Only(ids)]))
