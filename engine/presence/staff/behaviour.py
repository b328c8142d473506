"""Staff by behaviour: whoever is in the store for longer in a day than shoppers are.

A guess, and shown as one: it is also a till, a screen, or a shopper who meets somebody. Who wears a badge is known
by it (`privacy.staff`). Time is added up over a day, so that a break changes nothing; who was not heard for half a day
begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.devices import DeviceTable, StateColumn, rounds
from engine.records import F64, U64

STAFF_S = 3 * 3600.0
"""The default of `presence.staff_after_s`."""
AWAY_S = 12 * 3600.0
_SWEPT_S = 3600.0


class StaffByBehaviour:
    """The time that each device has been in the store in its day."""

    def __init__(self, staff_after_s: float = STAFF_S) -> None:
        self._after_s = staff_after_s
        self._table = DeviceTable({"last": StateColumn(np.float64, np.nan), "present_s": StateColumn(np.float64, 0.0)})
        self._swept_at = -np.inf

    def add(self, device: U64, t: F64, seconds: F64) -> U64:
        """Takes in fixes, (n,) each, and the time each stands for. Returns the devices that are staff from now on."""
        found = [np.empty(0, np.uint64)]
        for index in rounds(device, t):
            row = self._table.rows(device[index])
            before = np.where(t[index] - self._table["last"][row] > AWAY_S, 0.0, self._table["present_s"][row])
            now = before + seconds[index]
            self._table["present_s"][row] = now
            self._table["last"][row] = np.fmax(self._table["last"][row], t[index])
            found.append(device[index][(before < self._after_s) & (now >= self._after_s)])
        self._sweep(float(t.max(initial=-np.inf)))
        return np.concatenate(found)

    @property
    def staff(self) -> U64:
        """Everybody who is, ascending."""
        held = self._table.held
        return self._table.devices[self._table["present_s"][held] >= self._after_s]

    def _sweep(self, newest: float) -> None:
        if newest - self._swept_at > _SWEPT_S:
            self._table.drop(newest - self._table["last"][self._table.held] > AWAY_S)
            self._swept_at = newest

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        return {"table": self._table.state(), "swept_at": self._swept_at if np.isfinite(self._swept_at) else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._table.restore(state["table"])
        self._swept_at = -np.inf if state["swept_at"] is None else float(state["swept_at"])
