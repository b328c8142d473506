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
from simulators.wires.vendors.aruba_iot import ArubaIotWire
from simulators.wires.vendors.cmx import CmxWire
from simulators.wires.vendors.meraki_scanning import MerakiScanningWire
from simulators.wires.vendors.mist import MistWire
from simulators.wires.vendors.openwrt import OpenwrtWire
from simulators.world import World

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}")


def wire_of(world: World, rng: np.random.Generator) -> Wire:
    """The wire that the scenario asks for. Raises OperatorError where its access points cannot speak it."""
    config = world.scenario.wire
    return WIRES[config.format](world, Clocks(config, rng), config)


def _native(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return NativeWire(world.plan.store, world.device_macs(), _ap_ids(world), clocks)


def _meraki(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return MerakiWire(config.network_id, world.device_macs(), _ap_macs(world), _find_connected(world), clocks)


def _espresense(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return EspresenseWire(world.plan.store, world.device_macs(), _ap_ids(world))


def _openwrt(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return OpenwrtWire(world.plan.store, world.device_macs(), _ap_macs(world), clocks)


def _mist(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return MistWire(world.plan.store, world.device_macs(), _ap_macs(world), _find_connected(world))


def _meraki_scanning(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return MerakiScanningWire(world.plan.store, config.network_id, world.device_macs(), _ap_macs(world), clocks)


def _aruba_iot(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return ArubaIotWire(world.plan.store, world.device_macs(), _ap_macs(world), _find_connected(world), clocks)


def _cmx(world: World, clocks: Clocks, config: WireConfig) -> Wire:
    return CmxWire(world, world.device_macs(), _ap_macs(world), clocks)


WIRES: dict[str, Callable[[World, Clocks, WireConfig], Wire]] = {
    "native": _native,
    "meraki": _meraki,
    "espresense": _espresense,
    "openwrt": _openwrt,
    "mist": _mist,
    "meraki-scanning-v3": _meraki_scanning,
    "aruba-iot": _aruba_iot,
    "cisco-cmx": _cmx,
}


def _ap_ids(world: World) -> list[str]:
    return [ap.id for ap in world.plan.access_points]


def _ap_macs(world: World) -> list[str]:
    """The access points' ids, which are MACs. Raises OperatorError where they are not."""
    aps = _ap_ids(world)
    bad = [ap for ap in aps if not _MAC.fullmatch(ap)]
    if bad:
        reason = f"{world.scenario.wire.format} access point not a MAC: {', '.join(bad[:5])}"
        fix = "name access points by their MACs in the plan"
        raise OperatorError([Problem(world.scenario.name, "wire.format", reason, fix)])
    return aps


def _find_connected(world: World) -> list[bool]:
    """By device, whether it is a phone on the shop's network."""
    macs = world.device_macs()
    return [*world.phones.connected.tolist(), *([False] * (len(macs) - len(world.shoppers)))]
