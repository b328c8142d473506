"""OpenWrt routers with our agent: our own frames, one a router, in whole seconds as its shell has them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from simulators.wires.native import Clocks, Message
from simulators.wires.vendors.names import WireNames
from simulators.world import Heard

MOST = 2_000
"""Readings that the agent puts into one frame."""


class OpenwrtWire:
    """Each access point is a router with an agent, and a source by its own name."""

    def __init__(self, store: str, macs: Sequence[str], aps: Sequence[str], clocks: Clocks) -> None:
        self._store, self._clocks, self._names = store, clocks, WireNames(macs, aps)
        self._sources = ["router-" + re.sub("[^0-9a-z]+", "", ap.lower()) for ap in aps]

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """See `Wire.frames`; what more than `MOST` were heard is dropped, as the agent does."""
        h = self._names.of_phones(heard)
        out = []
        for ap in np.unique(h.ap).tolist():
            mine = h.take(np.flatnonzero(h.ap == ap)[:MOST])
            told = self._clocks.tell_times(mine.t_s, ap % self._clocks.controllers, start_t)
            rows = zip(mine.device.tolist(), told.tolist(), mine.rssi_dbm.tolist(), strict=True)
            bssid = self._names.aps[ap]
            listed = [
                {"mac": self._names.macs[device], "ap": bssid, "t": int(t), "rssi": int(rssi)}
                for device, t, rssi in rows
            ]
            sent = int(self._clocks.tell_times(sent_at - start_t, ap % self._clocks.controllers, start_t))
            payload = msgspec.json.encode({"sent_at": sent, "readings": listed})
            out.append(Message(f"rayon/{self._store}/readings/{self._sources[ap]}", payload, len(listed)))
        return out
