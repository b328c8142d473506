"""Ranges that an app measures (802.11mc, 802.11az) and sends: Android's `RangingResult` as JSON, or a form of our own.

Lengths are mm there and metres here. A failed entry has zeros everywhere. Close to the antenna a range may be negative,
and is kept so. A deviation of 0, of one success, is no exactness: it is not known. Android's time counts from the boot.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from engine.ingest.decoders.bodies import json_value
from engine.ingest.decoders.columns import SIGMA_MIN_M
from engine.ingest.decoders.heard import ABSENT, Decoded, Told, VendorMessage, VendorReading
from engine.ingest.decoders.loose import as_list, fields, first, read_each, require_ap
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, number, phone_mac, read_name
from engine.vocabulary import RecordRefusal

MM = 1000.0
RANGE_MIN_M, RANGE_MAX_M = -10.0, 1000.0  # what calibration errors of a few ns make of 0, and how far Wi-Fi is heard
SUCCESSES = ("numSuccessfulMeasurements", "n_ok")
LISTS = ("results", "ranges")
TIMES = ("ts", "t")
CLIENTS = ("client", "mac", "device", "clientMac")
APS = ("bssid", "ap", "macAddress")


def decode_android_rtt(message: VendorMessage, told: Told) -> Decoded:
    """One message. Raises MessageRefused: `not_json`, `bad_shape`."""
    out = Decoded()
    read_each(_results(as_list(json_value(message.body))), lambda row: out.readings.append(_reading(*row)), out)
    return out


def _results(parts: list[Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Every result, and what is said of all of its message."""
    for part in parts:
        found = [part[key] for key in LISTS if isinstance(part.get(key), list)] if isinstance(part, dict) else []
        if found:
            yield from ((result, part) for result in found[0])
        else:
            yield part, {}


def _reading(found: Any, around: Mapping[str, Any]) -> VendorReading:
    result = fields(found)
    mac = phone_mac(first({**around, **result}, CLIENTS))
    ap = require_ap(ap_name(read_name(first(result, APS))))  # a Wi-Fi Aware peer has none: it is another phone
    t = epoch_s(first(around or result, TIMES))
    range_m, sigma_m = _range(result)
    return VendorReading(mac, ap, t, _level(result.get("rssi")), range_m, sigma_m)


def _range(result: dict[str, Any]) -> tuple[float, float]:
    """(range, its deviation) in metres, the latter NaN where it is not known. Raises RecordUnusable, `bad_range`."""
    if number(result.get("status", 0)) != 0 or number(first(result, SUCCESSES)) == 0:
        raise RecordUnusable(RecordRefusal.BAD_RANGE)
    in_mm = "distanceMm" in result
    range_m = number(result["distanceMm"]) / MM if in_mm else number(result.get("distance_m"))
    sigma_m = number(result.get("distanceStdDevMm")) / MM if in_mm else number(result.get("std_m"))
    if not RANGE_MIN_M <= range_m <= RANGE_MAX_M:
        raise RecordUnusable(RecordRefusal.BAD_RANGE)
    return range_m, sigma_m if SIGMA_MIN_M <= sigma_m < RANGE_MAX_M else ABSENT


def _level(value: Any) -> float:
    """The RSSI beside a range, which is good without one."""
    try:
        return dbm(value)
    except RecordUnusable:
        return math.nan
