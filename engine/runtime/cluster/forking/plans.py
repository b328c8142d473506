"""Floor plans that a shard is about to run: looked at before a store is taken, and read once unless they change."""

from __future__ import annotations

from pathlib import Path

from engine.errors import OperatorError
from engine.plan.load import PLAN_FILE, PRODUCTS_FILE, load_plan_of
from engine.plan.model import Plan
from engine.runtime.cluster.duty import in_a_line

_Mark = tuple[tuple[int, int], ...]


class ReadPlans:
    """Those below `folder`, one folder a store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[_Mark, Plan | str]] = {}

    def fault_of(self, store: str) -> str:
        """The first mistake of a store's plan, with its place; "" where it has none."""
        mark = self._mark(store)
        if store not in self._read or self._read[store][0] != mark:
            self._read[store] = mark, self._look(store)
        found = self._read[store][1]
        return found if isinstance(found, str) else ""

    def plan_of(self, store: str) -> Plan:
        """As it is now. Raises OperatorError with all mistakes."""
        mark, found = self._read.pop(store, ((), ""))
        return load_plan_of(self._folder, store) if isinstance(found, str) or mark != self._mark(store) else found

    def _look(self, store: str) -> Plan | str:
        try:
            return load_plan_of(self._folder, store)
        except OperatorError as error:
            return in_a_line(error)

    def _mark(self, store: str) -> _Mark:
        """What changes with its files. Empty where there is none, or none that may be looked at."""
        files = [self._folder / store / name for name in (PLAN_FILE, PRODUCTS_FILE)]
        try:
            return tuple((stat.st_mtime_ns, stat.st_size) for stat in (f.stat() for f in files if f.exists()))
        except OSError:
            return ()
