"""A measured walk, replayed through a real broker into a running engine, is located as it was walked."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest

from engine.files import read_truth
from tests.brokers import Mosquitto
from tests.forked import rayon
from tests.sites import Site, until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
DATA = Path(__file__).parent.parent / "data"
SPEED = 500  # six hours of recording, most of them pauses between laps, in under a minute


class Listener:
    """Collects fix events."""

    def __init__(self, port: int, topic: str) -> None:
        self.fixes: list[tuple[float, float, float]] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(60)

    def _take(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        fix = json.loads(message.payload)["data"]
        self.fixes.append((fix["t"], fix["x_m"], fix["y_m"]))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_replayed_recording_is_located_within_two_and_a_half_metres(tmp_path: Path, mosquitto: Mosquitto) -> None:
    site = Site(tmp_path, mosquitto.port, DATA, ["library"], mqtt={"publish_events": ["fix"]})
    listener = Listener(mosquitto.port, "rayon/library/events/fix")
    site.start("engine")
    try:
        until(lambda: "Engine for library" in site.log, 60, lambda: site.log)
        readings = DATA / "library" / "readings-13.csv"
        command = [
            "replay",
            str(readings),
            "--mqtt",
            mosquitto.url,
            "--store",
            "library",
            "--speed",
            str(SPEED),
            "--json",
        ]
        replay = rayon(tmp_path, *command)
        assert replay.returncode == 0, replay.stderr
        summary = json.loads(replay.stdout)
        truth = read_truth(DATA / "library" / "truth-13.csv")
        windows = len(np.unique(np.floor(np.asarray(truth.t))))
        until(
            lambda: len(listener.fixes) >= 0.95 * windows, 60, lambda: f"{len(listener.fixes)} of {windows} {site.log}"
        )
    finally:
        assert site.stop() == 0, site.log
        listener.close()

    t, x, y = np.array(listener.fixes).T
    t = t - summary["shift_s"]
    error = np.hypot(x - np.interp(t, truth.t, truth.x_m), y - np.interp(t, truth.t, truth.y_m))
    assert np.median(error) < 2.5
