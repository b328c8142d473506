"""ESPresense nodes, byte for byte as they publish what they hear of phones."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Sequence

import msgspec
import numpy as np

from simulators.wires.native import Message
from simulators.world import Heard


class EspresenseWire:
    """ESPresense nodes (BLE): a mean over 15 s and the distance it makes; every 5 s, or at once where it moved."""

    MEAN_S = 15.0
    SKIP_S = 5.0
    SKIP_M = 0.5
    FURTHEST_M = 16.0
    ABSORPTION = 2.7
    AT_1M_DBM = -59

    def __init__(self, store: str, macs: Sequence[str], aps: Sequence[str]) -> None:
        self._macs = [mac.replace(":", "").lower() for mac in macs]
        self._nodes = [re.sub("[^0-9a-z]+", "-", ap.lower()).strip("-") for ap in aps]
        self._uuid = uuid.uuid5(uuid.NAMESPACE_DNS, store)
        self._recent: dict[tuple[int, int], deque[tuple[float, float]]] = {}
        self._told: dict[tuple[int, int], tuple[float, float]] = {}

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """See `Wire.frames`; messages bear no time at all."""
        h = Heard.concat(heard)
        out = []
        for t_s, device, ap, rssi in zip(*(c.tolist() for c in (h.t_s, h.device, h.ap, h.rssi_dbm)), strict=True):
            message = self._after(t_s, device, ap, rssi)
            if message is not None:
                out.append(message)
        return out

    def _after(self, t_s: float, device: int, ap: int, rssi_dbm: float) -> Message | None:
        recent = self._recent.setdefault((device, ap), deque())
        recent.append((t_s, rssi_dbm))
        while recent[0][0] < t_s - self.MEAN_S:
            recent.popleft()
        levels = np.array([r for _, r in recent])
        far = self._distance_m(float(levels.mean()))
        before = self._told.get((device, ap))
        still = before is not None and t_s - before[0] < self.SKIP_S and abs(far - before[1]) < self.SKIP_M
        if far > self.FURTHEST_M or still:
            return None
        self._told[device, ap] = (t_s, far)
        gaps_s = np.diff([t for t, _ in recent])
        id_ = f"iBeacon:{self._uuid}-{device // 65_536}-{device % 65_536}"
        body = {
            "mac": self._macs[device],
            "id": id_,
            "rssi@1m": self.AT_1M_DBM,
            "rssi": round(float(levels.mean()), 2),
            "rxAdj": 0,
            "rssiVar": round(float(levels.var()), 2),
            "distance": round(far, 2),
            "var": round(float(np.var([self._distance_m(r) for r in levels.tolist()])), 2),
            "close": False,  # nobody holds a phone to a node
            "int": round(float(gaps_s.mean()) * 1000) if len(gaps_s) else 0,
        }
        return Message(f"espresense/devices/{id_}/{self._nodes[ap]}", msgspec.json.encode(body), 1)

    def _distance_m(self, rssi_dbm: float) -> float:
        return float(10.0 ** ((self.AT_1M_DBM - rssi_dbm) / (10.0 * self.ABSORPTION)))
