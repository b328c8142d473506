"""Memory that was needed for a moment goes back to the system, where the C library is glibc.

A fit of a radio map and a packed state take some hundred megabytes for seconds. glibc keeps what is freed in an arena
of each thread, eight for each core, and gives back only what lies at an arena's end: a site grew by a few megabytes
with each fit, and stayed there. So there are few arenas, and what lies free in them is given back once a minute.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

ARENAS = 2
GIVE_BACK_S = 60.0
_ARENA_MAX = -8  # of mallopt, in glibc's malloc.h


def keep_few_arenas() -> bool:
    """To be called before there are threads: those that come share ARENAS. Returns whether that can be said here."""
    libc = _glibc()
    return libc is not None and bool(libc.mallopt(_ARENA_MAX, ARENAS))


def give_back() -> bool:
    """Gives whole pages that lie free back to the system: some milliseconds. Returns whether there were any."""
    libc = _glibc()
    return libc is not None and bool(libc.malloc_trim(0))


@cache
def _glibc() -> Any:
    """The C library of this process where it has both functions, else None."""
    try:
        libc = ctypes.CDLL(None)
        return libc if libc.mallopt and libc.malloc_trim else None
    except (OSError, AttributeError, TypeError):  # none to be had, another one, Windows
        return None
