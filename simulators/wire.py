"""Ticks as bytes: Rayon's own wire, one frame per controller, and session messages. No input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from simulators.world import Heard

MAX_READINGS = 5_000
"""What the wire's contract allows in one frame."""


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message; `readings` is how many it carries (0 for a session)."""

    topic: str
    payload: bytes
    readings: int


class NativeWire:
    """Encodes ticks of one store. Access points are dealt to the controllers `sim-1`, `sim-2`… in turn."""

    def __init__(self, store: str, macs: Sequence[str], aps: Sequence[str], controllers: int) -> None:
        self._store = store
        self._macs, self._aps = list(macs), list(aps)
        self._controllers = controllers

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """Frames for the readings of some ticks, scenario time 0 being `start_t`; none where nothing was heard."""
        t_s = np.concatenate([h.t_s for h in heard]) if heard else np.empty(0)
        ap = np.concatenate([h.ap for h in heard]) if heard else np.empty(0, np.int32)
        device = np.concatenate([h.device for h in heard]) if heard else np.empty(0, np.int32)
        rssi = np.concatenate([h.rssi_dbm for h in heard]) if heard else np.empty(0)
        out = []
        for controller in range(self._controllers):
            mine = np.flatnonzero(ap % self._controllers == controller)
            for first in range(0, len(mine), MAX_READINGS):
                rows = mine[first : first + MAX_READINGS]
                columns = (t_s[rows] + start_t, device[rows], ap[rows], rssi[rows])
                listed = [
                    {"mac": self._macs[d], "ap": self._aps[a], "t": round(t, 3), "rssi": int(r)}
                    for t, d, a, r in zip(*(c.tolist() for c in columns), strict=True)
                ]
                payload = msgspec.json.encode({"sent_at": round(sent_at, 3), "readings": listed})
                out.append(Message(f"rayon/{self._store}/readings/sim-{controller + 1}", payload, len(rows)))
        return out

    def session(self, device: int, event: str, t: float, ssid: str) -> Message:
        """A phone joined (`connect`) or left (`disconnect`) the network at epoch time `t`."""
        body = {"mac": self._macs[device], "event": event, "t": round(t, 3), "ssid": ssid}
        return Message(f"rayon/{self._store}/sessions/sim-1", msgspec.json.encode(body), 0)
