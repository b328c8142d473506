"""A store that other makes' systems tell of, through the whole engine: frames in, fixes, visits and links out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.names import UNNAMED
from engine.ingest.sources.envelope import envelope_key, request_topic, seal_request
from engine.masks import MASK
from engine.runtime.stored.behind import BEHIND_S
from engine.storage.database import open_database
from engine.vocabulary import RecordRefusal
from simulators.wires.meraki import MerakiWire
from tests.databases import new_sqlite
from tests.engine.runtime.made import Stand, boutique, frames, payload
from tests.engine.runtime.shifts import SECRETS, STORE, Shift
from tests.engine.runtime.wire import Wire

SEAL = envelope_key(SECRETS)
BEGIN = 1_795_860_000.0
MAC = "02:00:5e:00:53:01"
MERAKI = {"name": "meraki", "kind": "meraki-mqtt", "stores": [STORE], "topic": "meraki/v1/mr/#"}
SCANNING = {"name": "cloud", "kind": "meraki-scanning-v3", "stores": [STORE], "topic": "cloud/#"}
Readings = list[dict[str, Any]]


@contextmanager
def shop(folder: Path, *sources: dict[str, Any]) -> Iterator[tuple[Shift, Wire]]:
    wire = Wire()
    wire.now = BEGIN
    with closing(open_database(new_sqlite(folder / "rayon.db"))) as db:
        engine = Shift(db, boutique(), folder, wire, sources=sources)  # type: ignore[arg-type]
        engine.live()
        yield engine, wire


def meraki_message(reading: dict[str, Any]) -> tuple[str, bytes]:
    wire = MerakiWire("N_1", [MAC.replace(":", "")], [str(reading["ap"])], [True], None)  # type: ignore[arg-type]
    message = wire._message(BEGIN + float(reading["t"]), 0, 0, round(float(reading["rssi"])))
    return message.topic, message.payload


def observation(readings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One phone of Meraki's minute: a location a scan, its coordinates unknown."""
    by_time: dict[float, Readings] = {}
    for r in readings:
        by_time.setdefault(round(float(r["t"])), []).append(r)
    locations = [
        {
            "time": datetime.fromtimestamp(BEGIN + t, UTC).isoformat().replace("+00:00", "Z"),
            "rssiRecords": [{"apMac": r["ap"], "rssi": round(r["rssi"])} for r in heard],
        }
        for t, heard in by_time.items()
    ]
    return {"clientMac": MAC, "locations": locations}


def visits(engine: Shift) -> int:
    return int(engine.process.runners[STORE].figures()["counts"].get("visits", 0))


def fixes(engine: Shift) -> int:
    return int(engine.process.runners[STORE].figures()["counts"].get("fixes", 0))


def test_meraki_over_mqtt_locates_as_our_own_wire_does(tmp_path: Path) -> None:
    plan = boutique()
    standing = [Stand(MAC, plan.products[0].sku, 0.0, 40.0)]
    made = []
    for kind in ("native", "meraki"):
        folder = tmp_path / kind
        folder.mkdir()
        with shop(folder, MERAKI) as (engine, wire):
            for sent, readings in frames(plan, standing, 40.0):
                wire.now = BEGIN + sent
                if kind == "native":
                    wire.publish(f"rayon/{STORE}/readings/c1", payload(sent, readings, BEGIN))
                else:
                    for reading in readings:
                        wire.publish(*meraki_message(reading))
                engine.live()
            made.append((fixes(engine), visits(engine)))
    native, meraki = made
    assert native[1] >= 1, "it stands in a zone"
    assert meraki[1] == native[1]
    assert abs(meraki[0] - native[0]) <= 0.1 * native[0]


def test_a_source_that_is_named_by_its_address_is_named_nowhere(tmp_path: Path) -> None:
    """Nor in what is told of its clock, the journal, the store's labels or the events."""
    plan = boutique()
    standing = [Stand(MAC, plan.products[0].sku, 0.0, 6.0)]
    said = ["02000-0000b-0d", "0x02000000 0b08", "AgAACwgN", "2199023323149"]
    with shop(tmp_path) as (engine, wire):
        for sent, readings in frames(plan, standing, 6.0):
            wire.now = BEGIN + sent
            for name in said:
                wire.publish(f"rayon/{STORE}/readings/{name}", payload(sent, readings, BEGIN))
            engine.live()
        told = json.dumps([engine.process.figures(), engine.process.runners[STORE].figures()], default=str)
    assert told.count(UNNAMED) >= len(said)
    assert [name for name in said if name in told] == []


def test_a_cloud_that_posts_a_minute_at_once_loses_nothing(tmp_path: Path) -> None:
    """Each post tells of the minute before. The store waits for it, and all scans become fixes."""
    plan = boutique()
    standing = [Stand(MAC, plan.products[0].sku, 0.0, 300.0)]
    waiting: Readings = []
    posted = 0
    with shop(tmp_path, SCANNING) as (engine, wire):
        for sent, readings in frames(plan, standing, 300.0, every_s=2.0):
            wire.now = BEGIN + sent
            waiting += readings
            if sent % 60 == 0:
                said = {"version": "3.0", "type": "WiFi", "data": {"observations": [observation(waiting)]}}
                wire.publish("cloud/post", json.dumps(said).encode())
                posted += len({round(float(str(r["t"]))) for r in waiting})
                waiting = []
            engine.live()
        figures = engine.process.runners[STORE].figures()
        assert figures["late"] == 0
        assert fixes(engine) >= 0.7 * posted, "all but the last posts, for which it still waits"
        assert visits(engine) == 1
        said = engine.process.figures()["sources"]["cloud"]
    assert said["messages"] == 5
    assert said["readings"] > 0


def test_positions_of_a_controller_make_visits(tmp_path: Path) -> None:
    plan = boutique()
    product = plan.products[0]
    level = {"level": product.level}
    source = {"name": "cmx", "kind": "meraki-scanning-v3", "stores": [STORE], "topic": "cmx/#", "use": "positions"}
    with shop(tmp_path, source | {"delay_s": 0, "maps": [level]}) as (engine, wire):
        for k in range(40):
            wire.now = BEGIN + k
            place = {"x": product.x_m, "y": product.y_m, "variance": 1.0, "time": _iso(wire.now), "rssiRecords": []}
            seen = {"clientMac": MAC, "locations": [place]}
            said = {"version": "3.0", "type": "WiFi", "data": {"observations": [seen]}}
            wire.publish("cmx/post", json.dumps(said).encode())
            engine.live()
        assert visits(engine) >= 1
        assert fixes(engine) >= 25


def test_a_crash_repeats_nothing_that_a_vendor_said(tmp_path: Path) -> None:
    plan = boutique()
    standing = [Stand(MAC, plan.products[0].sku, 0.0, 30.0)]
    counts = []
    for crash in (False, True):
        folder = tmp_path / str(crash)
        folder.mkdir()
        wire = Wire()
        wire.now = BEGIN
        with closing(open_database(new_sqlite(folder / "rayon.db"))) as db:
            engine = Shift(db, plan, folder, wire, sources=[MERAKI])  # type: ignore[arg-type]
            for sent, readings in frames(plan, standing, 30.0):
                wire.now = BEGIN + sent
                for reading in readings:
                    wire.publish(*meraki_message(reading))
                if crash and sent == 15.0:
                    engine = Shift(db, plan, folder, wire, sources=[MERAKI])  # type: ignore[arg-type]
                engine.live()
            for _ in range(20):
                wire.now += 0.5
                engine.live()
            counts.append(visits(engine))
    assert counts[0] == counts[1] >= 1


def test_what_a_receiver_took_in_is_decoded_by_the_engine(tmp_path: Path) -> None:
    plan = boutique()
    said = {"version": "3.0", "type": "WiFi", "data": {"observations": [
        {"clientMac": MAC, "locations": [], "latestRecord": {
            "time": _iso(BEGIN), "nearestApMac": plan.access_points[0].id, "nearestApRssi": -60}}]}}  # fmt: skip
    with shop(tmp_path, SCANNING) as (engine, wire):
        message = VendorMessage(json.dumps(said).encode(), BEGIN)
        wire.publish(request_topic(STORE, "cloud"), seal_request(message, "cloud", SEAL))
        wire.publish(request_topic(STORE, "nobody"), seal_request(message, "nobody", SEAL))
        wire.publish(request_topic(STORE, "cloud"), b"no envelope")
        engine.live()
        assert engine.process.figures()["sources"]["cloud"]["readings"] == 1
        assert engine.process.unusable == {RecordRefusal.UNKNOWN_SOURCE: 1, RecordRefusal.BAD_SHAPE: 1}


def test_only_the_sites_own_receivers_speak_for_a_source(tmp_path: Path) -> None:
    latest = {"time": _iso(BEGIN), "nearestApMac": boutique().access_points[0].id, "nearestApRssi": -60}
    body = {"version": "3.0", "type": "WiFi", "data": {"observations": [{"clientMac": MAC, "latestRecord": latest}]}}
    message = VendorMessage(json.dumps(body).encode(), BEGIN)
    with shop(tmp_path, SCANNING) as (engine, wire):
        wire.publish(request_topic(STORE, "cloud"), seal_request(message, "cloud", b"somebody else's"))
        wire.publish(request_topic(STORE, "cloud"), seal_request(message, "another", SEAL))
        wire.publish(request_topic("another-store", "cloud"), seal_request(message, "cloud", SEAL))
        engine.live()
        assert engine.process.unusable == {RecordRefusal.BAD_SIGNATURE: 2, RecordRefusal.UNKNOWN_SOURCE: 1}
        assert engine.process.figures()["sources"]["cloud"]["readings"] == 0
        wire.publish(request_topic(STORE, "cloud"), seal_request(message, "cloud", SEAL))
        engine.live()
        assert engine.process.figures()["sources"]["cloud"]["readings"] == 1


def test_an_access_point_that_no_plan_has_is_named(tmp_path: Path) -> None:
    with shop(tmp_path, MERAKI) as (engine, wire):
        wire.publish(*meraki_message({"ap": "00:00:5e:00:53:ff", "t": 0.0, "rssi": -60.0}))
        engine.live()
        assert engine.process.figures()["unknown_aps"] == {STORE: ["00:00:5e:00:53:ff"]}


def test_half_a_character_in_a_name_breaks_nothing(tmp_path: Path) -> None:
    body = rb'{"clientMac":"02:00:00:00:00:01","mrMac":"\\ud800\udc00x","rssi":"-60"}'
    with shop(tmp_path, MERAKI) as (engine, wire):
        wire.publish("meraki/v1/mr/N1/x/wifi/y", body)
        engine.live()
        figures = engine.process.figures()
        assert figures["unknown_aps"] == {STORE: ["\\ud800\ufffdx"]}
        assert json.dumps(figures, ensure_ascii=False).encode()


def test_a_phone_that_stands_where_an_access_point_should_is_not_named(tmp_path: Path) -> None:
    with shop(tmp_path, MERAKI) as (engine, wire):
        body = b'{"clientMac":"00:00:5e:00:53:01","mrMac":"da:a1:19:00:53:fe","rssi":"-60"}'
        wire.publish("meraki/v1/mr/N1/x/wifi/y", body)
        wire.publish(f"rayon/{STORE}/readings/c1", _swapped("da:a1:19:00:53:fe"))
        engine.live()
        assert engine.process.figures()["unknown_aps"] == {STORE: [MASK]}


def _swapped(ap: str) -> bytes:
    reading = {"ap": ap, "mac": "00:00:5e:00:53:01", "t": BEGIN, "rssi": -60}
    return json.dumps({"sent_at": BEGIN, "readings": [reading]}).encode()


def _iso(t: float) -> str:
    return datetime.fromtimestamp(t, UTC).isoformat().replace("+00:00", "Z")


def test_an_unknown_access_point_behind_a_receiver_is_named_too(tmp_path: Path) -> None:
    """What a receiver hands over is no JSON: nobody looks into it for names."""
    latest = {"time": _iso(BEGIN), "nearestApMac": "00:00:5e:00:53:ff", "nearestApRssi": -60}
    body = {"version": "3.0", "type": "WiFi", "data": {"observations": [{"clientMac": MAC, "latestRecord": latest}]}}
    with shop(tmp_path, SCANNING) as (engine, wire):
        wire.publish(
            request_topic(STORE, "cloud"), seal_request(VendorMessage(json.dumps(body).encode(), BEGIN), "cloud", SEAL)
        )
        engine.live()
        assert engine.process.figures()["unknown_aps"] == {STORE: ["00:00:5e:00:53:ff"]}
        wire.now += BEHIND_S
        engine.live()
        assert engine.process.subscriber.unanswered == {}  # type: ignore[attr-defined]
