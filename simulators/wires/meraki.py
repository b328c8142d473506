"""Meraki MR over MQTT, byte for byte as its access points publish it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from simulators.people.phones import colon_mac
from simulators.wires.native import Clocks, Message
from simulators.world import Heard


class MerakiWire:
    """Meraki MR over MQTT: one message per reading; RSSI is a string, time has no zone (UTC), MACs are upper case."""

    def __init__(
        self, network_id: str, macs: Sequence[str], aps: Sequence[str], associated: Sequence[bool], clocks: Clocks
    ) -> None:
        self._network_id, self._clocks = network_id, clocks
        self._macs = [colon_mac(mac).upper() for mac in macs]
        self._aps = [colon_mac(ap).upper() for ap in aps]
        self._type = ["associated" if on else "visible" for on in associated]

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """See `Wire.frames`; nothing tells when a message was sent."""
        h = Heard.concat(heard)
        told = self._clocks.tell_times(h.t_s, h.ap % self._clocks.controllers, start_t)
        columns = (told, h.device, h.ap, h.rssi_dbm)
        return [self._message(t, d, a, int(r)) for t, d, a, r in zip(*(c.tolist() for c in columns), strict=True)]

    def _message(self, t: float, device: int, ap: int, rssi_dbm: int) -> Message:
        body = {
            "mrMac": self._aps[ap],
            "clientType": self._type[device],
            "clientMac": self._macs[device],
            "timestamp": datetime.fromtimestamp(round(t, 3), UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            "networkId": self._network_id,
            "rssi": str(rssi_dbm),
            "radio": "wifi",
        }
        topic = f"meraki/v1/mr/{self._network_id}/{self._aps[ap]}/wifi/{self._macs[device]}"
        return Message(topic, msgspec.json.encode(body), 1)
