"""Cisco CMX's location notifications: places of its own in feet, from the top left, with a radius that holds 95 %."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from engine.plan.model import Plan
from engine.records import F64, I32
from simulators.wires.native import Clocks, Message
from simulators.wires.vendors.names import WireNames, topic_of
from simulators.world import Heard, World

FOOT_M = 0.3048
R95 = 2.4477  # of a normal error, in its standard deviations along each axis


class CmxWire:
    """Where CMX thinks that each connected phone is, `EVERY_S` at most, wrong by `SIGMA_M` along each axis."""

    KIND = "cisco-cmx"
    EVERY_S = 5.0
    SIGMA_M = 2.5

    def __init__(self, world: World, macs: Sequence[str], aps: Sequence[str], clocks: Clocks) -> None:
        self._world, self._names, self._clocks = world, WireNames(macs, aps), clocks
        self._rng = np.random.default_rng([world.scenario.seed, 7])
        self._told: dict[int, float] = {}
        self._corners = [_top_left(world.plan, i) for i in range(len(world.plan.levels))]

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """See `Wire.frames`; `readings` of a message are its notifications."""
        h = self._names.of_phones(heard)
        h = h.take(h.device < len(self._world.shoppers))  # phones that are not connected have a new MAC each time
        h = h.take(np.lexsort((-h.rssi_dbm, h.device)))
        _, first = np.unique(h.device, return_index=True)  # the access point that hears best
        strongest = h.take(first)
        due = [t_s - self._told.get(d, -np.inf) >= self.EVERY_S for d, t_s in _rows(strongest.device, strongest.t_s)]
        strongest = strongest.take(np.array(due, np.bool_))
        if not len(strongest):
            return []
        self._told |= dict(_rows(strongest.device, strongest.t_s))
        body = {"notifications": self._notifications(strongest, start_t)}
        topic = topic_of(self.KIND, self._world.plan.store)
        return [Message(topic, msgspec.json.encode(body), len(strongest))]

    def _notifications(self, heard: Heard, start_t: float) -> list[dict[str, Any]]:
        at = self._world.crowd.at(heard.device, heard.t_s)
        wrong_m = self._rng.normal(0.0, self.SIGMA_M, (2, len(heard)))
        told = self._clocks.tell_times(heard.t_s, heard.ap % self._clocks.controllers, start_t)
        columns = (heard.device, heard.ap, told, at.level, at.x_m + wrong_m[0], at.y_m + wrong_m[1])
        return [self._notification(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]

    def _notification(self, device: int, ap: int, t: float, level: int, x_m: float, y_m: float) -> dict[str, Any]:
        left_m, top_m = self._corners[level]
        seen = datetime.fromtimestamp(round(t, 3), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        where = {"x": (x_m - left_m) / FOOT_M, "y": (top_m - y_m) / FOOT_M, "z": 0.0, "unit": "FEET"}
        return {
            "notificationType": "locationupdate",
            "subscriptionName": "rayon",
            "entity": "WIRELESS_CLIENTS",
            "deviceId": self._names.macs[device],
            "lastSeen": seen,
            "ssid": self._world.scenario.phones.ssid,
            "band": None,
            "apMacAddress": self._names.aps[ap],
            "locationMapHierarchy": f"{self._world.plan.name}>{self._world.plan.levels[level].id}",
            "locationCoordinate": where,
            "confidenceFactor": round(R95 * self.SIGMA_M / FOOT_M, 1),
            "timestamp": round(t * 1000),
        }


def _rows(device: I32, t_s: F64) -> list[tuple[int, float]]:
    return list(zip(device.tolist(), t_s.tolist(), strict=True))


def _top_left(plan: Plan, level: int) -> tuple[float, float]:
    left_m, _, _, top_m = plan.levels[level].polygon.bounds
    return left_m, top_m
