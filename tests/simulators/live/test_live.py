"""Live runs against a real Mosquitto: what is published is what the world says, on time; stopping is clean."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.config import MqttConfig
from engine.ingest.decoders.native import decode_native, decode_session, parse_topic
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.receiver import Publisher, RawFrame, Subscriber
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import Readings
from simulators.live.counters import Tally
from simulators.live.run import LiveProgress, run_live
from simulators.world import World
from tests.brokers import Mosquitto
from tests.clocks import patience_s
from tests.simulators.made import scenario, small_plan

COMMAND = """
import typer
from simulators.cli import register
app = typer.Typer()
register(app)
app.callback()(lambda: None)
app()
"""


def subscriber(broker: Mosquitto) -> Subscriber:
    config = MqttConfig(host="127.0.0.1", port=broker.port, client_id="test")
    listening = Subscriber(config, kinds=("readings", "replay", "sessions"))
    listening.start()
    assert listening.wait_connected(60)
    return listening


LAST = "rayon/no-store/readings/last"


def received(listening: Subscriber, broker: Mosquitto) -> list[RawFrame]:
    """All that the broker has for it by now: what comes before a last message of ours."""
    publisher = Publisher(Broker.from_url(broker.url))
    publisher.start(60)
    publisher.publish(LAST, b"{}")
    assert publisher.close(60) == 0
    frames: list[RawFrame] = []
    while not any(frame.topic == LAST for frame in frames):
        more = listening.take(500, patience_s(60.0))
        assert more, "the last message must come"
        frames += more
        listening.acknowledge(f.token for f in more)
    listening.stop()
    return [frame for frame in frames if frame.topic != LAST]


def run(world: World, broker: Mosquitto, speed: float, seen: list[LiveProgress] | None = None) -> Tally:
    publisher = Publisher(Broker.from_url(broker.url))
    publisher.start(60)
    tally = asyncio.run(run_live(world, publisher, speed, on_progress=(seen if seen is not None else []).append))
    assert publisher.close(60) == 0
    return tally


def test_everything_heard_is_published_at_its_time(mosquitto: Mosquitto) -> None:
    people = {"arrivals_per_hour": 300, "start_inside": 40}
    world = World(scenario(people=people, phones={"connected_share": 1.0}, wire={"controllers": 3}), small_plan(), 4.0)
    listening = subscriber(mosquitto)
    began = time.time()
    seen: list[LiveProgress] = []
    tally = run(world, mosquitto, 1.0, seen)
    took_s = time.time() - began
    assert took_s >= 4.0
    pseudonyms = Pseudonyms(b"k" * 32)
    readings, between_aps, sources = [], [], set()
    for frame in received(listening, mosquitto):
        if "/sessions/" in frame.topic:
            continue
        store_aps = world.plan.ap_index
        decoded = decode_native(
            frame.topic, frame.payload, store_aps=store_aps, pseudonym=pseudonyms, received_at=frame.received_at
        )
        assert decoded.refused == {}
        assert began <= decoded.sent_at <= began + took_s
        readings.append(decoded.readings)
        between_aps.append(decoded.ap_readings)
        sources.add(decoded.source)
    got, aps = Readings.concat(readings), Readings.concat(between_aps)
    heard = [world.tick(k) for k in range(world.ticks)]
    device = np.concatenate([h.device for h in heard])
    of_phones = device < len(world.shoppers)
    assert len(got) == np.count_nonzero(of_phones) > 100
    assert len(aps) == np.count_nonzero(~of_phones) > 0
    assert tally.readings == len(device)
    assert sources == {"sim-1", "sim-2", "sim-3"}
    known = {int(pseudonyms(mac)) for mac in world.phones.mac}
    assert set(got.device.tolist()) <= known
    assert began <= got.t.min()
    assert got.t.max() <= began + took_s
    rssi = np.concatenate([h.rssi_dbm for h in heard])
    assert np.array_equal(np.sort(got.rssi_dbm), np.sort(rssi[of_phones].astype(np.float32)))
    assert seen[-1].reached_s == 4.0
    assert seen[-1].inside > 10


@pytest.mark.parametrize(("speed", "kind"), [(1.0, "readings"), (20.0, "replay"), (0.5, "replay")])
def test_times_that_are_not_real_ones_go_where_recordings_go(mosquitto: Mosquitto, speed: float, kind: str) -> None:
    people = {"arrivals_per_hour": 300, "start_inside": 40}
    world = World(scenario(people=people, phones={"connected_share": 1.0}), small_plan(), 2.0 if speed <= 1 else 30.0)
    listening = subscriber(mosquitto)
    tally = run(world, mosquitto, speed)
    frames = [frame for frame in received(listening, mosquitto) if "/sessions/" not in frame.topic]
    assert {parse_topic(frame.topic)[1:] for frame in frames} == {(kind, "sim-1")}
    assert sum(len(json.loads(frame.payload)["readings"]) for frame in frames) == tally.readings > 0


def test_phones_that_come_and_go_are_told(mosquitto: Mosquitto) -> None:
    world = World(scenario(people={"arrivals_per_hour": 120}, phones={"connected_share": 1.0}), small_plan())
    listening = subscriber(mosquitto)
    tally = run(world, mosquitto, 300.0)
    pseudonyms = Pseudonyms(b"k" * 32)
    events: dict[int, list[str]] = {}
    times = []
    for frame in received(listening, mosquitto):
        if "/sessions/" in frame.topic:
            told = decode_session(frame.topic, frame.payload, pseudonym=pseudonyms, received_at=frame.received_at)
            events.setdefault(told.device, []).append(told.event)
            times.append(told.t)
    assert tally.session_messages == sum(map(len, events.values())) > 15
    assert {tuple(e) for e in events.values()} == {("connect",), ("connect", "disconnect")}
    # played fast, times begin in the past and never reach the future
    assert max(times) <= time.time()
    assert max(times) - min(times) > 400


def test_a_broker_that_goes_away_is_waited_for(mosquitto: Mosquitto) -> None:
    people = {"arrivals_per_hour": 300, "start_inside": 40}
    world = World(scenario(people=people), small_plan(), 6.0)
    listening = subscriber(mosquitto)
    restarted: list[float] = []

    def cut(at: LiveProgress) -> None:
        if at.reached_s >= 2.0 and not restarted:
            restarted.append(at.reached_s)
            mosquitto.stop()
            mosquitto.start()

    publisher = Publisher(Broker.from_url(mosquitto.url))
    publisher.start(60)
    tally = asyncio.run(run_live(world, publisher, 1.0, on_progress=cut))
    assert publisher.close(60) == 0
    assert listening.wait_connected(patience_s(60))
    frames = [json.loads(f.payload) for f in received(listening, mosquitto) if "/readings/" in f.topic]
    got = {(r["mac"], r["ap"], r["t"]) for f in frames for r in f["readings"]}
    assert restarted
    assert len(got) == tally.readings


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_with_its_summary(mosquitto: Mosquitto, tmp_path: Path, number: signal.Signals) -> None:
    day = tmp_path / "day.yaml"
    day.write_text("extends: quiet-tuesday\npeople: {arrivals_per_hour: 300, start_inside: 30}\n")
    arguments = [sys.executable, "-W", "error", "-c", COMMAND, "simulate", str(day), "--mqtt", mosquitto.url, "--json"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    listening = subscriber(mosquitto)
    assert listening.take(1, 120), "nothing was published"
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    summary = json.loads(out)
    listening.stop()
    assert summary["store"] == "supermarket"
    assert summary["frames"] > 0
    assert summary["readings"] >= summary["frames"]
    assert summary["unconfirmed_messages"] == 0
    assert summary["errors"] == {}
    assert summary["latency_ms_median"] is None
