"""same-client-id: two engines with the shipped configuration at one broker took one session from each other.

Input: two clients under one client id; two engines with the shipped configuration; two that are given one id.
Right: an id of its own by default, kept over restarts; the broker's reason in the log; connections ever more rarely,
and *not ready*; of two engines on one database with one id, only the one that runs the stores connects.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from pathlib import Path

import pytest

from engine.config import Config, MqttConfig
from engine.ingest.mqtt.receiver import Subscriber
from engine.runtime.process import EngineProcess
from engine.storage.database import open_database
from tests.brokers import Mosquitto
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique
from tests.engine.runtime.shifts import SECRETS, Shift
from tests.engine.runtime.wire import Wire
from tests.sites import until


def test_two_clients_of_one_id_say_so_and_try_ever_more_rarely(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rayon.mqtt")
    config = MqttConfig(port=mosquitto.port, client_id="till-pc", reconnect_min_s=0.02)
    pair = [Subscriber(config), Subscriber(config)]
    try:
        for subscriber in pair:
            subscriber.start()
        until(lambda: any(s.unsteady for s in pair), 60)
        began = time.monotonic()
        until(lambda: time.monotonic() - began > 2.0, 60)
        made = sum(s.connections for s in pair)
        unsteady = "".join(s.unsteady for s in pair)
    finally:
        for subscriber in pair:
            subscriber.stop()
    assert made < 25, "waits double: after a second they are longer than the test"
    assert "another client with the client id till-pc would do that" in unsteady  # Mosquitto 2.0 gives no reason
    assert "would do that; trying less and less often" in caplog.text
    assert caplog.text.count("away:") <= 6


def test_the_reason_that_a_broker_gives_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """MQTT 5, 4.13: DISCONNECT with 0x8E, session taken over."""

    def take_over(listener: socket.socket) -> None:
        for _ in range(3):
            end, _ = listener.accept()
            with end:
                end.recv(1024)
                end.sendall(bytes([0x20, 3, 0, 0, 0]) + bytes([0xE0, 2, 0x8E, 0]))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        broker = threading.Thread(target=take_over, args=(listener,))
        broker.start()
        subscriber = Subscriber(MqttConfig(port=listener.getsockname()[1], reconnect_min_s=0.02))
        subscriber.start()
        try:
            until(lambda: subscriber.unsteady, 60)
            assert "another client connected under our client id and took our session over" in subscriber.unsteady
        finally:
            broker.join()
            subscriber.stop()
    assert "away: another client connected under our client id and took our session over" in caplog.text


def test_two_engines_of_one_folder_have_ids_of_their_own_that_survive_a_restart(tmp_path: Path) -> None:
    db, plan, wire = open_database(new_sqlite(tmp_path / "rayon.db")), boutique(), Wire()
    try:
        first, second = (Shift(db, plan, tmp_path, wire) for _ in range(2))
        ids = [shift.process.subscriber.client_id for shift in (first, second)]
        first.stop()
        again = Shift(db, plan, tmp_path, wire).process.subscriber.client_id
        second.stop()
    finally:
        db.close()
    assert len(set(ids)) == 2
    assert all(name.startswith("rayon-engine-") for name in ids)
    assert again == ids[0]


def test_of_two_engines_with_one_id_only_the_one_that_runs_the_stores_connects(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    config = Config.model_validate(
        {
            "mqtt": {"port": mosquitto.port, "client_id": "the-site"},
            "storage": {"data_dir": tmp_path, "lease_s": 600.0},  # whoever stops gives it back
            "positioning": {"cell_m": 2.0},
        }
    )
    db, plan = open_database(new_sqlite(tmp_path / "rayon.db")), boutique()
    try:
        first, second = (EngineProcess(config, db, SECRETS, {plan.store: plan}) for _ in range(2))
        for process in (first, second):
            process.leases.look()
            process.turn()
        until(lambda: first.subscriber.connections == 1, 60)
        for _ in range(3):
            first.turn()
            second.turn()
        assert [p.subscriber.connections for p in (first, second)] == [1, 0]
        assert [len(p.not_ready()) for p in (first, second)] == [0, 1]
        first.stopping.set()
        first.run()
        second.leases.look()
        second.turn()
        until(lambda: second.subscriber.connections == 1, 60)
        second.stopping.set()
        second.run()
    finally:
        db.close()
