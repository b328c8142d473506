"""What is done every so often, whatever arrives."""

from __future__ import annotations

from collections.abc import Callable


class Chores:
    """When each thing was last done, by name; in the beginning all is due. Times in s UTC."""

    def __init__(self) -> None:
        self._done: dict[str, float] = {}

    def due(self, what: str, now: float, every_s: float) -> bool:
        """Whether to do it now, which is noted as done. A clock that was put back makes it due as well."""
        if 0 <= now - self._done.get(what, 0.0) < every_s:
            return False
        self._done[what] = now
        return True

    def do(self, what: str, now: float, every_s: float, task: Callable[[], object]) -> None:
        """Does it where it is due."""
        if self.due(what, now, every_s):
            task()
