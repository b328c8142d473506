"""`rayon sources`: what is declared, what recorded messages give, what comes over a real broker."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli.commands import build
from engine.errors import OperatorError
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from tests.brokers import Mosquitto
from tests.engine.runtime.made import FLOORPLANS

AP, PHONE = "00:00:5e:00:53:81", "02:00:5e:00:53:01"
TOPIC = f"meraki/v1/mr/N_1/{AP.upper()}/wifi/{PHONE.upper()}"


def message(ap: str = AP, rssi: str = "-61") -> bytes:
    said = {"mrMac": ap.upper(), "clientType": "associated", "clientMac": PHONE.upper(), "networkId": "N_1"}
    return json.dumps(said | {"rssi": rssi, "radio": "wifi", "timestamp": "2026-11-28 10:00:00.000"}).encode()


def site(folder: Path, port: int = 1883) -> Path:
    config = folder / "config.yaml"
    config.write_text(
        f"""
stores: {{ floorplans_dir: {FLOORPLANS}, stores: [boutique] }}
mqtt: {{ port: {port} }}
sources:
  - {{ name: meraki, kind: meraki-mqtt, stores: [boutique], topic: "meraki/v1/mr/#" }}
  - name: cloud
    kind: meraki-scanning-v3
    stores: [boutique]
    receiver: true
    secret_env: T_CLOUD
    options: {{ validator: v }}
    maps: [{{ map: g_1, level: rdc }}]
  - {{ name: radius, kind: radius, stores: [boutique], receiver: true, secret_env: T_CLOUD }}
"""
    )
    return config


def run(*args: str) -> Result:
    return CliRunner().invoke(build(), ["sources", *args], catch_exceptions=True)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_CLOUD", "secret")


def test_what_is_declared(tmp_path: Path) -> None:
    result = run("check", "--config", str(site(tmp_path)))
    assert result.exit_code == 0
    assert "meraki: meraki-mqtt for boutique, by topic meraki/v1/mr/#" in result.stdout
    assert "cloud: meraki-scanning-v3 for boutique, by POST /in/cloud" in result.stdout
    assert "its map g_1 is level rdc" in result.stdout


def test_sources_of_stores_that_another_process_serves_are_said_to_be_left_out(tmp_path: Path) -> None:
    config = site(tmp_path)
    more = 'stores: [supermarket], topic: "a/#"'
    config.write_text(config.read_text() + f"  - {{ name: other, kind: mist, {more} }}\n")
    assert "other: left out here, serves supermarket" in run("check", "--config", str(config)).stdout.splitlines()
    assert "is left out here" in str(run("check", "other", "--config", str(config)).exception)
    config.write_text(config.read_text().replace("supermarket", "boutik"))
    said = str(run("check", "--config", str(config)).exception)
    assert said == f"{config}: sources[3].stores: no floor plan: boutik (did you mean 'boutique'?)"


def test_a_recorded_message_goes_the_whole_way(tmp_path: Path) -> None:
    config = str(site(tmp_path))
    good, strange = tmp_path / "good.json", tmp_path / "strange.json"
    good.write_bytes(message())
    strange.write_bytes(message("00:00:5e:00:54:ff"))
    result = run("check", "meraki", str(good), "--topic", TOPIC, "--config", config)
    assert (result.exit_code, "boutique: 1 reading of 1 phone by 1 access point" in result.stdout) == (0, True)
    result = run("check", "meraki", str(strange), "--topic", TOPIC, "--config", config)
    assert result.exit_code == 1
    assert "boutique has no access point 00:00:5e:00:54:ff: add `macs` to its plan" in result.stdout


def test_a_position_off_the_plan_says_where_it_came_to_lie(tmp_path: Path) -> None:
    file = tmp_path / "post.json"
    place = {"floorPlanId": "g_1", "x": 500.0, "y": 1.5, "variance": 1.0}
    seen = [{"clientMac": PHONE, "locations": [place | {"time": f"2026-11-28T10:00:0{k}Z"} for k in range(5)]}]
    file.write_text(json.dumps({"version": "3.0", "secret": "secret", "type": "WiFi", "data": {"observations": seen}}))
    result = run("check", "cloud", str(file), "--config", str(site(tmp_path)))
    assert result.exit_code == 1
    assert "off_plan: x 500.0 m, y " in result.stdout
    assert "; rdc of boutique reaches from 0.0, 0.0 to " in result.stdout
    assert "and 2 positions more off the plan" in result.stdout


def test_a_topic_that_would_not_reach_the_source_is_said(tmp_path: Path) -> None:
    file = tmp_path / "good.json"
    file.write_bytes(message())
    result = run("check", "meraki", str(file), "--topic", "other/topic", "--config", str(site(tmp_path)))
    assert isinstance(result.exception, OperatorError)
    assert "does not match meraki/v1/mr/#" in str(result.exception)


def test_unknown_sources_are_named(tmp_path: Path) -> None:
    result = run("check", "mist", "--config", str(site(tmp_path)))
    assert isinstance(result.exception, OperatorError)
    assert "one of meraki, cloud, radius" in str(result.exception)


def test_the_key_of_a_kind_that_does_not_sign_is_looked_at(tmp_path: Path) -> None:
    config, file = str(site(tmp_path)), tmp_path / "start.json"
    called = {"Acct-Status-Type": "Start", "Calling-Station-Id": PHONE, "Called-Station-Id": AP}
    file.write_text(json.dumps(called))

    def said(*headers: str) -> tuple[int, str]:
        if headers:
            file.with_suffix(".headers").write_text("\n".join(headers))
        result = run("check", "radius", str(file), "--config", config)
        return result.exit_code, result.stdout.splitlines()[0].removeprefix(f"{file}: ")

    assert said() == (0, "its key was not looked at: --headers gives what came with it")
    assert said("Content-Type: application/json")[1].startswith("no key shown: the receiver would answer 401")
    assert said("Authorization: Bearer other")[0] == 1
    assert said("Authorization: Bearer secret") == (0, "1 session")


@contextmanager
def publishing(broker: Mosquitto) -> Iterator[None]:
    """Somebody who speaks all the time."""
    publisher = Publisher(Broker.from_url(broker.url))
    publisher.start(60)
    done = threading.Event()

    def speak() -> None:
        k = 0
        while not done.wait(0.05):
            k += 1
            publisher.publish(TOPIC, message(rssi=str(-50 - k % 30)))
            publisher.publish("meraki/v1/mr/N_1", b"no json")

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        yield
    finally:
        done.set()
        speaker.join()
        publisher.close(60)


def test_tail_and_record_show_what_comes_and_no_mac(tmp_path: Path, mosquitto: Mosquitto) -> None:
    config, table = str(site(tmp_path, mosquitto.port)), tmp_path / "readings.csv"
    with publishing(mosquitto):
        shown = run("tail", "meraki", "--seconds", "4", "--config", config)
        recorded = run("record", "meraki", "-o", str(table), "--seconds", "4", "--config", config)
    assert (shown.exit_code, recorded.exit_code) == (0, 0)
    assert "refused: not_json: not JSON" in recorded.output, "what was refused meanwhile"
    assert "boutique: AP rdc 1 heard " in shown.stdout
    assert "refused: not_json" in shown.stdout
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) > 1
    assert {row["ap"] for row in rows} == {AP}
    assert len({row["device"] for row in rows}) == 1
    for text in (shown.output, table.read_text()):
        assert PHONE not in text.lower()
        assert PHONE.replace(":", "") not in text.lower()
