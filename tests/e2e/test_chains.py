"""A simulated shop over vendors' feeds: wire, serve, coupon on the visitor's page, and how accurate and late each is.

Each prints its line of docs/reference/sources/index.md (`pytest -s`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from selenium.webdriver import Chrome

from engine.config import MqttConfig
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.ingest.mqtt.receiver import RawFrame, Subscriber
from engine.plan.load import load_plan
from engine.privacy.proofs import sign_redirect
from simulators.scenario.files import load_scenario
from simulators.wires.formats import wire_of
from simulators.wires.native import Message
from simulators.world import World
from tests.brokers import Mosquitto
from tests.browser import chromium, click, wait_for
from tests.clocks import patience_s
from tests.engine.runtime.made import FLOORPLANS
from tests.sites import PORTAL_SECRET, Site, until

__all__ = ["chromium"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MAC, STORE, SKU = "02:00:00:00:0e:2e", "supermarket", "FRO-001"  # the Comté, at 4 s beside it
SECRET = "simulated"  # as the simulator's cloud says it
BATCH_S = 0.5
FIXES = 8


def shop(folder: Path, kind: str) -> World:
    """The supermarket with somebody who walks to the Comté and stays, and few others."""
    walker = {"name": "Zoé", "sku": SKU, "mac": MAC, "arrive_s": 1.0, "stand_s": 600.0}
    said = {"extends": "demo-supermarket", "about": "Zoé", "scripted": [walker], "wire": {"format": kind}}
    said["people"] = {"arrivals_per_hour": 0, "start_inside": 3}
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(said))
    return World(load_scenario(str(path)), load_plan(FLOORPLANS / STORE), 300.0)


@dataclass
class Walker:
    """Where the walker really is, and from when on at the shelf."""

    world: World

    def place(self, t_s: float) -> tuple[float, float]:
        shopper = self.world.device_macs().index(MAC)
        at = self.world.crowd.at(np.array([shopper], np.int32), np.array([t_s]))
        return float(at.x_m[0]), float(at.y_m[0])

    def arrives_s(self) -> float:
        shelf = next(p for p in self.world.plan.products if p.sku == SKU)
        near = (k for k in range(300) if np.hypot(*np.subtract(self.place(float(k)), (shelf.x_m, shelf.y_m))) < 2.0)
        return float(next(near))


def messages(world: World, from_s: float, start_t: float) -> Iterator[tuple[float, list[Message]]]:
    """What the wire says from some second on, batch by batch, each with the epoch time at which it does."""
    wire = wire_of(world, np.random.default_rng(1))
    every = round(BATCH_S / 0.5)
    for k in range(round(from_s / 0.5), world.ticks, every):
        sent_at = start_t + (k + every) * 0.5
        yield sent_at, wire.frames([world.tick(k + i) for i in range(every)], start_t, sent_at)


@dataclass
class Events:
    """What the engine published: fixes of the one who agreed to offers."""

    port: int
    start_t: float = 0.0
    heard: list[RawFrame] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[None]:
        config = MqttConfig(port=self.port, client_id="chain-events", session_expiry_s=60)
        subscriber = Subscriber(config, kinds=(), also=(f"rayon/{STORE}/events/fix",))
        subscriber.start()
        assert subscriber.wait_connected(60)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                for raw in subscriber.take(64, 0.2):
                    subscriber.acknowledge([raw.token])
                    self.heard.append(raw)

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            subscriber.stop()

    def figures(self, walker: Walker) -> tuple[float, float]:
        """(median error in metres, median age in seconds when the fix was out)."""
        errors, ages = [], []
        for raw in self.heard:
            fix: dict[str, Any] = json.loads(raw.payload)["data"]
            errors.append(
                float(np.hypot(*np.subtract(walker.place(fix["t"] - self.start_t), (fix["x_m"], fix["y_m"]))))
            )
            ages.append(raw.received_at - fix["t"])
        return statistics.median(errors), statistics.median(ages)


def portal(site: Site) -> str:
    t = int(time.time())
    signature = sign_redirect(PORTAL_SECRET.encode(), STORE, MAC, t)
    return f"{site.url}/w/{STORE}?client_mac={MAC}&portal_t={t}&portal_sig={signature}&lang=en"


@contextmanager
def serving(folder: Path, broker: Mosquitto, source: dict[str, Any] | None) -> Iterator[Site]:
    mqtt = {"publish_events": ["fix", "visit", "decision", "voucher"]}
    privacy = {"k": 10, "demo": False}  # a demo tells of everybody; this is of the one who agreed
    site = Site(folder, broker.port, FLOORPLANS, [STORE], mqtt=mqtt, privacy=privacy)
    if source is not None:  # our own agents need no declaration
        config = yaml.safe_load(site.config.read_text()) | {"sources": [source | {"stores": [STORE]}]}
        site.config.write_text(yaml.safe_dump(config))
    site.start("serve")
    try:
        site.wait_ready()
        until(site.hears, 120)
        yield site
    finally:
        assert site.stop() == 0, site.log[-3000:]


def tell(kind: str, figures: tuple[float, float], coupon_s: float) -> None:
    error_m, age_s = figures
    sys.stdout.write(f"\n| `{kind}` | {error_m:.1f} m | {age_s:.0f} s | {coupon_s:.0f} s |\n")


def test_meraki_over_mqtt_to_a_browser(tmp_path: Path, mosquitto: Mosquitto, chromium: Chrome) -> None:
    world, events = shop(tmp_path, "meraki"), Events(mosquitto.port)
    walker = Walker(world)
    source = {"name": "meraki", "kind": "meraki-mqtt", "topic": "meraki/v1/mr/+/+/wifi/#"}
    with serving(tmp_path / "site", mosquitto, source) as site, events.listening():
        chromium.get(portal(site))
        click(chromium, "label:has(input[name='location_offers:page'][value='yes']) span")
        click(chromium, "form button")
        click(chromium, "a.button.main")
        wait_for(chromium, "#status[data-state=live]")
        with speaking(world, walker, events, sender(mosquitto, site, None)) as began:
            wait_for(chromium, ".coupon h3", timeout_s=120)
            coupon_s = time.time() - began
            until(lambda: len(events.heard) >= FIXES, 120)
    figures = events.figures(walker)
    tell("meraki-mqtt", figures, coupon_s)
    assert figures[0] < 5.0


Request = tuple[bytes, dict[str, str]]


def mist_request(payload: bytes) -> Request:
    """Signed, as Mist's cloud signs."""
    return payload, {"X-Mist-Signature-v2": hmac.new(SECRET.encode(), payload, hashlib.sha256).hexdigest()}


def cmx_request(payload: bytes) -> Request:
    """With the key that CMX is told to show."""
    return payload, {"Authorization": f"Bearer {SECRET}"}


def map_from_above(world: World) -> dict[str, Any]:
    """CMX counts from the top left, and its map is as large as the floor."""
    level = world.plan.levels[0]
    left_m, bottom_m, right_m, top_m = level.polygon.bounds
    corners = [{"theirs": [0.0, 0.0], "ours": [left_m, top_m]},
               {"theirs": [right_m - left_m, top_m - bottom_m], "ours": [right_m, bottom_m]}]  # fmt: skip
    return {"map": "*", "level": level.id, "y_down": True, "points": corners}


@pytest.mark.parametrize(
    ("kind", "request_of"), [("openwrt", None), ("mist", mist_request), ("cisco-cmx", cmx_request)]
)
def test_a_feed_to_a_page(
    kind: str,
    request_of: Callable[[bytes], Request] | None,
    tmp_path: Path,
    mosquitto: Mosquitto,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Our agents on OpenWrt publish, Mist and CMX post; of CMX come places alone."""
    monkeypatch.setenv("T_CLOUD", SECRET)
    world, events = shop(tmp_path, kind), Events(mosquitto.port)
    walker = Walker(world)
    source = {"name": "cloud", "kind": kind, "receiver": True, "secret_env": "T_CLOUD"}
    source |= {"maps": [map_from_above(world)]} if kind == "cisco-cmx" else {}
    with (
        serving(tmp_path / "site", mosquitto, None if request_of is None else source) as site,
        events.listening(),
        httpx.Client(follow_redirects=True, timeout=60.0) as browser,
    ):
        sign_in(browser, site)
        with speaking(world, walker, events, sender(mosquitto, site, request_of)) as began:
            assert coupon(browser, site)
            coupon_s = time.time() - began
            until(lambda: len(events.heard) >= FIXES, 120)
    figures = events.figures(walker)
    tell(kind, figures, coupon_s)
    assert figures[0] < 6.0


@contextmanager
def sender(
    broker: Mosquitto, site: Site, request_of: Callable[[bytes], Request] | None
) -> Iterator[Callable[[Message], None]]:
    """Publishes, or posts to the receiver."""
    if request_of is None:
        publisher = Publisher(Broker.from_url(broker.url))
        publisher.start(60)
        try:
            yield lambda message: publisher.publish(message.topic, message.payload)
        finally:
            publisher.close(60)
        return
    with httpx.Client(timeout=60) as cloud:

        def post(message: Message) -> None:
            body, headers = request_of(message.payload)
            assert cloud.post(f"{site.url}/in/cloud", content=body, headers=headers).status_code == 200

        yield post


@contextmanager
def speaking(
    world: World, walker: Walker, events: Events, sending: AbstractContextManager[Callable[[Message], None]]
) -> Iterator[float]:
    """The feed, in its own time, from when the walker stands at the shelf; that time."""
    from_s, stop = walker.arrives_s(), threading.Event()
    began = time.time()
    events.start_t = began - from_s

    def speak(send: Callable[[Message], None]) -> None:
        for sent_at, told in messages(world, from_s, events.start_t):
            if stop.wait(max(sent_at - time.time(), 0)):
                return
            for message in told:
                send(message)

    with sending as send:
        thread = threading.Thread(target=speak, args=(send,))
        thread.start()
        try:
            yield began
        finally:
            stop.set()
            thread.join()


def sign_in(browser: httpx.Client, site: Site) -> None:
    """Without a script: the form with offers by location ticked."""
    page = browser.get(portal(site))
    [action] = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    hidden = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]+)"', page.text))
    form = {**hidden, "consent": ["location_offers:page"]}
    answer = browser.post(site.url + action.replace("&amp;", "&"), data=form, headers={"Origin": site.url})
    assert answer.status_code == 200, answer.text


def coupon(browser: httpx.Client, site: Site) -> str:
    """What comes on the page's stream."""
    with browser.stream("GET", f"{site.url}/v1/me/stream", headers={"Accept": "text/event-stream"}) as stream:
        began, event = time.monotonic(), ""
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            event = value if name == "event" else event
            if name == "data" and event == "voucher":
                return value
            assert time.monotonic() - began < patience_s(120), site.log[-3000:]
    raise AssertionError("the stream ended without a coupon")
