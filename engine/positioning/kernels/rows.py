"""Memory for rows of cells that is used again, without asking the system for it.

The arrays of an update take a megabyte each. Given back to the system and asked for again at each update, their pages
cost more than what is computed in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from threading import RLock

import numpy as np

from engine.records import F32, F64

SMALL = 2**14  # values, 64 KiB: the allocator keeps such pieces itself
MOST_KEPT = 2**25  # bytes that nobody uses, 32 MiB: rows of 64 devices in a store of 8,000 cells take 2 each


class _Kept:
    """Buffers that nobody uses, by their size in values."""

    def __init__(self) -> None:
        self._free: defaultdict[int, list[F32]] = defaultdict(list)
        self._bytes = 0
        self._lock = RLock()  # a buffer may be given back in the midst of taking one: collectors run when they like

    def take(self, size: int) -> F32:
        with self._lock:
            if self._free[size]:
                self._bytes -= 4 * size
                return self._free[size].pop()
        return np.empty(size, np.float32)

    def give(self, buffer: F32) -> None:
        with self._lock:
            if self._bytes + buffer.nbytes <= MOST_KEPT:
                self._free[buffer.size].append(buffer)
                self._bytes += buffer.nbytes


_KEPT = _Kept()


class _Lease:
    """What an array, and all views of it, hold on to, and nobody else."""

    def __init__(self, buffer: F32, shape: tuple[int, int]) -> None:
        self.__array_interface__ = {**buffer.__array_interface__, "shape": shape}
        self._buffer = buffer

    def __del__(self, give: Callable[[F32], None] = _KEPT.give) -> None:  # when an interpreter ends, names are gone
        give(self._buffer)


def empty_rows(n: int, width: int) -> F32:
    """An array (n, width) of float32 with anything in it. When nobody uses it any more, nor a view of it, its memory
    serves the next one."""
    if n * width < SMALL:
        return np.empty((n, width), np.float32)
    return np.asarray(_Lease(_KEPT.take(-(-n * width // SMALL) * SMALL), (n, width)))


def floats(array: F32 | F64) -> F32:
    """As kernels take arrays: float32, row after row, writable. The array itself where it is so."""
    own = np.ascontiguousarray(array, np.float32)
    return own if own.flags.writeable else own.copy()
