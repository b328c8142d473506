"""Histories in a checkpoint, of which they are half in a busy store: each number by how it differs from a likely one.

A phone's fixes stand for the time since the one before, so that only what differs from it is said; and P of a zone is
much like it was at the phone's fix before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from engine.presence.expected.thinning import SECONDTHS, TICKS, Held
from engine.records import I64


def held_state(held: Held) -> dict[str, Any]:
    """Of histories sorted by device and time. `restore_held` is its inverse, to the bit."""
    device, t, seconds, p = held
    devices, rows = np.unique(device, return_counts=True)
    begins = int(t.min()) if len(t) else 0
    later = np.diff(t, prepend=begins)
    number = np.uint8 if p.shape[1] < 256 else np.uint16
    chances = p.data[_by_zone(rows, np.diff(p.indptr), p.indices)]
    return {
        "device": devices,
        "rows": rows.astype(np.int32),
        "begins": begins,
        "later": _in_bytes(later),  # than the row before
        "longer": (seconds - _likely(later)).astype(np.int32),
        "held": np.diff(p.indptr).astype(number),
        "zone": p.indices.astype(number),
        "rises": np.diff(chances, prepend=np.uint8(0)),  # over 255 it begins at 0 again
    }


def restore_held(state: Mapping[str, Any], width: int) -> Held:
    """Histories of so many zones, of this version or one before."""
    rows = np.asarray(state["rows"], np.int64)
    device = np.repeat(np.asarray(state["device"], np.uint64), rows)
    held, zone = np.asarray(state["held"], np.int64), np.asarray(state["zone"], np.int32)
    if "rises" in state:
        later = _from_bytes(state["later"])
        seconds = np.asarray(state["longer"], np.int64) + _likely(later)
        chances = np.empty(len(zone), np.uint8)
        chances[_by_zone(rows, held, zone)] = np.cumsum(state["rises"], dtype=np.uint8)
    else:
        later = state["later"] if "later" in state else np.diff(state["t"], prepend=0)
        seconds, chances = np.asarray(state["seconds"], np.int64), np.array(state["p"], np.uint8)
    t = np.cumsum(later, dtype=np.int64) + int(state["begins"])
    starts: I64 = np.append(0, np.cumsum(held))
    return device, t, seconds, sparse.csr_array((chances, zone, starts.astype(np.int32)), shape=(len(t), width))


def _likely(later: Any) -> I64:
    """What fixes stand for that come so much later than the one before."""
    return np.asarray(np.rint(np.asarray(later) * (SECONDTHS / TICKS)), np.int64)


def _by_zone(rows: Any, held: Any, zone: Any) -> I64:
    """The order of what is held (n,) by device, zone and time."""
    who = np.repeat(np.repeat(np.arange(len(rows)), rows), held)
    return np.lexsort((zone, who)).astype(np.int64)


def _in_bytes(later: I64) -> list[Any]:
    """Low bytes, the next, and the rest: the high ones are mostly 0. Below zero where a phone's first fix is older."""
    return [(later & 255).astype(np.uint8), (later >> 8 & 255).astype(np.uint8), (later >> 16).astype(np.int32)]


def _from_bytes(columns: Any) -> I64:
    low, middle, high = (np.asarray(column, np.int64) for column in columns)
    return np.asarray(low | middle << 8 | high << 16, np.int64)
