"""Aruba's IoT transport of AOS 8: one protobuf frame an access point, with the phones that it heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulators.wires.native import Clocks, Message
from simulators.wires.vendors.names import WireNames, topic_of
from simulators.wires.vendors.protobuf import chunk, integer, zigzag
from simulators.world import Heard

WIFI_DATA_TOPIC = 4
ASSOCIATED, UNASSOCIATED = 16, 17


class ArubaIotWire:
    """A frame a batch and access point. The access point's clock stands in whole seconds."""

    KIND = "aruba-iot"
    TOKEN = "simulated"

    def __init__(
        self, store: str, macs: Sequence[str], aps: Sequence[str], connected: Sequence[bool], clocks: Clocks
    ) -> None:
        self._store, self._names, self._clocks = store, WireNames(macs, aps), clocks
        self._class = [ASSOCIATED if on else UNASSOCIATED for on in connected]

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """See `Wire.frames`."""
        h = self._names.of_phones(heard)
        return [self._frame(ap, h.take(h.ap == ap), start_t, sent_at) for ap in np.unique(h.ap).tolist()]

    def _frame(self, ap: int, heard: Heard, start_t: float, sent_at: float) -> Message:
        meta = integer(1, 1) + chunk(2, self.TOKEN) + integer(3, WIFI_DATA_TOPIC)
        t = int(self._clocks.tell_times(sent_at - start_t, ap % self._clocks.controllers, start_t))
        reporter = chunk(1, f"ap-{ap + 1}") + chunk(2, _raw(self._names.aps[ap])) + integer(8, t)
        stations = [
            chunk(7, chunk(1, _raw(self._names.macs[d])) + integer(2, self._class[d]) + zigzag(3, int(rssi)))
            for d, rssi in zip(heard.device.tolist(), heard.rssi_dbm.tolist(), strict=True)
        ]
        payload = chunk(1, meta) + chunk(2, reporter) + b"".join(stations)
        return Message(topic_of(self.KIND, self._store), payload, len(stations))


def _raw(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
