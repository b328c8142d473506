"""Frames on disk: the bytes of a live run with the times they arrive, the same for the same seed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import DecodeError, OperatorError
from engine.ingest.decoders.native import decode_native, decode_session
from engine.plan.model import Plan
from engine.privacy.pseudonyms import Pseudonyms
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.publish import publish_world
from simulators.wires.frames import FRAMES, write_frames
from simulators.world import World
from tests.simulators.made import all_ticks, scenario, small_plan
from tests.simulators.test_cli import run

BAD = {"controllers": 2, "late_share": 0.2, "duplicate_share": 0.2, "reorder_share": 0.2, "malformed_share": 0.2}
DRIFTING = {"clock_offset_s": 1.5, "clock_drift_ppm": 20}
PEOPLE = {"arrivals_per_hour": 300, "start_inside": 10}


def by_mac() -> Plan:
    """The small store with access points that are called by their MACs, as Meraki's are."""
    plan = small_plan()
    aps = (replace(ap, id=f"00:00:5e:00:53:{i + 1:02x}") for i, ap in enumerate(plan.access_points))
    return replace(plan, access_points=tuple(aps))


def world(seconds: float = 20.0, **wire: Any) -> World:
    phones = {"dropouts_per_hour": 60, "dropout_s": 20, "idle_timeout_s": 2}
    return World(scenario(people=PEOPLE, phones=phones, wire=wire), by_mac(), seconds)


def written(folder: Path) -> list[tuple[float, str, bytes]]:
    out = []
    for line in (folder / FRAMES).read_text(encoding="utf-8").splitlines():
        frame = json.loads(line)
        text = frame.get("payload")
        payload = base64.b64decode(frame["payload_base64"]) if text is None else text.encode()
        assert list(frame)[:2] == ["received_at", "topic"]
        out.append((frame["received_at"], frame["topic"], payload))
    return out


@pytest.mark.parametrize(
    ("wire", "frames", "digest"),
    [
        (
            {"format": "native", **BAD, **DRIFTING},
            80,
            "b9c8c7bd6bddae0a15d3b001961fbba4f86fc5073e7efe15f3cb7ab04329dc59",
        ),
        (
            {"format": "meraki", **BAD, **DRIFTING},
            242,
            "c1929e646fa32f7f2969ec31ff88c7a07f0c14438132e4bf04ef7ff0da2b3df2",
        ),
    ],
    ids=["native", "meraki"],
)
def test_the_bytes_are_pinned(wire: dict[str, Any], frames: int, digest: str, tmp_path: Path) -> None:
    assert write_frames(world(**wire), tmp_path) == frames
    assert hashlib.sha256((tmp_path / FRAMES).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("format_", ["native", "meraki", "espresense"])
def test_they_are_the_messages_of_a_live_run(format_: str, tmp_path: Path) -> None:
    class Kept:
        def __init__(self) -> None:
            self.sent: list[tuple[str, bytes]] = []

        def publish(self, topic: str, payload: bytes, timeout_s: float | None = None) -> None:
            self.sent.append((topic, payload))

    kept, made = Kept(), world(format=format_, **BAD, **DRIFTING)
    write_frames(made, tmp_path)
    clock = LiveClock(made.run_s, 100.0)
    clock.started_t += made.scenario.starts_at.timestamp() - clock.start_t
    asyncio.run(publish_world(world(format=format_, **BAD, **DRIFTING), kept, clock, Tally()))
    sent = [(topic.replace("/replay/", "/readings/"), payload) for topic, payload in kept.sent]  # faster than life
    assert [(topic, payload) for _, topic, payload in written(tmp_path)] == sent


def test_a_good_network_loses_nothing_and_tells_in_time(tmp_path: Path) -> None:
    made = world(controllers=2)
    assert write_frames(made, tmp_path) == len(written(tmp_path))
    pseudonyms, start_t = Pseudonyms(b"k" * 32), made.scenario.starts_at.timestamp()
    readings = Counter[int]()
    sessions = []
    for received_at, topic, payload in written(tmp_path):
        assert round(received_at - start_t - 0.2, 6) % 0.5 == 0
        if "/sessions/" in topic:
            sessions.append(decode_session(topic, payload, pseudonym=pseudonyms, received_at=received_at))
            continue
        frame = decode_native(
            topic, payload, store_aps=made.plan.ap_index, pseudonym=pseudonyms, received_at=received_at
        )
        assert frame.sent_at == pytest.approx(received_at, abs=1e-3)
        readings[len(frame.readings) + len(frame.ap_readings)] += 1
    assert sum(n * times for n, times in readings.items()) == sum(len(h) for h in all_ticks(made))
    assert {s.event for s in sessions} == {"connect", "disconnect"}


def test_a_bad_network_does_what_the_scenario_says(tmp_path: Path) -> None:
    made = world(60.0, **BAD)
    write_frames(made, tmp_path)
    frames = written(tmp_path)
    received = np.array([t for t, _, _ in frames])
    assert (np.diff(received) >= 0).all()
    assert len({payload for _, _, payload in frames}) < 0.95 * len(frames)
    broken, late = 0, 0
    for t, topic, payload in frames:
        if "/readings/" not in topic:
            continue
        try:
            sent_at = decode_native(
                topic, payload, store_aps=made.plan.ap_index, pseudonym=Pseudonyms(b"k" * 32), received_at=t
            ).sent_at
        except DecodeError:
            broken += 1
        else:
            late += t - sent_at > 0.3
    assert broken / len(frames) == pytest.approx(0.2, abs=0.06)
    assert late / len(frames) > 0.2
    assert any("payload_base64" in line for line in (tmp_path / FRAMES).read_text().splitlines())


def test_the_command_writes_them_beside_the_tables(tmp_path: Path) -> None:
    ask = ("bad-network", "-o", str(tmp_path / "a"), "--seconds", "10", "--wire", "meraki", "--frames", "--json")
    summary = json.loads(run(*ask))
    assert summary["frames"] == len(written(tmp_path / "a")) > 100
    assert summary["readings"] > 100
    again = json.loads(run(*ask[:2], str(tmp_path / "b"), *ask[3:]))
    assert again["frames"] == summary["frames"]
    assert (tmp_path / "a" / FRAMES).read_bytes() == (tmp_path / "b" / FRAMES).read_bytes()
    topics = {topic.split("/")[0] for _, topic, _ in written(tmp_path / "a")}
    assert topics == {"meraki", "rayon"}  # vendors' controllers tell of sessions in our words


def test_frames_go_with_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="--frames goes with -o"):
        run("bad-network", "--mqtt", "mqtt://127.0.0.1", "--frames")
    with pytest.raises(OperatorError, match=FRAMES):
        write_frames(world(1.0), tmp_path / "nowhere")
