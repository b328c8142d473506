"""The wire that a scenario asks for, by name."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from engine.errors import OperatorError, Problem
from simulators.scenario.wire import WireConfig
from simulators.wires.espresense import EspresenseWire
from simulators.wires.meraki import MerakiWire
from simulators.wires.native import Clocks, NativeWire, Wire
from simulators.world import World

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}")


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
