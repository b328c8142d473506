"""`WS /in/{source}` with a real client and a real broker: who is let in, and what becomes of frames."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from api.controllers import streams
from engine.config import Config, MqttConfig
from engine.ingest.mqtt.receiver import RawFrame, Subscriber
from engine.ingest.sources.envelope import open_request
from simulators.wires.vendors.protobuf import chunk, integer, zigzag
from tests.api.conftest import served
from tests.api.site import Site, small_plan
from tests.brokers import Mosquitto
from tests.databases import new_sqlite
from tests.sites import until

TOKEN, KEY = "token-of-the-profile", "key-of-the-agent"
SOURCES = [
    {"name": "aruba", "kind": "aruba-iot", "stores": ["corner"], "receiver": True, "secret_env": "T_ARUBA"},
    {"name": "agent", "kind": "meraki-mqtt", "stores": ["corner"], "receiver": True, "secret_env": "T_AGENT"},
    {"name": "topic", "kind": "meraki-mqtt", "stores": ["corner"], "topic": "meraki/#"},
]
MAC, AP = bytes.fromhex("0200aabbcc01"), bytes.fromhex("00005e005301")


def telemetry(level: int = -60, token: str = TOKEN) -> bytes:
    reporter = chunk(2, chunk(2, AP) + integer(8, int(time.time())))
    station = chunk(7, chunk(1, MAC) + integer(2, 16) + zigzag(3, level))
    return chunk(1, integer(1, 1) + chunk(2, token) + integer(3, 4)) + reporter + station


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as running:
        yield running


@pytest.fixture(scope="module")
def site(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    config = Config.model_validate({"api": {"port": 0}, "mqtt": {"port": broker.port}, "sources": SOURCES})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("T_ARUBA", TOKEN)
        patch.setenv("T_AGENT", KEY)
        with served(new_sqlite(tmp_path_factory.mktemp("site") / "rayon.db"), config, small_plan()) as running:
            yield running


@pytest.fixture
def ear(broker: Mosquitto) -> Iterator[Subscriber]:
    subscriber = Subscriber(MqttConfig(port=broker.port, client_id=f"ear-{time.monotonic_ns()}"))
    subscriber.start()
    assert subscriber.wait_connected(60)
    yield subscriber
    subscriber.stop()


def opened(site: Site, source: str, **headers: str) -> ClientConnection:
    return connect(f"{site.server.url.replace('http', 'ws')}/in/{source}", additional_headers=headers, open_timeout=60)


def taken(ear: Subscriber, number: int) -> list[RawFrame]:
    frames: list[RawFrame] = []
    until(lambda: frames.extend(ear.take(number, 0.2)) or len(frames) >= number, 60)
    return frames


def test_frames_are_the_brokers_in_their_order(site: Site, ear: Subscriber) -> None:
    said = [telemetry(-50 - k) for k in range(20)]
    with opened(site, "aruba", Authorization=f"Bearer {TOKEN}") as stream:
        for frame in said:
            stream.send(frame)
        frames = taken(ear, 20)
    assert {frame.topic for frame in frames} == {"rayon/corner/in/aruba"}
    assert [open_request(f.payload, f.received_at, "aruba", None).body for f in frames] == said
    assert TOKEN.encode() not in frames[0].payload.replace(said[0], b""), "the header stays where it was checked"


def test_a_token_in_the_frame_is_enough_for_aruba(site: Site, ear: Subscriber) -> None:
    with opened(site, "aruba") as stream:
        stream.send(telemetry(-71))
        assert len(taken(ear, 1)) == 1


def test_who_is_not_let_in_never_speaks(site: Site) -> None:
    for source, headers in (
        ("agent", {}),
        ("agent", {"Authorization": "Bearer another"}),
        ("aruba", {"Authorization": "Bearer another"}),
        ("topic", {"X-Rayon-Key": KEY}),
        ("nobody", {"X-Rayon-Key": KEY}),
    ):
        with pytest.raises(InvalidStatus) as refused:
            opened(site, source, **headers)
        assert refused.value.response.status_code == 403, source
    with opened(site, "agent", **{"X-Rayon-Key": KEY}):
        pass


def test_a_wrong_token_in_a_frame_ends_it_and_rubbish_does_not(site: Site, ear: Subscriber) -> None:
    with opened(site, "aruba") as stream:
        stream.send(b"rubbish")
        stream.send(telemetry(-72))
        assert len(taken(ear, 1)) == 1
        stream.send(telemetry(-73, "another"))
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_who_shows_nothing_and_says_nothing_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FIRST_FRAME_S", 0.2)
    with opened(site, "aruba") as stream, pytest.raises(ConnectionClosed):
        stream.recv(timeout=60)


def test_there_are_only_so_many(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    until(lambda: site.server.app.state.streams.open == 0, 60)
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    with opened(site, "aruba"):
        until(lambda: site.server.app.state.streams.open == 1, 60)
        with pytest.raises(InvalidStatus):
            opened(site, "aruba")
    until(lambda: site.server.app.state.streams.open == 0, 60)


def test_who_sends_too_fast_is_slowed_down(
    site: Site, ear: Subscriber, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(streams, "BURST", 2.0)
    monkeypatch.setattr(streams, "FRAMES_A_SECOND", 20.0)
    began = time.monotonic()
    with opened(site, "aruba") as stream:
        for k in range(12):
            stream.send(telemetry(-40 - k))
        assert len(taken(ear, 12)) == 12
    assert time.monotonic() - began >= 9 / 20.0, "two at once, the rest at twenty a second"


def test_a_frame_of_two_mebibytes_ends_it(site: Site) -> None:
    with opened(site, "aruba") as stream:
        with contextlib.suppress(ConnectionClosed):  # it may end before all of it is sent
            stream.send(b"x" * 2_097_152)
        with pytest.raises(ConnectionClosed):
            stream.recv(timeout=60)
