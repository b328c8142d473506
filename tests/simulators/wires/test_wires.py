"""Bytes on the wire: vendors' formats as documented, and what a bad network does to messages."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.errors import DecodeError, OperatorError
from engine.ingest.decoders.native import decode_native
from engine.privacy.pseudonyms import Pseudonyms
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.publish import publish_world
from simulators.scenario.wire import WireConfig
from simulators.wires.disturbances import Disturbances, break_payload
from simulators.wires.espresense import EspresenseWire
from simulators.wires.formats import WIRES, wire_of
from simulators.wires.meraki import MerakiWire
from simulators.wires.native import Clocks, Message, NativeWire
from simulators.world import Heard, World
from tests.simulators.made import scenario, small_plan
from tests.simulators.test_cli import run

ON_TIME = Clocks(WireConfig(), np.random.default_rng(1))


def heard(*rows: tuple[float, int, int, float]) -> Heard:
    t_s, device, ap, rssi = (np.array(c, np.float64) for c in zip(*rows, strict=True))
    none = np.full(len(rows), np.nan)
    return Heard(t_s, device.astype(np.int32), ap.astype(np.int32), rssi, none, none)


def test_meraki_is_byte_for_byte_what_an_access_point_publishes() -> None:
    wire = MerakiWire("N_1", ["e6:00:00:00:00:02", "e6-00-00-00-00-03"], ["aabbcc000001"], [False, True], ON_TIME)
    start_t = 1637681372.0  # 2021-11-23 15:29:32 UTC
    first, second = wire.frames([heard((0.116, 0, 0, -74), (0.5, 1, 0, -60))], start_t, start_t + 1)
    assert first.topic == "meraki/v1/mr/N_1/AA:BB:CC:00:00:01/wifi/E6:00:00:00:00:02"
    assert first.payload == (
        b'{"mrMac":"AA:BB:CC:00:00:01","clientType":"visible","clientMac":"E6:00:00:00:00:02",'
        b'"timestamp":"2021-11-23 15:29:32.116","networkId":"N_1","rssi":"-74","radio":"wifi"}'
    )
    told = json.loads(second.payload)
    assert (told["clientType"], told["clientMac"], told["timestamp"]) == (
        "associated",
        "E6:00:00:00:00:03",
        "2021-11-23 15:29:32.500",
    )


def test_espresense_publishes_means_and_distances_as_its_nodes_do() -> None:
    wire = EspresenseWire("shop", ["aa:bb:cc:00:00:02"], ["00:00:5E:00:53:01"])
    ticks = [heard((0.0, 0, 0, -71)), heard((1.0, 0, 0, -71), (2.0, 0, 0, -71)), heard((5.5, 0, 0, -72))]
    sent = [m for tick in ticks for m in wire.frames([tick], 0.0, 0.0)]
    # the second and third come within 5 s and half a metre of the first
    assert len(sent) == 2
    told = json.loads(sent[1].payload)
    assert sent[1].topic == f"espresense/devices/{told['id']}/00-00-5e-00-53-01"
    assert list(told) == ["mac", "id", "rssi@1m", "rssi", "rxAdj", "rssiVar", "distance", "var", "close", "int"]
    assert told["mac"] == "aabbcc000002"
    assert told["id"].startswith("iBeacon:")
    assert (told["rssi@1m"], told["rssi"], told["rxAdj"], told["close"]) == (-59, -71.25, 0, False)
    assert told["distance"] == pytest.approx(10 ** ((-59 + 71.25) / (10 * 2.7)), abs=0.005)
    assert told["rssiVar"] == pytest.approx(np.var([-71, -71, -71, -72]), abs=0.005)
    assert told["int"] == 1833
    assert b" " not in sent[1].payload


def test_espresense_reports_moves_at_once_and_nothing_far_away() -> None:
    wire = EspresenseWire("shop", ["aa:bb:cc:00:00:02"], ["n"])
    near = wire.frames([heard((0.0, 0, 0, -65), (1.0, 0, 0, -80))], 0.0, 0.0)
    assert [json.loads(m.payload)["distance"] for m in near] == [1.67, 3.16]
    assert wire.frames([heard((40.0, 0, 0, -92))], 0.0, 0.0) == []  # 16.7 m


WHOLE = {"native", "meraki"}
"""Wires that tell of access points too, and of each time that anything was heard."""


@pytest.mark.parametrize("name", sorted(WIRES))
def test_every_format_carries_the_shipped_stores(name: str) -> None:
    from engine.plan.load import load_plan
    from simulators.scenario.files import load_scenario, store_folder

    demo = load_scenario("demo-boutique")
    demo = demo.model_copy(update={"wire": demo.wire.model_copy(update={"format": name})})
    world = World(demo, load_plan(store_folder(demo)), 5.0)
    wire = wire_of(world, np.random.default_rng(1))
    ticks = [world.tick(k) for k in range(world.ticks)]
    wire.frames([], 1e9, 1e9 - 60)  # begins the minute of those who speak once in one
    messages = wire.frames(ticks, 1e9, 1e9 + 5)
    heard = sum(map(len, ticks))
    assert sum(m.readings for m in messages) > (5 if name == "cisco-cmx" else 50)
    assert name not in WHOLE or sum(m.readings for m in messages) == heard
    assert len({m.topic.split("/")[0] for m in messages}) == 1
    for message in messages:
        assert name == "aruba-iot" or json.loads(message.payload)


def test_meraki_needs_macs() -> None:
    with pytest.raises(OperatorError, match="meraki access point not a MAC: ap-1"):
        wire_of(World(scenario(wire={"format": "meraki"}), small_plan(), 1.0), np.random.default_rng(1))


def test_clocks_are_off_and_drift_by_controller() -> None:
    config = WireConfig(controllers=64, clock_offset_s=2.0, clock_drift_ppm=50.0)
    clocks = Clocks(config, np.random.default_rng(3))
    every = np.arange(64)
    at_start, after_a_day = (clocks.tell_times(np.full(64, t), every, 1000.0) for t in (0.0, 86_400.0))
    assert np.std(at_start - 1000.0) == pytest.approx(2.0, rel=0.25)
    drift_s = after_a_day - at_start - 86_400.0
    assert np.std(drift_s) == pytest.approx(50e-6 * 86_400, rel=0.25)
    wire = NativeWire("s", ["m"], [f"ap-{i}" for i in range(64)], clocks)
    frames = wire.frames([heard((10.0, 0, 7, -60), (10.0, 0, 8, -60))], 1000.0, 1010.5)
    for frame, controller in zip(frames, (7, 8), strict=True):
        told = json.loads(frame.payload)
        off_s = told["sent_at"] - 1010.5
        assert off_s == pytest.approx(at_start[controller] - 1000, abs=0.01)
        assert told["readings"][0]["t"] == pytest.approx(1010 + off_s, abs=0.002)


def numbered(n: int) -> list[Message]:
    return [Message("rayon/s/readings/sim-1", json.dumps({"sent_at": i, "readings": []}).encode(), 1) for i in range(n)]


def passed(n: int, **config: Any) -> tuple[list[tuple[float, Message]], Counter[str]]:
    """What comes out, with when, of one message each half second."""
    network = Disturbances(WireConfig(**config), np.random.default_rng(5))
    out = []
    for i, message in enumerate(numbered(n)):
        network.push([message], i * 0.5)
        out += [(i * 0.5, arrival.message) for arrival in network.due(i * 0.5)]
    return out + [(np.inf, arrival.message) for arrival in network.due(np.inf)], network.counts


def test_a_good_network_changes_nothing() -> None:
    out, counts = passed(500)
    assert [m for _, m in out] == numbered(500)
    assert [t for t, _ in out] == [i * 0.5 for i in range(500)]
    assert not counts


def test_shares_are_kept() -> None:
    config = {"late_share": 0.1, "duplicate_share": 0.2, "reorder_share": 0.05, "malformed_share": 0.02}
    out, counts = passed(5000, **config)
    for kind in ("late", "duplicate", "reorder", "malformed"):
        assert counts[kind] / 5000 == pytest.approx(config[f"{kind}_share"], rel=0.2)
    assert len(out) == 5000 + counts["duplicate"]
    assert sum(m.readings for _, m in out) < len(out)


def test_late_means_late_by_as_much_as_asked() -> None:
    out, _ = passed(4000, late_share=1.0, late_by_s=4.0)
    late_s = [t - 0.5 * json.loads(m.payload)["sent_at"] for t, m in out if np.isfinite(t)]
    assert np.mean(late_s) == pytest.approx(4.0 + 0.25, rel=0.1)  # half a batch more, until it is asked for


def test_reordered_messages_are_overtaken() -> None:
    out, counts = passed(1000, reorder_share=0.1)
    order = [json.loads(m.payload)["sent_at"] for _, m in out]
    assert sorted(order) == list(range(1000))
    assert sum(a > b for a, b in pairwise(order)) > 0.7 * counts["reorder"]


def test_broken_payloads_are_refused_whole() -> None:
    rng = np.random.default_rng(2)
    row = {"mac": "02:00:00:00:00:01", "ap": "ap-1", "t": 10.0, "rssi": -60}
    good = json.dumps({"sent_at": 10.0, "readings": [row]}).encode()
    reasons = Counter()  # type: Counter[str]
    for _ in range(300):
        with pytest.raises(DecodeError) as caught:
            decode_native(
                "rayon/small/readings/sim-1",
                break_payload(good, rng),
                store_aps=small_plan().ap_index,
                pseudonym=Pseudonyms(b"k" * 32),
                received_at=10.0,
            )
        reasons[caught.value.reason] += 1
    assert len(reasons) > 1


def test_a_bad_network_is_the_same_every_time_and_is_told() -> None:
    class Kept:
        def __init__(self) -> None:
            self.sent: list[tuple[str, bytes]] = []

        def publish(self, topic: str, payload: bytes, timeout_s: float | None = None) -> None:
            self.sent.append((topic, payload))

    bad = {"late_share": 0.1, "duplicate_share": 0.1, "malformed_share": 0.1, "controllers": 3}
    people = {"arrivals_per_hour": 0, "start_inside": 20}

    def once() -> tuple[list[tuple[str, bytes]], Tally]:
        world, kept, tally = World(scenario(wire=bad, people=people), small_plan(), 20.0), Kept(), Tally()
        clock = LiveClock(20.0, 200.0)
        asyncio.run(publish_world(world, kept, clock, tally))
        return kept.sent, tally

    (sent, tally), (again, _) = once(), once()
    assert len(sent) == len(again) == tally.frames + tally.session_messages
    assert Counter(t for t, _ in sent) == Counter(t for t, _ in again)
    assert tally.summary()["disturbed"].keys() == {"late", "duplicate", "malformed"}


def test_the_command_line_chooses_the_wire() -> None:
    assert "--wire" in run("--help")
    import typer

    from simulators.cli import register

    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    result = CliRunner().invoke(app, ["simulate", "quiet-tuesday", "--mqtt", "mqtt://x", "--wire", "cisco"])
    assert result.exit_code == 2
    assert "cisco" in result.output
