"""How many bytes of arrays an object holds on to: each buffer once, however many views of it there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def array_bytes(*roots: Any) -> int:
    """Bytes of all arrays that can be reached from these objects by attributes, lists, tuples and dicts."""
    buffers: dict[int, int] = {}
    seen: set[int] = set()
    waiting: list[Any] = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            owner = _owner(one)
            buffers[id(owner)] = owner.nbytes
            if one.dtype == np.object_:
                waiting += one.ravel().tolist()
        else:
            waiting += _parts(one)
    return sum(buffers.values())


def _owner(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _parts(one: Any) -> Iterable[Any]:
    if isinstance(one, dict):
        return list(one.values())
    if isinstance(one, list | tuple | set | frozenset):
        return list(one)
    names = [n for kind in type(one).__mro__ for n in getattr(kind, "__slots__", ()) if isinstance(n, str)]
    held = [getattr(one, n) for n in names if hasattr(one, n)]
    return held + list(getattr(one, "__dict__", {}).values())
