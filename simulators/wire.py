"""Ticks as bytes: Rayon's own wire, one frame per controller, and session messages. No input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from simulators.world import Heard, joined_heard, taken

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
        all_ = joined_heard(heard)
        out = []
        for controller in range(self._controllers):
            mine = np.flatnonzero(all_.ap % self._controllers == controller)
            for first in range(0, len(mine), MAX_READINGS):
                rows = mine[first : first + MAX_READINGS]
                listed = self._listed(taken(all_, rows), start_t)
                payload = msgspec.json.encode({"sent_at": round(sent_at, 3), "readings": listed})
                out.append(Message(f"rayon/{self._store}/readings/sim-{controller + 1}", payload, len(rows)))
        return out

    def _listed(self, heard: Heard, start_t: float) -> list[dict[str, Any]]:
        columns = (heard.t_s + start_t, heard.device, heard.ap, heard.rssi_dbm)
        listed: list[dict[str, Any]] = [
            {"mac": self._macs[d], "ap": self._aps[a], "t": round(t, 3), "rssi": int(r)}
            for t, d, a, r in zip(*(c.tolist() for c in columns), strict=True)
        ]
        for i in np.flatnonzero(np.isfinite(heard.range_m)).tolist():
            listed[i] |= {"range_m": float(heard.range_m[i]), "range_sigma_m": float(heard.range_sigma_m[i])}
        return listed

    def session(self, device: int, event: str, t: float, ssid: str) -> Message:
        """A phone joined (`connect`) or left (`disconnect`) the network at epoch time `t`."""
        body = {"mac": self._macs[device], "event": event, "t": round(t, 3), "ssid": ssid}
        return Message(f"rayon/{self._store}/sessions/sim-1", msgspec.json.encode(body), 0)
