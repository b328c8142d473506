"""`rayon demo` as somebody meets it who has just installed Rayon: one command, a link, a coupon, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from api.cli.demo.broker import BrokerProcess
from engine.errors import OperatorError
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.receiver import Publisher
from tests.brokers import require_mosquitto
from tests.clocks import patience_s
from tests.forked import Rayon
from tests.sites import RAYON, until

BROKERS = ["mosquitto", "amqtt"]
WAIT_S = 120.0
COUPON_S = 200.0


@pytest.fixture(params=BROKERS, name="kind")
def kind_of_broker(request: pytest.FixtureRequest) -> str:
    if request.param == "mosquitto":
        require_mosquitto()
    return str(request.param)


class Demo:
    """A running `rayon demo`, with what it wrote so far."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._log = folder / "demo.log"
        environ = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
        options = ["demo", "--broker", kind]
        self.process: Rayon | subprocess.Popen[bytes]
        if kind != "mosquitto":
            self.process = Rayon(*options, out=self._log, cwd=Path.cwd(), env=environ)
            return
        with self._log.open("wb") as log:  # from nothing, as somebody does who has just installed it
            command = [*RAYON, *options]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ)

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def link(self, audience: str) -> str:
        """The address it shows for an audience."""

        def shown() -> list[str]:
            assert self.process.poll() is None, self.said
            return re.findall(rf"^{audience} +(http\S+)", self.said, re.MULTILINE)

        return str(until(shown, WAIT_S, lambda: self.said)[0])


@pytest.fixture
def demo(kind: str, tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path, kind)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait(WAIT_S)


def visit(link: str) -> str:
    """A visitor's browser: opens the shoppers' link, agrees to offers on the page, waits for a coupon; what it says."""
    with httpx.Client(follow_redirects=True, timeout=60.0, headers={"Accept-Language": "en"}) as browser:
        page = browser.get(link)
        site = str(page.url.join("/")).rstrip("/")
        [action] = re.findall(r'<form method="post" action="([^"]+)"', page.text)
        hidden = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]+)"', page.text))
        form = {**hidden, "consent": ["location_offers:page"]}
        connected = browser.post(site + action.replace("&amp;", "&"), data=form, headers={"Origin": site})
        assert connected.status_code == 200, connected.text
        with browser.stream("GET", f"{site}/v1/me/stream", headers={"Accept": "text/event-stream"}) as stream:
            began, event = time.monotonic(), ""
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                event = value if name == "event" else event
                if name == "data" and event == "voucher":
                    return value
                assert time.monotonic() - began < patience_s(COUPON_S), "no coupon came"  # a heartbeat comes every 15 s
    raise AssertionError("the stream ended without a coupon")


def descendants(pid: int) -> set[int]:
    """The processes that this one started, and those that they did."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:  # it has just ended
            continue
        parents[int(stat.parent.name)] = int(text.rpartition(")")[2].split()[1])
    found, fresh = set[int](), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mosquitto"], indirect=True)
def test_a_visitor_gets_a_coupon_and_ctrl_c_ends_all(demo: Demo) -> None:
    coupon = json.loads(visit(demo.link("Shoppers")))
    assert coupon["code"]
    for _ in range(3):  # as a terminal, make and timeout pass it on together
        demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(WAIT_S) == 0
    assert "Traceback" not in demo.said
    assert "Developers" in demo.said.strip().splitlines()[-1]  # the links are what is seen last


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("kind", ["amqtt"], indirect=True)
def test_a_simulated_shopper_does_over_amqtt_and_kill_9_leaves_no_process_behind(demo: Demo, tmp_path: Path) -> None:
    """How either broker is stopped is tried below: each way to end the demo needs one of them. A visitor has a coupon
    above; that this broker carries all says a simulated shopper, who has one for where she stands, and has seen it."""
    demo.link("Shoppers")
    [database] = tmp_path.glob("rayon-demo-*/rayon.db")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as file:
        seen = "SELECT count(*) FROM delivery WHERE state = 'acknowledged'"
        until(lambda: file.execute(seen).fetchone() > (0,), COUPON_S, lambda: demo.said)
    until(lambda: len(descendants(demo.process.pid)) >= 6, WAIT_S)  # a broker, two stores' shoppers, and their keepers
    parts = descendants(demo.process.pid)
    demo.process.kill()
    demo.process.wait(WAIT_S)
    until(lambda: not {pid for pid in parts if Path(f"/proc/{pid}").exists()}, WAIT_S, lambda: str(parts))


def test_a_broker_takes_messages_until_it_is_stopped(kind: str, tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, kind)
    broker.start()
    try:
        publisher = Publisher(Broker.from_url(broker.url))
        publisher.start(timeout_s=patience_s(60))
        publisher.publish("rayon/a/readings/b", b"{}", patience_s(60))
        assert publisher.close(timeout_s=patience_s(60)) == 0
    finally:
        broker.stop()
    assert not broker.running
    broker.stop()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "mosquitto"
    broken.write_text("#!/bin/sh\necho no library >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    broker = BrokerProcess(tmp_path)
    with pytest.raises(OperatorError, match=r"did not start.*no library"):
        broker.start()
    broker.stop()
