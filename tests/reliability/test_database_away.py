"""The database goes away in mid-run and comes back: said once, nothing lost, no restart needed."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.storage.database import Database, open_database
from engine.storage.status import get_status
from tests.brokers import Mosquitto, free_port
from tests.databases import Postgres, postgres
from tests.engine.runtime.made import FLOORPLANS, boutique, frames, payload, stands
from tests.sites import Site, until

__all__ = ["postgres"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
RUN_S = 24.0
AWAY = (6.0, 14.0)  # seconds after the beginning


class Wire:
    """A TCP port in front of PostgreSQL's socket that can be cut, as a network can."""

    def __init__(self, behind: Path) -> None:
        self.port = free_port()
        self._behind = behind
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def plug(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):  # already closed by its thread
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._open:
            with contextlib.suppress(OSError):  # the other side may have closed it first
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open = []

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return  # cut
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._behind))
            self._open += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(a, b), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # cut
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[tuple[Wire, str, str]]:
    """(wire, URL through it, URL past it) of a fresh database."""
    direct = postgres.fresh()
    parts = urlsplit(direct)
    folder = parse_qs(parts.query)["host"][0]
    made = Wire(next(Path(folder).glob(".s.PGSQL.*[0-9]")))
    made.plug()
    yield made, f"postgresql://{parts.username or 'postgres'}@127.0.0.1:{made.port}{parts.path}", direct
    made.cut()


def test_the_database_comes_back_and_nothing_is_missing(
    tmp_path: Path, mosquitto: Mosquitto, wire: tuple[Wire, str, str]
) -> None:
    plan = boutique()
    line, through, direct = wire
    site = Site(tmp_path, mosquitto.port, FLOORPLANS, ["boutique"], storage={"url": through, "checkpoint_s": 2.0})
    db = open_database(direct)
    publisher = Publisher(Broker.from_url(mosquitto.url))
    n = 0
    site.start("engine")
    try:
        site.wait_connected()
        publisher.start()
        origin = time.time()
        for at_s, readings in frames(plan, stands(plan, 8, RUN_S), RUN_S):
            time.sleep(max(0.0, origin + at_s - time.time()))
            if at_s == AWAY[0]:
                line.cut()
            if at_s == AWAY[1]:
                assert _handled(db) < n, "nothing can have been written while the database was away"
                line.plug()
            publisher.publish("rayon/boutique/readings/c1", payload(at_s, readings, origin))
            n += len(readings)
        publisher.close(60)
        until(lambda: _handled(db) >= n, 60, lambda: f"{_handled(db)} of {n}\n{site.log[-3000:]}")
        assert _handled(db) == n
    finally:
        assert site.stop() == 0, site.log[-3000:]
        db.close()
    assert site.log.count("the database is away") == 1
    assert site.log.count("the database is back") == 1
    assert "Traceback" not in site.log


def _handled(db: Database) -> int:
    values = {s.store: s.values for s in get_status(db) if s.component == "engine"}
    return int(values.get("boutique", {}).get("counts", {}).get("readings", 0))
