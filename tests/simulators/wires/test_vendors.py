"""Vendors' wires: what is heard, written as the vendor does, is what its decoder reads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
from simulators.people.phones import colon_mac
from simulators.scenario.wire import WireConfig
from simulators.wires.formats import wire_of
from simulators.wires.native import Clocks, Message
from simulators.wires.vendors.aruba_iot import ArubaIotWire
from simulators.wires.vendors.cmx import R95, CmxWire
from simulators.wires.vendors.meraki_scanning import MerakiScanningWire
from simulators.wires.vendors.mist import MistWire
from simulators.wires.vendors.openwrt import OpenwrtWire
from simulators.world import Heard, World
from tests.simulators.made import all_ticks, scenario, small_plan
from tests.simulators.wires.test_frames import by_mac, world
from tests.simulators.wires.test_wires import heard

CLOCKS = Clocks(WireConfig(), np.random.default_rng(1))
START = 1795860000.0
APS = ["00:00:5e:00:53:01", "00:00:5e:00:53:02"]
PHONES = ["06:00:00:00:00:01", "06:00:00:00:00:02"]
MACS = [*PHONES, *APS]
CONNECTED = [True, False, False, False]
HEARD = heard((0.1, 0, 0, -60), (0.4, 0, 1, -70), (1.2, 1, 1, -80), (1.3, 0, 0, -61), (1.4, 2, 1, -40))
"""Two phones, and one access point that hears the other."""
SAID = {
    (PHONES[0], APS[0], START, -60.0),
    (PHONES[0], APS[1], START, -70.0),
    (PHONES[1], APS[1], START + 1, -80.0),
    (PHONES[0], APS[0], START + 1, -61.0),
}


def read(kind: str, messages: list[Message], **told: Any) -> Decoded:
    """All that the decoder makes of them, with nothing refused."""
    out = Decoded()
    for message in messages:
        one = DECODERS[kind](VendorMessage(message.payload, START + 2, message.topic), Told(**told))
        assert one.refused == {}
        assert len(one.readings) == message.readings or not one.readings
        out.readings += one.readings
        out.positions += one.positions
    return out


def said(decoded: Decoded) -> set[tuple[str, str, float, float]]:
    return {(r.mac, r.ap, r.t, r.rssi_dbm) for r in decoded.readings}


def test_openwrts_agents_are_a_source_each_and_count_whole_seconds() -> None:
    messages = OpenwrtWire("shop", MACS, APS, CLOCKS).frames([HEARD], START, START + 1.5)
    assert [m.topic for m in messages] == [f"rayon/shop/readings/router-00005e00530{i}" for i in (1, 2)]
    assert said(read("native", messages)) == SAID
    assert messages[0].payload == (
        b'{"sent_at":1795860001,"readings":[{"mac":"06:00:00:00:00:01","ap":"00:00:5e:00:53:01","t":1795860000,"rssi":-60},'
        b'{"mac":"06:00:00:00:00:01","ap":"00:00:5e:00:53:01","t":1795860001,"rssi":-61}]}'
    )


def test_mist_tells_connected_phones_apart_and_no_time() -> None:
    messages = MistWire("shop", MACS, APS, CONNECTED).frames([HEARD], START, START + 1.5)
    assert [m.topic for m in messages] == ["in/mist/shop"] * 2
    decoded = read("mist", messages)
    assert {(r.mac, r.ap, r.rssi_dbm) for r in decoded.readings} == {(mac, ap, rssi) for mac, ap, _, rssi in SAID}
    assert all(math.isnan(r.t) for r in decoded.readings)
    assert b'"topic":"wifi-conn-raw"' in messages[0].payload
    assert b'"client_id":"06-00-00-00-00-01"' in messages[0].payload
    assert b'"topic":"wifi-unconn-raw"' in messages[1].payload


def test_scanning_is_told_once_a_minute() -> None:
    wire = MerakiScanningWire("shop", "N_1", MACS, APS, CLOCKS)
    assert wire.frames([HEARD], START, START + 1.5) == []
    assert wire.frames([], START, START + 61.0) == []
    again = heard((61.5, 0, 0, -62))
    (message,) = wire.frames([again], START, START + 61.5)
    decoded = DECODERS["meraki-scanning-v3"](VendorMessage(message.payload, START + 62), Told("simulated"))
    assert said(decoded) == SAID | {(PHONES[0], APS[0], START + 61, -62.0)}
    assert message.readings == len(decoded.readings)
    assert {(p.lat, p.error_m) for p in decoded.positions} == {(48.8534304, 25.0)}
    assert wire.frames([], START, START + 200.0) == []


def test_aruba_sends_a_frame_for_each_access_point_with_its_token() -> None:
    wire = ArubaIotWire("shop", MACS, APS, CONNECTED, CLOCKS)
    messages = wire.frames([HEARD], START, START + 1.5)
    decoded = read("aruba-iot", messages, secret="simulated")
    assert said(decoded) == {(mac, ap, START + 1, rssi) for mac, ap, _, rssi in SAID}  # the frame's time, of its phones
    assert messages[0].payload.startswith(bytes.fromhex("0a0f0801120973696d756c617465641804"))
    assert bytes.fromhex("3a0c0a06060000000001101018") + bytes([119]) in messages[0].payload  # -60 is 119, zigzag


def test_cmx_is_about_as_far_from_the_truth_as_it_says() -> None:
    made = world(60.0, format="cisco-cmx")
    wire = wire_of(made, np.random.default_rng(1))
    decoded = read("cisco-cmx", [m for tick in all_ticks(made) for m in wire.frames([tick], START, START + 60)])
    shopper = {colon_mac(mac): i for i, mac in enumerate(made.phones.mac)}
    who = np.array([shopper[p.mac] for p in decoded.positions], np.int32)
    x_m, y_m, t = (np.array(column) for column in zip(*((p.x_m, p.y_m, p.t) for p in decoded.positions), strict=True))
    at = made.crowd.at(who, t - START)
    left_m, _, _, top_m = made.plan.levels[0].polygon.bounds
    off_m = np.hypot(x_m + left_m - at.x_m, top_m - y_m - at.y_m)
    assert len(off_m) > 50
    assert np.mean(off_m <= R95 * CmxWire.SIGMA_M) == pytest.approx(0.95, abs=0.06)
    assert {round(p.error_m, 1) for p in decoded.positions} == {6.1} == {round(R95 * CmxWire.SIGMA_M, 1)}
    assert min(np.diff(t[who == i]).min(initial=np.inf) for i in np.unique(who)) >= CmxWire.EVERY_S - 0.001


@pytest.mark.parametrize("name", ["openwrt", "mist", "meraki-scanning-v3", "aruba-iot", "cisco-cmx"])
def test_access_points_without_a_mac_cannot_speak_it(name: str) -> None:
    with pytest.raises(OperatorError, match=f"{name} access point not a MAC: ap-1"):
        wire_of(World(scenario(wire={"format": name}), small_plan(), 1.0), np.random.default_rng(1))


def test_nothing_heard_is_nothing_said() -> None:
    made = World(scenario(wire={"format": "cisco-cmx"}), by_mac(), 1.0)
    wires = [
        OpenwrtWire("shop", MACS, APS, CLOCKS),
        MistWire("shop", MACS, APS, CONNECTED),
        ArubaIotWire("shop", MACS, APS, CONNECTED, CLOCKS),
        CmxWire(made, made.device_macs(), [ap.id for ap in made.plan.access_points], CLOCKS),
    ]
    nothing: list[Heard] = [heard((0.1, 2, 1, -40))]  # one access point hears another
    assert [wire.frames(nothing, START, START + 1) for wire in wires[:3]] == [[], [], []]
    assert wires[3].frames([HEARD.take(np.empty(0, np.int64))], START, START + 1) == []
