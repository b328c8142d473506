"""Duplicates by (device, ap, t), dropped: at-least-once delivery becomes once.

Each reading is a 40-bit hash; hashes live in sorted arrays, one per slice of event time, so that looking up is a binary
search over whole columns and forgetting is dropping a slice. Two different readings share a hash with probability
2**-40 each pair: at 1,000 readings a second one in a hundred million is taken for another, and lost. Longer hashes are
what a checkpoint would mostly consist of; of these it keeps the differences, three bytes each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.records import I64, U64, Readings

_SLICES = 8  # of event time per dedup_s
_HASH_BITS = 40


class Dedup:
    """Passes each (device, ap, t) once, remembering at least the last `dedup_s` seconds of event time."""

    def __init__(self, dedup_s: float) -> None:
        self._slice_s = dedup_s / _SLICES
        self._seen: dict[int, U64] = {}
        self._newest = -(2**62)
        self.duplicates = 0
        """Readings dropped as duplicates, ever."""

    def __len__(self) -> int:
        """Readings remembered now."""
        return sum(hashes.shape[0] for hashes in self._seen.values())

    def fresh(self, readings: Readings) -> Readings:
        """The readings not seen before, in their order; of equal ones the first."""
        n = len(readings)
        if n == 0:
            return readings
        hashes = _hashes(readings)
        slices = np.floor(readings.t / self._slice_s).astype(np.int64)
        first = np.zeros(n, np.bool_)
        first[np.unique(hashes, return_index=True)[1]] = True
        new = first & ~self._is_known(hashes, slices)
        self._remember(hashes[new], slices[new])
        self._forget()
        fresh = int(np.count_nonzero(new))
        self.duplicates += n - fresh
        return readings if fresh == n else readings.take(new)

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        slices = sorted(self._seen)
        return {
            "newest": self._newest,
            "duplicates": self.duplicates,
            "slices": np.array(slices, np.int64),
            "sizes": np.array([self._seen[s].shape[0] for s in slices], np.int64),
            "rises": _as_bytes(np.concatenate([_NONE, *[np.diff(self._seen[s], prepend=_ZERO) for s in slices]])),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from `state()`."""
        self._newest = int(state["newest"])
        self.duplicates = int(state["duplicates"])
        if "rises" in state:
            rises = np.split(_from_bytes(state["rises"]), np.cumsum(state["sizes"])[:-1])
            parts = [np.cumsum(part, dtype=np.uint64) for part in rises]
        else:  # checkpoints of before have whole hashes, longer ones
            whole = np.asarray(state["hashes"], np.uint64) >> np.uint64(64 - _HASH_BITS)
            parts = [np.sort(part) for part in np.split(whole, np.cumsum(state["sizes"])[:-1])]
        self._seen = dict(zip(map(int, state["slices"]), parts, strict=True)) if len(state["slices"]) else {}

    def _is_known(self, hashes: U64, slices: I64) -> Any:
        known = np.zeros(hashes.shape[0], np.bool_)
        for s in np.unique(slices):
            seen = self._seen.get(int(s))
            if seen is not None:
                rows = np.flatnonzero(slices == s)
                at = np.minimum(np.searchsorted(seen, hashes[rows]), seen.shape[0] - 1)
                known[rows] = seen[at] == hashes[rows]
        return known

    def _remember(self, hashes: U64, slices: I64) -> None:
        for s in np.unique(slices):
            fresh = np.sort(hashes[slices == s])
            seen = self._seen.get(int(s))
            self._seen[int(s)] = fresh if seen is None else np.insert(seen, np.searchsorted(seen, fresh), fresh)
        if slices.shape[0]:
            self._newest = max(self._newest, int(slices.max()))

    def _forget(self) -> None:
        oldest = self._newest - _SLICES
        for s in [s for s in self._seen if s < oldest]:
            del self._seen[s]


def _hashes(readings: Readings) -> U64:
    """One hash a row, (n,). The finaliser is SplitMix64's (Steele, Lea, Flood 2014), applied per field."""
    with np.errstate(over="ignore"):
        h = _mix(readings.device)
        h = _mix(h ^ readings.ap.astype(np.uint64))
        h = _mix(h ^ (readings.t + 0.0).view(np.uint64))  # + 0.0 makes -0.0 the 0.0 it equals
        return h >> np.uint64(64 - _HASH_BITS)


def _mix(x: U64) -> U64:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


_NONE, _ZERO = np.empty(0, np.uint64), np.uint64(0)


def _as_bytes(rises: U64) -> list[Any]:
    """Whole numbers below 2**40, lowest bytes first, one column of bytes each: the high ones are mostly 0."""
    return [(rises >> np.uint64(shift)).astype(np.uint8) for shift in range(0, _HASH_BITS, 8)]


def _from_bytes(columns: Any) -> U64:
    """The inverse."""
    whole = np.zeros(len(columns[0]), np.uint64)
    for i, column in enumerate(columns):
        whole |= np.asarray(column).astype(np.uint64) << np.uint64(8 * i)
    return whole
