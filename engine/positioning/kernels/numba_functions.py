"""How functions are given to numba.

Numba keeps on disk what it compiled for as long as a function's own file is unchanged, and looks at no other: whoever
changes this file, `exponentials.py`, `lanes.py`, `steps.py`, `sums.py` or `vectors.py` deletes `*.nbi` in
`__pycache__`. The others call none of each other's functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

FLAGS = {"reassoc", "contract", "arcp", "nsz", "nnan"}
ROW, ROWS, CUBE, INDEX, SLOTS, MASK = "f4[::1]", "f4[:, ::1]", "f4[:, :, ::1]", "i4[::1]", "i8[::1]", "b1[:, ::1]"
"""Arrays as numba writes them: of floats in one to three dimensions, of 32-bit and of 64-bit indices, of truths."""
WALK = f"Tuple(({ROW}, {INDEX}, {INDEX}, {INDEX}))"
"""A sparse walk, as `diffusion.Flow.entries` has it."""


def compiled(signature: str) -> Callable[[F], F]:
    """Compiled when this file is imported, or found on disk. Sums may be taken in any order, always the same; no input
    is NaN. Who calls it with other types or layouts than `signature` gets a TypeError."""

    def compile_it(function: F) -> F:
        return cast(F, njit(signature, cache=True, nogil=True, error_model="numpy", fastmath=FLAGS)(function))

    return compile_it


def inner(function: F) -> F:
    """The same for parts of those, compiled with whoever calls them."""
    return cast(F, njit(nogil=True, error_model="numpy", fastmath=FLAGS)(function))


def inlined(function: F) -> F:
    """The same without a call, so that loops over it hold vectors."""
    return cast(F, njit(nogil=True, error_model="numpy", fastmath=FLAGS, forceinline=True)(function))


def in_place_of(function: Callable[..., Any]) -> Any:
    """What `function` generates, wherever compiled code calls it."""
    return intrinsic(function)
