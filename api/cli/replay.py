"""`rayon replay`: a recorded table of readings, published as a controller would have published it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import typer

from engine.errors import OperatorError, Problem
from engine.files import ReadingTable, read_readings
from engine.ingest.decoders.native import MAX_READINGS
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import wait_until
from engine.ingest.mqtt.receiver import Publisher
from engine.plan.model import ap_key
from engine.privacy.pseudonyms import normal_mac
from engine.progress import show_progress
from engine.records import F64

CONNECT_S = 10.0
CONFIRM_S = 60.0  # a broker that confirms nothing for so long has gone; a restart takes less
PAUSE_S = 10.0
_ENCODER = msgspec.json.Encoder()


class Batch(NamedTuple):
    """The readings of one frame: when it is due (seconds after the recording's start, recording time) and its bytes."""

    due_s: float
    n: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Summary:
    """What was published. `shift_s` was added to every time of the recording; `unconfirmed` frames may be lost."""

    store: str
    source: str
    frames: int
    readings: int
    devices: int
    devices_as_mac: int
    shift_s: float
    speed: float
    took_s: float
    unconfirmed: int
    refused_by_broker: int


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("replay")(replay)


def replay(
    readings: Path = typer.Argument(..., help="Readings: t, device, ap, rssi_dbm and/or range_m (.csv or .parquet)."),
    mqtt: str = typer.Option(..., help="The broker: mqtt://host:port, mqtt://user:password@host:port, or mqtts://…"),
    store: str = typer.Option(..., help="The store's id: frames go to rayon/STORE/readings/SOURCE."),
    speed: float = typer.Option(1.0, min=0.01, max=1000.0, help="How many recorded seconds pass in a second."),
    source: str | None = typer.Option(None, help="The source's name in the topic. Default: a new one for each run."),
    batch_s: float = typer.Option(0.5, min=0.01, max=60.0, help="A frame holds the readings of so many seconds."),
    keep_times: bool = typer.Option(False, help="Publish the recorded times. Default: shift them, to start now."),
    ca_file: Path | None = typer.Option(None, help="Authority that signed the broker's certificate."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object at the end."),
) -> None:
    """Publishes a recording live, in its own rhythm or faster.

    Devices are opaque names in a recording and MACs on the wire: each name
    becomes a locally administered MAC derived from it, always the same. Names
    that are MACs, or access points of the recording, pass unchanged.

    At --speed 10 the published times run ten times faster than the clock on
    the wall; the engine works in their time, since the topic says "replay". A
    store where somebody publishes live readings takes no recording.

    Example: [bold]rayon replay readings.csv --mqtt mqtt://127.0.0.1:1883 --store boutique --speed 10[/bold]
    """
    broker = Broker.from_url(mqtt, tls_ca_file=ca_file)
    topic = _topic(store, source or f"replay-{int(time.time()):x}")
    table = read_readings(readings)
    if not len(table):
        raise OperatorError([Problem(str(readings), "(whole file)", "holds no readings", "nothing to publish")])
    summary = _publish(table, broker, topic, speed, batch_s, keep_times)
    values = {name: getattr(summary, name) for name in Summary.__slots__}
    if as_json:
        print(json.dumps(values))
    else:
        print(f"{summary.frames} frames with {summary.readings} readings of {summary.devices} devices to {topic}")
    if summary.unconfirmed:
        raise typer.Exit(1)


def device_macs(devices: list[str], aps: set[str]) -> dict[str, str]:
    """What each device is called on the wire: itself where it is a MAC or one of `aps`, else a MAC derived from it."""
    heard = {ap_key(ap) for ap in aps}
    return {name: name if ap_key(name) in heard or _is_mac(name) else synthetic_mac(name) for name in devices}


def synthetic_mac(name: str) -> str:
    """A locally administered unicast MAC from the first 48 bits of the name's SHA-256: no maker's device has it."""
    raw = bytearray(hashlib.sha256(name.encode()).digest()[:6])
    raw[0] = (raw[0] & 0b1111_1100) | 0b0000_0010
    return raw.hex(":")


def batches(table: ReadingTable, macs: dict[str, str], batch_s: float, shift_s: float) -> Iterator[Batch]:
    """The frames of a recording in time order; every reading is in exactly one, at most 5,000 in each.

    `sent_at` is the recording's clock when the frame is due: the end of its batch, never before its newest reading.
    """
    order = np.argsort(table.t, kind="stable")
    start = float(table.t[order[0]])
    slot = np.floor((table.t[order] - start) / batch_s).astype(np.int64)
    edges = np.flatnonzero(np.diff(slot)) + 1
    for rows in np.split(order, edges):
        due_s = float(np.floor((table.t[rows[-1]] - start) / batch_s) + 1) * batch_s
        for part in range(0, len(rows), MAX_READINGS):
            chunk = rows[part : part + MAX_READINGS]
            body = {"sent_at": start + due_s + shift_s, "readings": _readings(table, chunk, macs, shift_s)}
            yield Batch(due_s, len(chunk), _ENCODER.encode(body))


def _readings(table: ReadingTable, rows: Any, macs: dict[str, str], shift_s: float) -> list[dict[str, Any]]:
    out = []
    for row in rows.tolist():
        reading: dict[str, Any] = {
            "mac": macs[str(table.device[row])],
            "ap": str(table.ap[row]),
            "t": float(table.t[row]) + shift_s,
        }
        _put(reading, "rssi", table.rssi_dbm, row)
        _put(reading, "range_m", table.range_m, row)
        _put(reading, "range_sigma_m", table.range_sigma_m, row)
        out.append(reading)
    return out


def _put(reading: dict[str, Any], key: str, column: F64, row: int) -> None:
    value = float(column[row])
    if value == value:  # not NaN, which stands for absent
        reading[key] = value


def _publish(
    table: ReadingTable, broker: Broker, topic: str, speed: float, batch_s: float, keep_times: bool
) -> Summary:
    names = np.unique(table.device).tolist()
    macs = device_macs(names, set(np.unique(table.ap).tolist()))
    publisher = Publisher(broker)
    publisher.start(CONNECT_S)
    shift_s = 0.0 if keep_times else time.time() - float(table.t.min())
    started = time.monotonic()
    frames = 0
    try:
        with show_progress(topic, len(table)) as progress:
            for batch in batches(table, macs, batch_s, shift_s):
                progress.reach(progress.done, _say_pause(started + batch.due_s / speed - time.monotonic()))
                wait_until(started + batch.due_s / speed)
                publisher.publish(topic, batch.payload, CONFIRM_S)
                frames += 1
                progress.advance(batch.n)
    except TimeoutError as error:
        raise OperatorError([Problem("--mqtt", str(broker), str(error), "is the broker running?")]) from error
    finally:
        unconfirmed = publisher.close(CONFIRM_S if frames else 0.0)
    _, _, source = topic.partition("/replay/")
    return Summary(
        store=topic.split("/")[1],
        source=source,
        frames=frames,
        readings=len(table),
        devices=len(names),
        devices_as_mac=sum(macs[name] != name for name in names),
        shift_s=shift_s,
        speed=speed,
        took_s=round(time.monotonic() - started, 3),
        unconfirmed=unconfirmed,
        refused_by_broker=publisher.refused,
    )


def _say_pause(pause_s: float) -> str:
    """That a recording of, say, two days has a night in it; nothing of its usual steps."""
    if pause_s < PAUSE_S:
        return ""
    return time.strftime("the recording goes on at %H:%M:%S", time.localtime(time.time() + pause_s))


def _topic(store: str, source: str) -> str:
    problems = [
        Problem(option, value, "not a name in a topic", "letters, digits, - and _ only; no / + #")
        for option, value in (("--store", store), ("--source", source))
        if not value or len(value) > 128 or set(value) & set("/+#\0")
    ]
    if problems:
        raise OperatorError(problems)
    return f"rayon/{store}/replay/{source}"


def _is_mac(name: str) -> bool:
    try:
        normal_mac(name)
    except ValueError:
        return False
    return True
