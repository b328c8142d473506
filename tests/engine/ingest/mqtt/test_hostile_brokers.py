"""Brokers with certificates, brokers that are away, and what is no broker; and publishers at them."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from engine.config import MqttConfig
from engine.errors import OperatorError
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.receiver import Publisher, Subscriber
from tests.brokers import Mosquitto, free_port
from tests.engine.ingest.mqtt.test_receiver import (
    TOPIC,
    WAIT_S,
    collect,
    config,
    eventually,
    numbers,
    publish,
    subscribed,
)


def test_tls_is_verified_and_works(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, tls=True) as broker:
        with subscribed(broker, tls=True, tls_ca_file=broker.ca_file) as subscriber:
            publisher = Publisher(Broker.from_url(broker.url, tls_ca_file=broker.ca_file))
            publisher.start(WAIT_S)
            payload = b"x" * 300_000  # many TLS records
            for _ in range(5):
                publisher.publish(TOPIC, payload, WAIT_S)
            assert publisher.close() == 0
            assert [frame.payload for frame in collect(subscriber, 5)] == [payload] * 5
        with subscribed(broker, wait=False, tls=True) as stranger:  # no authority given: not trusted
            assert eventually(lambda: "certificate" in stranger.state.reason)
            assert not stranger.wait_connected(0.0)


def test_unusable_certificate_files_are_the_operator_s_mistake(tmp_path: Path) -> None:
    absent, junk = tmp_path / "absent.pem", tmp_path / "junk.pem"
    junk.write_text("not a certificate")
    changes = {"tls": True, "tls_ca_file": absent, "tls_cert_file": junk}
    with pytest.raises(OperatorError) as caught:
        Subscriber(MqttConfig(port=free_port(), **changes)).start()
    assert [problem.place for problem in caught.value.problems] == ["mqtt.tls_ca_file", "mqtt.tls_cert_file"]


def test_a_broker_that_is_not_there_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broker = Mosquitto(tmp_path)
    with subscribed(broker, wait=False) as subscriber:
        assert eventually(lambda: caplog.records)  # away it is before its first attempt, too: said after that
        assert (subscriber.state.name, caplog.records[0].levelname) == ("away", "WARNING")
        with broker:
            assert subscriber.wait_connected(WAIT_S)
    with pytest.raises(OperatorError, match="broker running"):
        Publisher(Broker("127.0.0.1", free_port())).start(0.5)


GARBAGE = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"",
    b"\x20\x03\x00\x00\x00" + b"\x30\xff\xff\xff\xff\xff",  # yes, then an impossible length
    b"\x20\x03\x00\x00\x00" + b"\x30\x02\x00\xff",  # yes, then a topic longer than its packet
    b"\x20\x03\x00\x00\x00" + b"\x32\x06\x00\x02\xff\xfe\x00\x01",  # yes, then a topic that is no text
    b"\x20\x03\x00\x00\x00" + b"\x90\x01\x00",  # yes, then half an answer
    b"\x20\x01\x00",
    bytes(range(256)),
]


def test_something_that_is_no_broker_is_left_and_looked_at_again(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    with socket.create_server(("127.0.0.1", broker.port)) as server:

        def answer() -> None:
            for reply in GARBAGE:
                peer, _ = server.accept()
                peer.recv(1024)
                peer.sendall(reply)
                time.sleep(0.1)
                peer.close()

        impostor = threading.Thread(target=answer, daemon=True)
        impostor.start()
        subscriber = Subscriber(config(broker))
        subscriber.start()
        impostor.join(WAIT_S)
        assert not impostor.is_alive()
    with broker:
        assert eventually(lambda: subscriber.state.name == "connected")
        publish(broker, range(3))
        assert eventually(lambda: len(subscriber) >= 3)
        subscriber.stop()


def test_events_go_out_and_never_wait(mosquitto: Mosquitto) -> None:
    topic = "rayon/boutique/readings/echo"  # one that the test itself hears
    with subscribed(mosquitto) as subscriber:
        assert subscriber.publish(topic, json.dumps({"n": 1}).encode())
        assert subscriber.publish(topic, json.dumps({"n": 2}).encode(), qos=1)
        assert [json.loads(frame.payload)["n"] for frame in collect(subscriber, 2)] == [1, 2]
        mosquitto.stop()
        assert eventually(lambda: subscriber.state.name == "away")
        assert not any(subscriber.publish(topic, b"{}") for _ in range(1000))
        assert subscriber.events_dropped == 1000


def test_a_publisher_outlives_its_broker(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, subscribed(broker) as subscriber:
        publisher = Publisher(Broker.from_url(broker.url))
        publisher.start(WAIT_S)
        for number in range(50):
            publisher.publish(TOPIC, b"%d" % number, WAIT_S)
        assert publisher.flush(WAIT_S)
        broker.stop()
        for number in range(50, 100):
            publisher.publish(TOPIC, b"%d" % number, WAIT_S)
        for _ in range(50):
            publisher.publish(TOPIC, b"0", 1)
        with pytest.raises(TimeoutError, match="not confirmed 100"):
            publisher.publish(TOPIC, b"0", 0.2)
        broker.start()
        assert publisher.close(WAIT_S) == 0
        seen = numbers(collect(subscriber, 150))
        assert sorted(set(seen)) == list(range(100))
        assert [number for i, number in enumerate(seen) if number and number not in seen[:i]] == list(range(1, 100))


def test_narrow_topics_where_the_wildcard_is_refused(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic read rayon/boutique/readings/+\ntopic write rayon/#\n")
    with Mosquitto(tmp_path / "broker", lines=(f"acl_file {rules}",)) as broker:
        subscriber = Subscriber(config(broker), ["boutique"])
        subscriber.start()
        assert subscriber.wait_connected(WAIT_S)
        publish(broker, range(3))
        assert numbers(collect(subscriber, 3)) == [0, 1, 2]
        subscriber.stop()
