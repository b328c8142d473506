"""ESP32 boards that listen to Wi-Fi. There is no common format: what is read is what such programs write.

One frame heard a message, or a list of them under a sensor's name. Everything may be a text. `timestamp` counts µs of a
32-bit counter since the board started, which wraps every 71 minutes, so that receipt gives the time; a date is taken.
The names of networks that a phone looks for are personal data and are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.ingest.decoders.bodies import json_value
from engine.ingest.decoders.heard import ABSENT, Decoded, Told, VendorMessage, VendorReading
from engine.ingest.decoders.loose import as_list, fields, first, read_each, require_ap
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, number, phone_mac, read_name
from engine.vocabulary import RecordRefusal

LISTS = ("frames", "packets", "readings", "devices", "probes", "clients", "data")
SENSORS = ("sensor", "sensor_id", "sniffer", "node", "ap", "gateway")
MACS = ("mac", "addr", "address", "source", "src", "sa", "station", "client")
FIRST_S = 1e9  # 2001: what is less counts from the start, as of a board that never asked a time server
DATES = ("time", "ts", "timestamp", "datetime")
LEVELS = ("rssi", "signal", "rssi_dbm")
OF_ACCESS_POINTS = frozenset(("beacon", "probe-resp", "probe-response", "proberesp", "assoc-resp"))
NONE_AS_BYTE = 255


def decode_esp32(message: VendorMessage, told: Told) -> Decoded:
    """One message. The sensor is in the body, or told as `ap`, or the last level of the topic. Raises MessageRefused:
    `not_json`, `bad_shape`."""
    out = Decoded()
    elsewhere = told.options.get("ap", "") or message.topic.rpartition("/")[2]
    frames = _frames(as_list(json_value(message.body)))
    read_each(frames, lambda row: out.readings.append(_reading(row[0], row[1] or elsewhere)), out)
    return out


def _frames(parts: list[Any]) -> Iterator[tuple[Any, str]]:
    """Every frame that was heard, and the sensor that heard it, where its message names one."""
    for each in parts:
        part = _lower(each)
        found = [part[key] for key in LISTS if isinstance(part.get(key), list)] if isinstance(part, dict) else []
        if found:
            sensor = read_name(first(part, SENSORS))
            yield from ((frame, sensor) for frame in found[0])
        else:
            yield part, ""


def _lower(said: Any) -> Any:
    """An object with its names in lower case: boards spell them as they like."""
    if not isinstance(said, dict) or "".join(said).islower():
        return said
    return {name.lower(): value for name, value in said.items()}


def _reading(frame: Any, sensor: str) -> VendorReading:
    said = fields(_lower(frame))
    mac = phone_mac(first(said, MACS))
    if read_name(said.get("type")).lower().replace("_", "-") in OF_ACCESS_POINTS:
        raise RecordUnusable(RecordRefusal.AP_MAC)
    ap = require_ap(ap_name(read_name(first(said, SENSORS)) or sensor))
    return VendorReading(mac, ap, _time(said), _dbm(first(said, LEVELS)))


def _time(said: dict[str, Any]) -> float:
    """When it was heard, where that is beyond doubt: a date with a time, or seconds under our own name for them. All
    else may count from the board's start."""
    date = first(said, DATES)
    if isinstance(date, str) and ":" in date:
        return epoch_s(date)
    t = number(said.get("t"))
    return epoch_s(t) if t >= FIRST_S else ABSENT


def _dbm(value: Any) -> float:
    """An RSSI, be it a signed byte that was written unsigned. Raises RecordUnusable: `no_rssi`, `bad_rssi`."""
    level = number(value)
    return dbm(level - 256 if 128 <= level < NONE_AS_BYTE else value)
