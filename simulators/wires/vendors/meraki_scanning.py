"""Meraki's Scanning API, version 3: one POST a minute, with all the places of each phone and who heard it there.

The access points are on no floor plan: x and y are `"NaN"`, as text. What is good are RSSI and the shop's own degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from simulators.wires.native import Clocks, Message
from simulators.wires.vendors.names import WireNames, topic_of
from simulators.world import Heard

WHERE = {"lat": 48.8534304, "lng": 2.3507418, "variance": 25.0}
ON_NO_PLAN: dict[str, Any] = {"x": "NaN", "y": "NaN", "floorPlanId": "", "floorPlanName": "", "nearestApTags": []}
OF_A_PHONE = dict.fromkeys(("ipv4", "ipv6", "ssid", "os", "manufacturer"))


class MerakiScanningWire:
    """Keeps what was heard until the minute is over; the last minute of a run is not told any more."""

    KIND = "meraki-scanning-v3"
    EVERY_S = 60.0

    def __init__(self, store: str, network_id: str, macs: Sequence[str], aps: Sequence[str], clocks: Clocks) -> None:
        self._store, self._network_id, self._clocks = store, network_id, clocks
        self._names = WireNames(macs, aps)
        self._kept: list[Heard] = []
        self._posted_at: float | None = None

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """See `Wire.frames`; times are whole seconds."""
        self._kept += [self._names.of_phones(heard)] if heard else []
        if self._posted_at is None:
            self._posted_at = sent_at
        if sent_at - self._posted_at < self.EVERY_S or not self._kept:
            return []
        self._posted_at = sent_at
        minute, self._kept = Heard.concat(self._kept), []
        devices = np.unique(minute.device).tolist()
        observations = [self._observation(d, minute.take(minute.device == d), start_t) for d in devices]
        if not observations:
            return []
        data = {"networkId": self._network_id, "observations": observations}
        body = {"version": "3.0", "secret": "simulated", "type": "WiFi", "data": data}
        records = sum(len(place["rssiRecords"]) for one in observations for place in one["locations"])
        return [Message(topic_of(self.KIND, self._store), msgspec.json.encode(body), records)]

    def _observation(self, device: int, heard: Heard, start_t: float) -> dict[str, Any]:
        told = self._clocks.tell_times(heard.t_s, heard.ap % self._clocks.controllers, start_t).astype(np.int64)
        locations: list[dict[str, Any]] = []
        for second in np.unique(told).tolist():
            now, levels = heard.take(told == second), dict[int, int]()
            for ap, rssi in zip(now.ap.tolist(), now.rssi_dbm.tolist(), strict=True):
                levels.setdefault(ap, int(rssi))
            records = [{"apMac": self._names.aps[ap], "rssi": rssi} for ap, rssi in levels.items()]
            locations.append({**WHERE, **ON_NO_PLAN, "time": _iso(second), "rssiRecords": records})
        nearest = max(locations[-1]["rssiRecords"], key=lambda record: int(record["rssi"]))
        latest = {"time": locations[-1]["time"], "nearestApMac": nearest["apMac"], "nearestApRssi": nearest["rssi"]}
        return {"clientMac": self._names.macs[device], **OF_A_PHONE, "locations": locations, "latestRecord": latest}


def _iso(t: int) -> str:
    return datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
