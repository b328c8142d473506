"""Where devices whose places may teach have been of late, and what was heard of them: what labels are held against.

Rows go as a device leaves, and the oldest as others come; nothing of it is ever written but in the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from engine.columns import Columns
from engine.records import F32, F64, I32, U64, Fixes, Scans

MOST_ROWS = 40_000  # 24 + 4 A bytes each: an afternoon of forty phones that scan every 3 s
SLACK = 4_000


@dataclass(frozen=True, slots=True)
class Steps(Columns):
    """Fixes with what was heard, arrays (n,), `rssi_dbm` (n, A); `sigma_m` is radial."""

    t: F64
    device: U64
    level: I32
    x_m: F64
    y_m: F64
    sigma_m: F64
    rssi_dbm: Annotated[F32, "n_ap"]


class Trail:
    """The newest MOST_ROWS steps of the devices that are followed for this."""

    def __init__(self, n_ap: int) -> None:
        self._n_ap = n_ap
        self._parts: list[Steps] = [Steps.empty(n_ap=n_ap)]

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def add(self, scans: Scans, fixes: Fixes, willing: U64) -> None:
        """Takes in the fixes (m rows) of `willing` devices, with the scans (n rows) that they were made of."""
        rows = np.flatnonzero(np.isin(fixes.device, willing))
        if not len(rows):
            return
        heard = {key: i for i, key in enumerate(zip(scans.device.tolist(), scans.t.tolist(), strict=True))}
        at = [heard.get(key, -1) for key in zip(fixes.device[rows].tolist(), fixes.t[rows].tolist(), strict=True)]
        rows, own = rows[np.array(at) >= 0], np.array([i for i in at if i >= 0], np.int64)
        f, rssi = fixes.take(rows), scans.rssi_dbm[own]
        self._parts.append(Steps(f.t, f.device, f.level, f.x_m, f.y_m, f.sigma_m, rssi))
        if len(self) > MOST_ROWS + SLACK:
            self._parts = [self._all().take(slice(-MOST_ROWS, None))]

    def of(self, device: int, since: float, until: float) -> Steps:
        """One device's steps within a time, in its order."""
        every = self._all()
        rows = np.flatnonzero((every.device == np.uint64(device)) & (every.t >= since) & (every.t <= until))
        return every.take(rows[np.argsort(every.t[rows], kind="stable")])

    def forget(self, devices: U64) -> None:
        """Drops devices (m,)."""
        every = self._all()
        self._parts = [every.take(~np.isin(every.device, devices))]

    def _all(self) -> Steps:
        if len(self._parts) > 1:
            self._parts = [Steps.concat(self._parts)]
        return self._parts[0]

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        every = self._all()
        return {name: getattr(every, name) for name in Steps.__slots__}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._parts = [Steps(**{name: np.array(state[name]) for name in Steps.__slots__})]
