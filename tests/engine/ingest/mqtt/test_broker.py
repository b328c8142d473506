"""Addresses, credentials and the schedule of attempts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tenacity import RetryCallState, Retrying

from engine.config import MqttConfig
from engine.errors import OperatorError
from engine.ingest.mqtt.broker import Broker, jittered_waits


def test_a_url_with_everything() -> None:
    broker = Broker.from_url("mqtts://till%40one:p%2Fw@broker.example:8884", {}, tls_ca_file=Path("ca.pem"))
    assert (broker.host, broker.port, broker.tls, broker.tls_ca_file) == ("broker.example", 8884, True, Path("ca.pem"))
    assert (broker.username, broker.password) == ("till@one", "p/w")


def test_ports_and_credentials_have_defaults() -> None:
    environ = {"RAYON_MQTT_USERNAME": "engine", "RAYON_MQTT_PASSWORD": "secret"}
    assert Broker.from_url("mqtt://localhost", environ) == Broker(
        "localhost", 1883, protocol="3.1.1", username="engine", password="secret"
    )
    assert Broker.from_url("mqtts://localhost/", {}).port == 8883
    assert Broker.from_url("mqtt://anna@localhost", environ).password is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:1883",
        "http://localhost",
        "mqtt://",
        "mqtt://h:99999",
        "mqtt://h:x",
        "mqtt://h/topic",
        "mqtt://h?x=1",
    ],
)
def test_a_bad_url_is_the_operator_s_mistake_and_is_not_repeated(url: str) -> None:
    with pytest.raises(OperatorError) as caught:
        Broker.from_url(url.replace("mqtt://", "mqtt://user:secret@"), {})
    assert "secret" not in str(caught.value)


def test_passwords_are_not_shown() -> None:
    broker = Broker.from_url("mqtt://user:secret@localhost", {})
    assert "secret" not in repr(broker)
    assert str(broker) == "mqtt://localhost:1883"


def test_the_configuration_is_taken_over() -> None:
    config = MqttConfig(host="b", port=1884, protocol="3.1.1", tls=True, tls_ca_file=Path("x"), keepalive_s=7)
    broker = Broker.from_config(config, {"RAYON_MQTT_USERNAME": "engine"})
    assert (broker.host, broker.port, broker.protocol, broker.tls, broker.keepalive_s) == ("b", 1884, "3.1.1", True, 7)
    assert (broker.username, broker.password) == ("engine", None)


def test_waiting_grows_is_bounded_and_is_never_the_same_for_all() -> None:
    wait_after = jittered_waits(0.5, 30.0, random.Random(1))
    for attempt in (*range(1, 100), 5000):
        ceiling = min(0.5 * 2 ** (min(attempt, 50) - 1), 30.0)
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = attempt
        waits = {wait_after(state) for _ in range(20)}
        assert len(waits) == 20
        assert all(ceiling / 2 <= wait <= ceiling for wait in waits)
