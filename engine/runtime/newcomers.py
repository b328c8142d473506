"""Who gets a track in a store that is full: devices that stay, not addresses made up a thousand times a minute.

A track costs tens of kilobytes, so an address heard once must not have one where there are many. Up to `FREE_TRACKS`
every device gets its track at once. Beyond, a device nobody knows must be heard for `STAYS_S` first; until then it is
24 bytes here, forgotten `REMEMBERED_S` later. No more than the store's limit get one, but for phones that are linked.
Devices that a source tells of pass by here too: an address made up once must not count among people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.devices import DeviceTable, StateColumn
from engine.records import F64, U64, Bools, Scans, ToldPositions

FREE_TRACKS = 400
STAYS_S = 5.0  # between two times a device is heard, for it to be somebody who stays
REMEMBERED_S = 180.0  # phones that sleep are heard again within this time
MOST_NEWCOMERS = 30_000


class Newcomers:
    """Devices heard beyond what the store has room for. Deterministic, and part of the store's state."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._table = DeviceTable({"first": StateColumn(np.float64, np.nan), "last": StateColumn(np.float64, np.nan)})
        self.held_back = 0  # scans that were not looked at

    def admit(self, scans: Scans, known: Bools, tracks: int) -> Scans:
        """The scans to look at. `known` (n,): of devices that have a track or are linked; `tracks`: how many have."""
        good = self._look_at(scans.device, scans.t, known, tracks, max(0, FREE_TRACKS - tracks))
        return scans if good.all() else scans.take(np.flatnonzero(good))

    def admit_told(self, positions: ToldPositions, known: Bools, present: int) -> ToldPositions:
        """The positions to believe, as `admit`; `present`: how many devices the store follows. A source has one word
        for a device and no signal that could be looked at, so who is told of once is nobody yet, in any store."""
        good = self._look_at(positions.device, positions.t, known, present, 0)
        return positions if good.all() else positions.take(np.flatnonzero(good))

    def _look_at(self, device: U64, t: F64, known: Bools, tracks: int, free: int) -> Bools:
        """Which rows to look at (n,): `free` newcomers at once, others once they have stayed, while there is room."""
        if known.all():
            return known
        good = known | self._have_stayed(device, t, ~known, free)
        room = max(0, self._limit - tracks)
        fresh = np.unique(device[good & ~known])
        if len(fresh) > room:
            good &= known | np.isin(device, fresh[:room])
        self._table.forget(device[good])
        self.held_back += int((~good).sum())
        return good

    def forget(self, clock: float) -> None:
        """Lets go whoever was not heard for a while, and the oldest where there are too many."""
        held = self._table.held
        if not len(held):
            return
        last = self._table["last"][held]
        since = clock - REMEMBERED_S
        if len(held) > MOST_NEWCOMERS:
            since = max(since, float(np.partition(last, -MOST_NEWCOMERS)[-MOST_NEWCOMERS]))
        self._table.drop(last < since)

    def _have_stayed(self, device: U64, t: F64, unknown: Bools, room: int) -> Bools:
        """Which of the unknown have been heard long enough, or find room (n,)."""
        out = np.zeros(len(device), np.bool_)
        if room:
            first_come = _first_of(device[unknown], t[unknown])[:room]
            out |= unknown & np.isin(device, first_come)
        rest = np.flatnonzero(unknown & ~out)
        if not len(rest):
            return out
        rest = rest[np.argsort(t[rest], kind="stable")]
        device, t = device[rest], t[rest]
        row = self._table.rows(device)
        new = np.isnan(self._table["first"][row])
        self._table["first"][row[new][::-1]] = t[new][::-1]  # a device twice: its oldest holds
        self._table["last"][row] = t
        out[rest] = t - self._table["first"][row] >= STAYS_S
        return out

    def state(self) -> dict[str, Any]:
        """Everything that later scans depend on."""
        return {"table": self._table.state(), "held_back": self.held_back}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._table.restore(state["table"])
        self.held_back = int(state["held_back"])


def _first_of(device: U64, t: F64) -> U64:
    """The devices, each once, in the order they come."""
    order = np.argsort(t, kind="stable")
    names, at = np.unique(device[order], return_index=True)
    return np.asarray(names[np.argsort(at)])
