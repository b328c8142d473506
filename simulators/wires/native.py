"""Ticks as bytes: Rayon's own wire, one frame per controller, and session messages. No input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np

from engine.records import F64, I32
from engine.vocabulary import SessionChange
from simulators.scenario.wire import WireConfig
from simulators.world import Heard

MAX_READINGS = 5_000
"""What the wire's contract allows in one frame."""


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message; `readings` is how many it carries (0 for a session)."""

    topic: str
    payload: bytes
    readings: int


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    """A message that comes to the broker at scenario time `t_s`; `number` tells those of one time apart."""

    t_s: float
    number: int
    message: Message = field(compare=False)


class Wire(Protocol):
    """A format: encodes ticks of one store as its controllers or access points would send them."""

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """Messages for the readings of some ticks, scenario time 0 being `start_t`; none where nothing was heard."""


class Clocks:
    """Controllers' clocks: wrong by an offset each, and drifting. Access points are dealt to controllers in turn."""

    def __init__(self, config: WireConfig, rng: np.random.Generator) -> None:
        self.controllers = config.controllers
        self._offset_s = config.clock_offset_s * rng.standard_normal(config.controllers)
        self._drift = config.clock_drift_ppm * 1e-6 * rng.standard_normal(config.controllers)

    def tell_times(self, t_s: F64 | float, controller: I32 | int, start_t: float) -> Any:
        """The epoch times that these controllers' clocks show at scenario times `t_s`."""
        return start_t + t_s + self._offset_s[controller] + self._drift[controller] * t_s


class NativeWire:
    """Rayon's own format; controllers are called `sim-1`, `sim-2`…"""

    def __init__(self, store: str, macs: Sequence[str], aps: Sequence[str], clocks: Clocks) -> None:
        self._store = store
        self._macs, self._aps = list(macs), list(aps)
        self._clocks = clocks

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """One frame per controller that has something to tell, more where it is more than one frame may hold."""
        all_ = Heard.concat(heard)
        out = []
        for controller in range(self._clocks.controllers):
            mine = np.flatnonzero(all_.ap % self._clocks.controllers == controller)
            for first in range(0, len(mine), MAX_READINGS):
                rows = mine[first : first + MAX_READINGS]
                listed = self._list_readings(all_.take(rows), controller, start_t)
                sent = float(self._clocks.tell_times(sent_at - start_t, controller, start_t))
                payload = msgspec.json.encode({"sent_at": round(sent, 3), "readings": listed})
                out.append(Message(f"rayon/{self._store}/readings/sim-{controller + 1}", payload, len(rows)))
        return out

    def _list_readings(self, heard: Heard, controller: int, start_t: float) -> list[dict[str, Any]]:
        columns = (self._clocks.tell_times(heard.t_s, controller, start_t), heard.device, heard.ap, heard.rssi_dbm)
        listed: list[dict[str, Any]] = [
            {"mac": self._macs[d], "ap": self._aps[a], "t": round(t, 3), "rssi": int(r)}
            for t, d, a, r in zip(*(c.tolist() for c in columns), strict=True)
        ]
        for i in np.flatnonzero(np.isfinite(heard.range_m)).tolist():
            listed[i] |= {"range_m": float(heard.range_m[i]), "range_sigma_m": float(heard.range_sigma_m[i])}
        return listed


def session(store: str, mac: str, event: SessionChange, t: float, ssid: str) -> Message:
    """A phone joined or left the network at epoch time `t`; the same on every wire."""
    body = {"mac": mac, "event": event, "t": round(t, 3), "ssid": ssid}
    return Message(f"rayon/{store}/sessions/sim-1", msgspec.json.encode(body), 0)
