"""Results that are asked for again within seconds: a page, its pictures, and each moment of its playback."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT_S = 20.0
"""The engine lets figures out by the quarter of an hour: nothing is missed in this time."""
MOST = 64
"""Spans: of a large store one is about a megabyte."""


class Kept(Generic[T]):
    """What was worked out in the last KEPT_S, by key, the oldest let go first. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under `key`, or else what `make` gives; two who ask at once may both make it."""
        with self._lock:
            known = self._found.get(key)
            if known is not None and self._clock() - known[0] < KEPT_S:
                return known[1]
        begun = self._clock()
        made = make()
        with self._lock:
            self._found[key] = (begun, made)
            self._found.move_to_end(key)
            while len(self._found) > MOST:
                self._found.popitem(last=False)
        return made
