"""Vendors' MQTT formats, byte for byte as their access points publish them."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np

from engine.errors import OperatorError, Problem
from simulators.phones import colon_mac
from simulators.wire import Clocks, Message, NativeWire, Wire
from simulators.wire_config import WireConfig
from simulators.world import Heard, World, joined_heard

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}")


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
        h = joined_heard(heard)
        told = self._clocks.told(h.t_s, h.ap % self._clocks.controllers, start_t)
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
        h = joined_heard(heard)
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


def wire_of(world: World, rng: np.random.Generator) -> Wire:
    """The wire that the scenario asks for. Raises OperatorError where its access points cannot speak it."""
    config = world.scenario.wire
    return WIRES[config.format](world, Clocks(config, rng), config)


def _native(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return NativeWire(world.plan.store, world.device_macs(), _ap_ids(world), clocks)


def _meraki(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    aps = _ap_ids(world)
    bad = [ap for ap in aps if not _MAC.fullmatch(ap)]
    if bad:
        reason, fix = f"not a MAC: {', '.join(bad[:5])}", "name access points by their MACs in the plan"
        raise OperatorError([Problem(world.scenario.name, "wire.format", f"meraki access point {reason}", fix)])
    macs = world.device_macs()
    associated = [*world.phones.connected.tolist(), *([False] * (len(macs) - len(world.shoppers)))]
    return MerakiWire(config.network_id, macs, aps, associated, clocks)


def _espresense(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return EspresenseWire(world.plan.store, world.device_macs(), _ap_ids(world))


WIRES: dict[str, Callable[[World, Clocks, WireConfig], Wire]] = {
    "native": _native,
    "meraki": _meraki,
    "espresense": _espresense,
}


def _ap_ids(world: World) -> list[str]:
    return [ap.id for ap in world.plan.access_points]
