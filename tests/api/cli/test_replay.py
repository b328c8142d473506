"""`rayon replay`: the recording that goes in is the recording that arrives."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from api.cli import replay as replaying
from api.cli.replay import batches, device_macs, register, synthetic_mac
from engine import progress
from engine.config import IngestConfig, MqttConfig
from engine.errors import OperatorError
from engine.files import read_readings
from engine.ingest.decoders.native import Frame, NativeDecoder
from engine.ingest.mqtt.receiver import RawFrame, Subscriber
from engine.privacy.pseudonyms import Pseudonyms, normal_mac
from engine.records import Readings
from engine.runtime.intake import Intake
from tests.brokers import Mosquitto
from tests.clocks import until

APS = {"ap-1": 0, "ap-2": 1}
START = 1_500_000_000.0
SECONDS = 20


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two phones and an access point that is heard, for twenty seconds, in no order."""
    lines = ["t,device,ap,rssi_dbm,range_m"]
    for i in range(SECONDS * 4):
        t = START + i * 0.25
        lines += [f"{t},phone A,ap-1,-6{i % 10},", f"{t},02:00:5e:00:53:01,ap-2,,{i}.5"]
    lines.append(f"{START + 3},ap-2,ap-1,-40,")
    path = tmp_path / "readings.csv"
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    return path


def run(*args: str) -> dict[str, object]:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["replay", *args, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    summary: dict[str, object] = json.loads(result.stdout)
    return summary


def receive(broker: Mosquitto, *args: str) -> tuple[dict[str, object], list[Frame]]:
    subscriber = Subscriber(MqttConfig(port=broker.port))
    subscriber.start()
    assert subscriber.wait_connected(60)
    summary = run("--mqtt", broker.url, "--store", "boutique", *args)
    decoder = NativeDecoder({"boutique": APS}, Pseudonyms(b"a secret of this site only"))
    taken: list[RawFrame] = []
    until(lambda: taken.extend(subscriber.take(64, 0.3)) or len(taken) >= int(str(summary["frames"])), 60)
    frames = [decoder.decode(raw.topic, raw.payload, raw.received_at) for raw in taken]
    subscriber.stop()
    return summary, frames


def test_a_recording_arrives_whole_now_and_in_its_own_rhythm(mosquitto: Mosquitto, table: Path) -> None:
    before = time.time()
    summary, frames = receive(mosquitto, str(table), "--speed", "20")
    readings = Readings.concat([frame.readings for frame in frames])
    assert sum(len(frame.ap_readings) for frame in frames) == 1
    assert not any(frame.refused for frame in frames)
    assert len(readings) == SECONDS * 4 * 2
    shift = float(str(summary["shift_s"]))
    assert before <= START + shift <= time.time()
    assert np.sort(readings.t - shift - START) == pytest.approx(np.repeat(np.arange(SECONDS * 4) * 0.25, 2), abs=1e-3)
    assert (summary["frames"], summary["readings"], summary["devices"]) == (len(frames), SECONDS * 8 + 1, 3)
    assert (summary["unconfirmed"], summary["devices_as_mac"]) == (0, 1)
    assert all(frame.readings.t.max() <= frame.sent_at for frame in frames)
    assert float(str(summary["took_s"])) > (SECONDS - 1) / 20


@pytest.mark.parametrize("keep", [[], ["--keep-times"]])
def test_a_fast_replay_keeps_the_recordings_rate(mosquitto: Mosquitto, table: Path, keep: list[str]) -> None:
    summary, frames = receive(mosquitto, str(table), "--speed", "10", "--source", "gate", *keep)
    assert {(frame.source, frame.replay) for frame in frames} == {("gate", True)}
    intake = Intake(IngestConfig(), len(APS), 1.0)
    clocks = [intake.take([frame], frame.received_at).clock for frame in frames]
    shift = float(str(summary["shift_s"]))
    assert clocks[-1] == pytest.approx(START + shift + SECONDS - 0.25 - IngestConfig().reorder_s, abs=1e-3)
    assert intake.figures()["late"] == 0


def test_a_night_in_a_recording_is_no_silence(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(f"t,device,ap,rssi_dbm\n{START},phone,ap-1,-60\n{START + 20},phone,ap-1,-60\n")
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.05)
    monkeypatch.setattr(replaying, "PAUSE_S", 0.5)
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    to = ("--mqtt", mosquitto.url, "--store", "boutique", "--source", "gate", "--speed", "20")
    result = CliRunner().invoke(app, ["replay", str(path), *to], catch_exceptions=False)
    said = r"rayon/boutique/replay/gate: 50% done, about a minute left, the recording goes on at \d\d:\d\d:\d\d"
    assert re.search(said, result.stderr)


def test_frames_hold_every_reading_once_and_never_too_many(table: Path) -> None:
    recorded = read_readings(table)
    macs = device_macs(np.unique(recorded.device).tolist(), {"ap-1", "ap-2"})
    frames = list(batches(recorded, macs, 0.5, 100.0))
    assert sum(frame.n for frame in frames) == len(recorded)
    bodies = [json.loads(frame.payload) for frame in frames]
    times = [reading["t"] - 100.0 for body in bodies for reading in body["readings"]]
    assert sorted(times) == times
    assert sorted(times) == sorted(recorded.t.tolist())
    assert [body["sent_at"] for body in bodies] == [START + frame.due_s + 100.0 for frame in frames]
    assert all(len(body["readings"]) <= 5000 for body in bodies)


def test_big_batches_are_split(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text("t,device,ap,rssi_dbm\n" + "".join(f"{i / 1e4},p,ap-1,-60\n" for i in range(12_000)))
    assert [frame.n for frame in batches(read_readings(path), {"p": synthetic_mac("p")}, 10.0, 0.0)] == [
        5000, 5000, 2000,
    ]  # fmt: skip


def test_names_become_local_macs_and_macs_and_access_points_stay() -> None:
    macs = device_macs(["phone A", "aa:bb:cc:00:00:01", "ap-1", "AABBCC0000A1"], {"ap-1", "aa-bb-cc-00-00-a1"})
    assert macs["aa:bb:cc:00:00:01"] == "aa:bb:cc:00:00:01"
    assert macs["ap-1"] == "ap-1"
    assert macs["AABBCC0000A1"] == "AABBCC0000A1"
    assert macs["phone A"] == synthetic_mac("phone A") != synthetic_mac("phone B")
    first = int(normal_mac(macs["phone A"])[:2], 16)
    assert first & 0b11 == 0b10  # locally administered, one device


@pytest.mark.parametrize(
    "args",
    [
        ("--mqtt", "http://x", "--store", "s"),
        ("--mqtt", "mqtt://127.0.0.1:1", "--store", "a/b"),
        ("--mqtt", "mqtt://127.0.0.1:1", "--store", "s", "--source", "#"),
    ],
)
def test_mistakes_are_the_operator_s(table: Path, args: tuple[str, ...]) -> None:
    with pytest.raises(OperatorError):
        run(str(table), *args)


def test_an_empty_recording_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("t,device,ap,rssi_dbm\n")
    with pytest.raises(OperatorError):
        run(str(path), "--mqtt", "mqtt://127.0.0.1:1", "--store", "s")
