"""`POST /in/{source}` against a real broker: who is let in, what is handed over, and what a sender gets to hear."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.controllers.hand_over import AT_ONCE, BYTES_AT_ONCE, HandOver
from api.ratelimits import WRONG_KEYS_PER_MINUTE
from engine.config import Config, MqttConfig
from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.publisher import Delivered
from engine.ingest.mqtt.receiver import RawFrame, Subscriber
from engine.ingest.sources.envelope import open_request
from tests.api.conftest import served
from tests.api.site import Site, small_plan
from tests.brokers import Mosquitto, free_port
from tests.databases import new_sqlite
from tests.sites import until

MIST_SECRET, CLOUD_SECRET, CMX_SECRET = "mist-signs-with-this", "cloud-has-this-inside", "cmx-presents-this"
SECRETS = {"T_MIST": MIST_SECRET, "T_CLOUD": CLOUD_SECRET, "T_CMX": CMX_SECRET}
UNCHECKED = {"X-Mist-Signature-v2": "of a body that is not looked at"}
SOURCES = [
    {"name": "mist", "kind": "mist", "stores": ["corner"], "receiver": True, "secret_env": "T_MIST"},
    {
        "name": "cloud",
        "kind": "meraki-scanning-v3",
        "stores": ["corner"],
        "receiver": True,
        "secret_env": "T_CLOUD",
        "options": {"validator": "0ae1validator"},
    },
    {
        "name": "guessed",
        "kind": "meraki-scanning-v3",
        "stores": ["corner"],
        "receiver": True,
        "secret_env": "T_CLOUD",
        "options": {"validator": "0ae1validator"},
    },
    {"name": "tried", "kind": "meraki-mqtt", "stores": ["corner"], "receiver": True, "secret_env": "T_CMX"},
    {"name": "keyed", "kind": "meraki-mqtt", "stores": ["corner"], "receiver": True, "secret_env": "T_CMX"},
]


def mist_body(rssi: float = -61.5) -> bytes:
    event = {"ap_id": "02-00-00-00-00-01", "client_id": "02-aa-bb-cc-dd-01", "packets": [{"band": "5", "rssi": rssi}]}
    return json.dumps({"topic": "wifi-conn-raw", "events": [event]}).encode()


def signed(body: bytes, secret: str = MIST_SECRET) -> dict[str, str]:
    return {"X-Mist-Signature-v2": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def meraki_line(rssi: str) -> bytes:
    return json.dumps({"mrMac": "02:00:00:00:00:01", "clientMac": "02:aa:bb:cc:dd:01", "rssi": rssi}).encode()


def cloud_body(secret: str = CLOUD_SECRET) -> bytes:
    latest = {"time": "2026-11-28T10:00:00Z", "nearestApMac": "02:00:00:00:00:01", "nearestApRssi": -60}
    seen = [{"clientMac": "02:aa:bb:cc:dd:01", "locations": [], "latestRecord": latest}]
    return json.dumps({"version": "3.0", "secret": secret, "type": "WiFi", "data": {"observations": seen}}).encode()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as running:
        yield running


@pytest.fixture(scope="module")
def receivers(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    ear = Subscriber(MqttConfig(port=broker.port, client_id="engine"))  # its session stays: an engine has asked
    ear.start()
    assert ear.wait_connected(60)
    ear.stop()
    with pytest.MonkeyPatch.context() as patch, _site(broker.port, tmp_path_factory.mktemp("site"), patch) as site:
        until(lambda: post(site, "mist", mist_body(-50.25), signed(mist_body(-50.25))).status_code == 200, 60)
        yield site


def _site(port: int, folder: Path, patch: pytest.MonkeyPatch) -> Any:
    for name, value in SECRETS.items():
        patch.setenv(name, value)
    config = Config.model_validate({"api": {"port": 0}, "mqtt": {"port": port}, "sources": SOURCES})
    return served(new_sqlite(folder / "rayon.db"), config, small_plan())


@pytest.fixture
def engine_ear(broker: Mosquitto) -> Iterator[Subscriber]:
    """What an engine hears at the broker."""
    subscriber = Subscriber(MqttConfig(port=broker.port, client_id=f"ear-{time.monotonic_ns()}"))
    subscriber.start()
    assert subscriber.wait_connected(60)
    yield subscriber
    subscriber.stop()


def post(site: Site, source: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(f"{site.server.url}/in/{source}", content=body, headers=headers or {}, timeout=60, verify=False)


def taken(ear: Subscriber) -> list[RawFrame]:
    frames: list[RawFrame] = []
    until(lambda: bool(frames.extend(ear.take(10, 0.2)) or frames), 60)
    return frames


def test_a_signed_message_is_the_brokers_before_it_is_answered(receivers: Site, engine_ear: Subscriber) -> None:
    body = mist_body(-71.0)
    answer = post(receivers, "mist", body, signed(body))
    assert answer.status_code == 200
    (frame,) = taken(engine_ear)
    assert frame.topic == "rayon/corner/in/mist"
    message = open_request(frame.payload, frame.received_at, "mist", None)
    assert message.body == body
    assert message.headers["x-mist-signature-v2"] == signed(body)["X-Mist-Signature-v2"], "the engine checks again"


def test_a_compressed_one_too(receivers: Site, engine_ear: Subscriber) -> None:
    body = mist_body(-72.0)
    answer = post(receivers, "mist", gzip.compress(body), signed(body) | {"Content-Encoding": "gzip"})
    assert answer.status_code == 200
    assert open_request(taken(engine_ear)[0].payload, time.time(), "mist", None).body == body


@pytest.mark.parametrize(
    ("source", "body", "headers", "status"),
    [
        ("mist", mist_body(-73.0), {}, 401),
        ("mist", mist_body(-73.0), signed(mist_body(-73.0), "another"), 401),
        ("cloud", cloud_body("another"), {}, 401),
        ("keyed", b"{}", {}, 401),
        ("keyed", b"{}", {"Authorization": "Bearer another"}, 401),
        ("mist", b"{", signed(b"{"), 400),
        ("nobody", b"{}", {}, 404),
        ("mist", b"x" * (8 * 1024 * 1024 + 1), {}, 401),
        ("mist", b"x" * (8 * 1024 * 1024 + 1), UNCHECKED, 413),
        ("mist", gzip.compress(b"0" * (9 * 1024 * 1024)), {"Content-Encoding": "gzip"} | UNCHECKED, 413),
        ("mist", b"no gzip", {"Content-Encoding": "gzip"} | UNCHECKED, 400),
        ("mist", b"{}", {"Content-Encoding": "br"} | UNCHECKED, 400),
    ],
)
def test_what_is_not_let_in(receivers: Site, source: str, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = post(receivers, source, body, headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_message_that_came_before_is_refused(receivers: Site) -> None:
    body = mist_body(-74.0)
    assert post(receivers, "mist", body, signed(body)).status_code == 200
    again = post(receivers, "mist", body, signed(body))
    assert (again.status_code, again.json()["code"]) == (409, "replayed")


def test_a_key_as_bearer_or_as_a_password(receivers: Site) -> None:
    said = {"mrMac": "02:00:00:00:00:01", "clientMac": "02:aa:bb:cc:dd:01", "rssi": "-74"}
    for k, auth in enumerate([{"Authorization": f"Bearer {CMX_SECRET}"}, {"X-Rayon-Key": CMX_SECRET}]):
        body = json.dumps(said | {"rssi": str(-60 - k)}).encode()
        assert post(receivers, "keyed", body, auth).status_code == 200
    body = json.dumps(said | {"rssi": "-80"}).encode()
    answer = httpx.post(f"{receivers.server.url}/in/keyed", content=body, auth=("any", CMX_SECRET), timeout=60)
    assert answer.status_code == 200


def test_meraki_gets_its_validator(receivers: Site) -> None:
    answer = httpx.get(f"{receivers.server.url}/in/cloud", timeout=60)
    assert (answer.status_code, answer.text) == (200, "0ae1validator")
    assert httpx.get(f"{receivers.server.url}/in/mist", timeout=60).status_code == 204
    assert httpx.get(f"{receivers.server.url}/in/nobody", timeout=60).status_code == 404


def test_what_says_nothing_is_answered_and_goes_no_further(receivers: Site, engine_ear: Subscriber) -> None:
    empty = json.dumps({"topic": "ping", "events": []}).encode()
    assert post(receivers, "mist", empty, signed(empty)).status_code == 200
    assert post(receivers, "mist", empty, signed(empty)).status_code == 200, "nor is it a replay"
    body = mist_body(-75.0)
    post(receivers, "mist", body, signed(body))
    assert [open_request(f.payload, time.time(), "mist", None).body for f in taken(engine_ear)] == [body]


def head_of(site: Site, head: str) -> bytes:
    """What a request is answered that says how long its body is, and sends none of it."""
    host, port = site.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 60) as sender:
        sender.sendall(f"{head}\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n".encode())
        return sender.recv(4096)


def test_the_body_of_whom_we_do_not_know_is_not_read(receivers: Site) -> None:
    for head, status in (
        ("POST /in/keyed HTTP/1.1\r\nX-Rayon-Key: wrong", b" 401 "),
        ("POST /in/mist HTTP/1.1", b" 401 "),
        ("POST /in/nobody HTTP/1.1", b" 404 "),
    ):
        answer = head_of(receivers, head)
        assert status in answer.split(b"\r\n")[0], head


def test_a_slow_sender_holds_nobody_up(receivers: Site) -> None:
    host, port = receivers.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /in/mist HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        body = mist_body(-76.0)
        assert post(receivers, "mist", body, signed(body)).status_code == 200


def test_without_its_broker_a_receiver_asks_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _site(free_port(), tmp_path, monkeypatch) as site:
        body = mist_body()
        for _ in range(2):  # the second is no replay: the first was not taken
            answer = post(site, "mist", body, signed(body))
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"


def test_before_an_engine_ever_listened_a_receiver_asks_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker took it, and forgot it: nobody had asked for it yet."""
    with Mosquitto(tmp_path / "broker") as broker, _site(broker.port, tmp_path, monkeypatch) as site:
        body, detail = mist_body(), "no engine has asked"
        until(lambda: detail in post(site, "mist", body, signed(body)).json().get("detail", ""), 60)
        answer = post(site, "mist", body, signed(body))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        ear = Subscriber(MqttConfig(port=broker.port, client_id="engine"))
        ear.start()
        assert ear.wait_connected(60)
        ear.stop()  # its session waits for what comes
        assert post(site, "mist", body, signed(body)).status_code == 200


def test_outcomes_are_counted(receivers: Site) -> None:
    post(receivers, "mist", b"{}", {})
    manager = {"Authorization": "Bearer manager-key-of-tests"}
    answer = httpx.get(f"{receivers.server.url}/metrics", headers=manager, timeout=60)
    assert 'rayon_receiver_messages_total{outcome="taken",source="mist"}' in answer.text
    assert 'rayon_receiver_messages_total{outcome="bad_signature",source="mist"}' in answer.text


@pytest.mark.usefixtures("rate_clock")  # however long sixty of them take
def test_who_guesses_is_held_up_and_who_knows_is_not(receivers: Site) -> None:
    """30 wrong ones a minute, of a key in a header or in the body; the right one gets through behind them."""
    for source, wrong, right, key in (
        ("tried", b"{}", meraki_line("-66"), {"X-Rayon-Key": CMX_SECRET}),
        ("guessed", cloud_body("guess"), cloud_body(), {}),
    ):
        answers = [post(receivers, source, wrong, {}) for _ in range(WRONG_KEYS_PER_MINUTE + 2)]
        assert [a.status_code for a in answers] == [401] * WRONG_KEYS_PER_MINUTE + [429] * 2, source
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert post(receivers, source, right, key).status_code == 200, source


def test_a_body_of_seven_mebibytes_is_taken(receivers: Site, engine_ear: Subscriber) -> None:
    body = mist_body(-77.0) + b" " * (7 * 1024 * 1024)
    assert post(receivers, "mist", body, signed(body)).status_code == 200
    assert open_request(taken(engine_ear)[0].payload, time.time(), "mist", None).body == body


@pytest.fixture
def handed(broker: Mosquitto) -> Iterator[HandOver]:
    """Connected to a broker at which nobody listens to what it hands over."""
    hand_over = HandOver(MqttConfig(port=broker.port, client_id=f"hand-{time.monotonic_ns()}", keepalive_s=60))
    hand_over.start()
    until(lambda: hand_over.state is LinkName.CONNECTED, 60)
    yield hand_over
    hand_over.close()


def own_threads() -> set[str]:
    """All but those that the site's own jobs borrow meanwhile."""
    return {thread.name for thread in threading.enumerate() if not thread.name.startswith("AnyIO")}


def test_a_stalled_broker_keeps_only_so_many_waiting(
    broker: Mosquitto, handed: HandOver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many messages, or so many bytes of them; who comes later is told at once, and no thread waits."""
    monkeypatch.setattr("api.controllers.hand_over.PATIENCE_S", 60.0)

    async def all_at_once(payload: bytes, at_once: int) -> list[Delivered]:
        threads = own_threads()
        with broker.frozen():
            many = [asyncio.create_task(handed.deliver("t", payload)) for _ in range(at_once + 5)]
            await asyncio.wait(many, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)
            refused = [task for task in many if task.done()]
            assert [task.result() for task in refused] == [Delivered.BROKER_AWAY] * 5
            assert own_threads() == threads
        return [await task for task in many]

    for payload, at_once in ((b"", AT_ONCE), (bytes(BYTES_AT_ONCE // 4), 4)):
        assert asyncio.run(all_at_once(payload, at_once)).count(Delivered.NO_ENGINE) == at_once


def test_what_is_not_confirmed_in_time_is_not_taken(broker: Mosquitto, handed: HandOver) -> None:
    """Its confirmation may come later: nobody waits for it any more."""
    with broker.frozen():
        assert asyncio.run(handed.deliver("t", b"")) is Delivered.BROKER_AWAY
        assert handed._publisher._pending
        assert not handed._publisher._told
    assert handed._publisher.flush(60)
    assert asyncio.run(handed.deliver("t", b"")) is Delivered.NO_ENGINE


def test_without_a_connection_nobody_waits() -> None:
    """The publisher, who would be patient, is not even asked."""
    hand_over = HandOver(MqttConfig(port=free_port()))
    assert asyncio.run(hand_over.deliver("t", b"")) is Delivered.BROKER_AWAY
    assert not hand_over._publisher._pending
