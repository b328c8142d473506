"""The subscriber and the publisher against a real Mosquitto: nothing lost, nothing acknowledged too early."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from engine.config import MqttConfig
from engine.errors import OperatorError
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.receiver import Publisher, RawFrame, Subscriber
from engine.ingest.mqtt.shard_session import ShardSession
from tests.brokers import Mosquitto
from tests.clocks import patience_s

TOPIC = "rayon/boutique/readings/c1"
WAIT_S = 60.0  # a busy machine takes its time; only a failure takes all of it
PROTOCOLS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


def config(broker: Mosquitto, **changes: Any) -> MqttConfig:
    values = {"port": broker.port, "reconnect_min_s": 0.05, "reconnect_max_s": 0.2, "keepalive_s": 5}
    return MqttConfig(**(values | changes))


@contextmanager
def subscribed(broker: Mosquitto, *, wait: bool = True, **changes: Any) -> Iterator[Subscriber]:
    subscriber = Subscriber(config(broker, **changes))
    subscriber.start()
    try:
        assert not wait or subscriber.wait_connected(WAIT_S)
        yield subscriber
    finally:
        subscriber.stop()


def publish(broker: Mosquitto, numbers: range, **changes: Any) -> None:
    publisher = Publisher(Broker.from_url(broker.url))
    publisher.start(WAIT_S)
    for number in numbers:
        publisher.publish(TOPIC, b"%d" % number, WAIT_S)
    assert publisher.close() == 0
    assert publisher.refused == 0


def collect(subscriber: Subscriber, n: int, *, ack: bool = True, within_s: float = WAIT_S) -> list[RawFrame]:
    """Frames until there are `n`, or until nothing more comes."""
    frames: list[RawFrame] = []
    began = time.monotonic()
    while len(frames) < n and time.monotonic() - began < patience_s(within_s):
        taken = subscriber.take(64, 0.2)
        frames += taken
        if ack:
            subscriber.acknowledge([frame.token for frame in taken])
    return frames


def numbers(frames: list[RawFrame]) -> list[int]:
    return [int(frame.payload) for frame in frames]


def test_what_the_broker_kept_from_before_we_asked_is_marked(mosquitto: Mosquitto) -> None:
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    client.publish(TOPIC, b"1", 1, retain=True).wait_for_publish(WAIT_S)
    with subscribed(mosquitto) as subscriber:
        assert [raw.retained for raw in collect(subscriber, 1)] == [True]
        client.publish(TOPIC, b"2", 1, retain=True).wait_for_publish(WAIT_S)
        assert [raw.retained for raw in collect(subscriber, 1)] == [False]
    client.disconnect()
    client.loop_stop()


def test_recordings_are_listened_to_as_well(mosquitto: Mosquitto) -> None:
    with subscribed(mosquitto) as subscriber:
        publisher = Publisher(Broker.from_url(mosquitto.url))
        publisher.start(WAIT_S)
        publisher.publish("rayon/boutique/replay/tape", b"1", WAIT_S)
        assert publisher.close() == 0
        assert [raw.topic for raw in collect(subscriber, 1)] == ["rayon/boutique/replay/tape"]


def before_its_echo(subscriber: Subscriber) -> list[int]:
    """What comes before a frame that the subscriber now sends to itself: all that the broker had for it by then, and
    the broker has read by then all that the subscriber had said."""
    assert subscriber.publish(TOPIC, b"echo", 0)
    before: list[RawFrame] = []
    while True:
        taken = subscriber.take(64, WAIT_S)
        assert taken, "the echo must come"
        before += taken
        if before[-1].payload == b"echo":
            return numbers(before[:-1])


def knocks(port: int, count: int) -> None:
    """Stands where the broker was until somebody has come this many times, and turns them away."""
    with socket.create_server(("127.0.0.1", port)) as door:
        door.settimeout(WAIT_S)
        for _ in range(count):
            door.accept()[0].close()


def eventually(condition: Callable[[], bool], within_s: float = WAIT_S) -> bool:
    began = time.monotonic()
    while time.monotonic() - began < patience_s(within_s):
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@PROTOCOLS
def test_frames_arrive_in_order_with_topic_and_time(mosquitto: Mosquitto, protocol: str) -> None:
    with subscribed(mosquitto, protocol=protocol) as subscriber:
        before = time.time()
        publish(mosquitto, range(200))
        frames = collect(subscriber, 200)
    assert numbers(frames) == list(range(200))
    assert {frame.topic for frame in frames} == {TOPIC}
    assert all(before - 1 <= frame.received_at <= time.time() for frame in frames)


@PROTOCOLS
def test_what_was_not_acknowledged_comes_again_to_the_next_process(mosquitto: Mosquitto, protocol: str) -> None:
    with subscribed(mosquitto, protocol=protocol) as first:
        publish(mosquitto, range(10))
        frames = collect(first, 10, ack=False)
        first.acknowledge([frame.token for frame in frames[:4]])
        assert before_its_echo(first) == []  # so that the broker has heard it before the second comes
    with subscribed(mosquitto, protocol=protocol) as second:
        assert numbers(collect(second, 6)) == list(range(4, 10))
        assert before_its_echo(second) == []


@PROTOCOLS
def test_what_was_acknowledged_does_not_come_again(mosquitto: Mosquitto, protocol: str) -> None:
    with subscribed(mosquitto, protocol=protocol) as first:
        publish(mosquitto, range(50))
        assert len(collect(first, 50)) == 50
        assert before_its_echo(first) == []
    with subscribed(mosquitto, protocol=protocol) as second:
        assert before_its_echo(second) == []


@PROTOCOLS
def test_the_broker_keeps_frames_for_a_subscriber_that_is_away(mosquitto: Mosquitto, protocol: str) -> None:
    with subscribed(mosquitto, protocol=protocol):
        pass
    publish(mosquitto, range(300))
    with subscribed(mosquitto, protocol=protocol) as back:
        assert numbers(collect(back, 300)) == list(range(300))


KILLED = """
import os, sys, time
from engine.config import MqttConfig
from engine.ingest.mqtt.receiver import Subscriber
subscriber = Subscriber(MqttConfig(port=int(sys.argv[1])))
subscriber.start()
subscriber.wait_connected(60)
print("ready", flush=True)
taken = []
while len(taken) < 20:
    frames = subscriber.take(20, 1.0)
    taken += frames
    subscriber.acknowledge([frame.token for frame in frames if int(frame.payload) < 5])
subscriber.publish("rayon/boutique/readings/c1", b"echo")  # comes back when the broker has read all before it
while [frame.payload for frame in subscriber.take(1, 60.0)] != [b"echo"]:
    pass
print("taken", flush=True)
time.sleep(60)
"""


def test_a_killed_process_loses_nothing_it_had_not_acknowledged(mosquitto: Mosquitto) -> None:
    command = [sys.executable, "-c", KILLED, str(mosquitto.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[4]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        publish(mosquitto, range(20))
        assert process.stdout.readline() == "taken\n"
        os.kill(process.pid, signal.SIGKILL)
    with subscribed(mosquitto) as back:
        assert numbers(collect(back, 15)) == list(range(5, 20))


@PROTOCOLS
def test_a_broker_that_restarts_is_found_again_and_nothing_is_lost(
    mosquitto: Mosquitto, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rayon.mqtt")
    with subscribed(mosquitto, protocol=protocol) as subscriber:
        publish(mosquitto, range(100))
        held = collect(subscriber, 20, ack=False)
        mosquitto.stop()
        assert eventually(lambda: subscriber.state.name == "away")
        assert subscriber.state.reason
        knocks(mosquitto.port, 3)
        mosquitto.start()
        assert eventually(lambda: subscriber.state.name == "connected")
        subscriber.acknowledge([frame.token for frame in held])  # of the old connection: must do nothing
        assert sorted(set(numbers(collect(subscriber, 100)))) == list(range(100))
        publish(mosquitto, range(100, 120))
        assert numbers(collect(subscriber, 20)) == list(range(100, 120))
        assert subscriber.connections == 2
    ours = [record.levelname for record in caplog.records if "rayon-engine" in record.getMessage()]
    assert ours == ["INFO", "WARNING", "INFO"]  # connected, away, connected: not a line for every attempt


def test_tokens_of_an_old_connection_never_acknowledge_on_a_new_one(mosquitto: Mosquitto) -> None:
    with subscribed(mosquitto) as subscriber:
        publish(mosquitto, range(5))
        old = collect(subscriber, 5, ack=False)
        mosquitto.stop()
        assert eventually(lambda: subscriber.state.name == "away")
        mosquitto.start()
        assert subscriber.wait_connected(WAIT_S)
        new = collect(subscriber, 5, ack=False)
        assert {frame.token.mid for frame in new} & {frame.token.mid for frame in old}  # the same ids, another meaning
        subscriber.acknowledge([frame.token for frame in old])
    with subscribed(mosquitto) as again:
        assert numbers(collect(again, 5)) == list(range(5))


def test_tokens_of_a_shards_session_never_acknowledge_on_the_one_after_it(mosquitto: Mosquitto) -> None:
    """Message ids begin anew where the broker forgot the session: here it has another name."""
    old = ShardSession(config(mosquitto, client_id="shard-1"), [TOPIC])
    after = ShardSession(config(mosquitto, client_id="shard-2"), [TOPIC])
    for session in (old, after):
        session.start()
        assert session.wait_listening([TOPIC], patience_s(WAIT_S))
    publish(mosquitto, range(5))
    given, held = collect(old, 5, ack=False), collect(after, 5, ack=False)
    assert {frame.token.mid for frame in given} == {frame.token.mid for frame in held}
    after.acknowledge([frame.token for frame in given])
    for session in (old, after):
        session.stop()
    again = ShardSession(config(mosquitto, client_id="shard-2"), [TOPIC], expected=True)
    again.start()
    assert numbers(collect(again, 5)) == list(range(5))
    again.stop()


@PROTOCOLS
def test_a_slow_consumer_holds_the_broker_back_and_loses_nothing(tmp_path: Path, protocol: str) -> None:
    with (
        Mosquitto(tmp_path, max_inflight=1000) as broker,
        subscribed(broker, protocol=protocol, queue_frames=8) as subscriber,
    ):
        publish(broker, range(2000))
        assert eventually(lambda: len(subscriber) >= 8)
        held = collect(subscriber, 8, ack=False)
        assert len(held) == 8  # all that may be out is out: an echo overtakes what the broker holds back,
        if protocol == "5":
            assert before_its_echo(subscriber) == []
        else:  # or nothing is read
            assert not subscriber.may_read()
            assert len(subscriber) == 0
        subscriber.acknowledge([frame.token for frame in held])
        got = held
        while len(got) < 2000:
            taken = subscriber.take(3, WAIT_S)
            assert taken
            assert len(subscriber) <= 9
            got += taken
            subscriber.acknowledge([frame.token for frame in taken])
        assert numbers(got) == list(range(2000))
        assert subscriber.connections == 1


@pytest.mark.slow
@PROTOCOLS
def test_a_consumer_that_stops_for_longer_than_the_keepalive_goes_on_where_it_was(
    tmp_path: Path, protocol: str
) -> None:
    with (
        Mosquitto(tmp_path, max_inflight=1000, lines=("log_type all",)) as broker,
        subscribed(broker, protocol=protocol, queue_frames=8, keepalive_s=5) as subscriber,
    ):
        publish(broker, range(100))
        if protocol == "5":  # two intervals are over, and we are still heard
            assert eventually(lambda: broker.log.count("Received PINGREQ from rayon-engine") >= 2)
        else:
            assert eventually(lambda: subscriber.connections == 2)
        assert sorted(set(numbers(collect(subscriber, 100)))) == list(range(100))
        assert (subscriber.connections == 1) == (protocol == "5")


def test_frames_of_quality_0_are_dropped_and_counted_when_the_queue_is_full(mosquitto: Mosquitto) -> None:
    with subscribed(mosquitto, queue_frames=4) as subscriber, subscribed(mosquitto, client_id="other") as sender:
        for number in range(50):
            assert sender.publish(TOPIC, b"%d" % number, 0)
        assert eventually(lambda: len(subscriber) + subscriber.overflowed == 50)
        assert numbers(collect(subscriber, 4)) == [0, 1, 2, 3]
        assert subscriber.overflowed == 46


@PROTOCOLS
def test_passwords_are_asked_for(
    tmp_path: Path, protocol: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Mosquitto(tmp_path, username="engine", password="right") as broker:
        monkeypatch.setenv("RAYON_MQTT_USERNAME", "engine")
        monkeypatch.setenv("RAYON_MQTT_PASSWORD", "wrong")
        with subscribed(broker, wait=False, protocol=protocol) as subscriber:
            assert not subscriber.wait_connected(WAIT_S)
            assert subscriber.state.name == "refused"
            assert eventually(lambda: broker.log.count("not authorised") >= 3)  # several attempts
        errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
        assert len(errors) == 1
        assert "RAYON_MQTT_PASSWORD" in errors[0]
        assert "wrong" not in errors[0]
        with pytest.raises(OperatorError, match="user name"):
            Publisher(Broker.from_url(broker.url.replace("//", "//engine:wrong@"))).start(WAIT_S)
        monkeypatch.setenv("RAYON_MQTT_PASSWORD", "right")
        with subscribed(broker, protocol=protocol) as subscriber:
            publish(broker, range(3))
            assert numbers(collect(subscriber, 3)) == [0, 1, 2]
