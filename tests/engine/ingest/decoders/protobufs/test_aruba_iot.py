"""Aruba's IoT transport: beside what the recorded messages show, its odd frames and AOS 10."""

from __future__ import annotations

import pytest

from simulators.wires.vendors.protobuf import chunk, float_32, float_64, integer, zigzag
from tests.engine.ingest.decoders.saying import absent, decoded, levels, refusal, refused

META = chunk(1, integer(1, 1) + chunk(2, "token-1") + integer(3, 4))
MAC, AP_MAC = bytes.fromhex("060000000001"), bytes.fromhex("00005e005301")
REPORTER = chunk(2, chunk(1, "ap-1") + chunk(2, AP_MAC) + integer(8, 1795860000))


def station(mac: bytes = MAC, classes: bytes = integer(2, 16), level: bytes = zigzag(3, -60)) -> bytes:
    return chunk(7, chunk(1, mac) + classes + level)


def test_a_frame_names_its_access_point_by_mac_or_by_name() -> None:
    assert [r.ap for r in decoded("aruba-iot", META + REPORTER + station()).readings] == ["00:00:5e:00:53:01"]
    named = chunk(2, chunk(1, "ap-1"))
    assert [r.ap for r in decoded("aruba-iot", META + named + station()).readings] == ["ap-1"]
    assert refused(decoded("aruba-iot", META + station())) == {"no_ap": 1}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (station(level=b""), "no_rssi"),
        (station(level=zigzag(3, 0)), "bad_rssi"),
        (station(level=zigzag(3, 20)), "bad_rssi"),
        (station(level=zigzag(3, -127)), "bad_rssi"),
        (station(mac=b""), "no_mac"),
        (station(mac=b"\0" * 6), "bad_mac"),
        (station(mac=b"\xff" * 6), "bad_mac"),
        (station(mac=MAC[:5]), "bad_mac"),
        (station(classes=integer(2, 15)), "not_a_phone"),
        (station(classes=integer(2, 16) + integer(2, 15)), "not_a_phone"),
    ],
)
def test_a_bad_station_costs_itself_alone(record: bytes, reason: str) -> None:
    frame = decoded("aruba-iot", META + REPORTER + record + station())
    assert levels(frame) == {("06:00:00:00:00:01", "00:00:5e:00:53:01"): -60}
    assert refused(frame) == {reason: 1}


def test_classes_are_read_packed_too() -> None:
    assert len(decoded("aruba-iot", META + REPORTER + station(classes=chunk(2, bytes([17])))).readings) == 1


def test_a_clock_that_was_never_set_is_none() -> None:
    reporter = chunk(2, chunk(2, AP_MAC) + integer(8, 0))
    assert absent(decoded("aruba-iot", META + reporter + station()).readings[0].t)


def test_the_token_is_checked_where_one_was_told() -> None:
    body = META + REPORTER + station()
    assert refusal("aruba-iot", body, secret="token-1") == ""
    assert refusal("aruba-iot", body, secret="token-2") == "bad_secret"
    without = chunk(1, integer(1, 1)) + REPORTER + station()
    assert refusal("aruba-iot", without, secret="token-1") == "bad_secret"
    assert refusal("aruba-iot", without) == ""


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"\x0a\x02\x08", integer(40, 1) + META])
def test_what_is_no_frame_is_refused(body: bytes) -> None:
    assert refusal("aruba-iot", body) == "not_protobuf"


def test_counts_and_health_say_nothing_of_a_phone() -> None:
    counts = chunk(8, integer(17, 12) + integer(18, 30))
    frame = decoded("aruba-iot", META + REPORTER + counts)
    assert (frame.readings, frame.refused, frame.ignored) == ([], {}, 1)
    assert frame.notes["counts"] == {"associated": 12, "unassociated": 30}


def test_aos_10_brings_places_of_access_points_and_no_phones() -> None:
    header = chunk(1, chunk(1, "1.0") + integer(2, 4))
    place = (
        float_64(1, 48.85) + float_64(3, 2.35) + float_32(5, 2.0) + float_32(6, 8.0) + float_32(7, 3.0) + chunk(8, "f1")
    )
    inventory = chunk(4, chunk(2, chunk(1, AP_MAC) + chunk(10, place)))
    frame = decoded("aruba-iot", header + chunk(2, inventory) + integer(3, 1795860000))
    assert (frame.readings, frame.refused, frame.ignored) == ([], {}, 1)
    where = {"ap": "00:00:5e:00:53:01", "lat": 48.85, "lon": 2.35, "x_m": 4.0, "y_m": 1.5, "level": "f1"}
    assert frame.notes["access_points"] == [where]


def test_aos_10s_bluetooth_is_no_wifi() -> None:
    header = chunk(1, chunk(1, "1.0") + integer(2, 1))
    ble = chunk(1, chunk(1, chunk(1, MAC)) + zigzag(4, -50) + chunk(5, AP_MAC))
    placed = chunk(5, chunk(1, chunk(1, "a")) + chunk(1, chunk(1, "b")) + chunk(1, chunk(1, "c")))
    assert refused(decoded("aruba-iot", header + chunk(2, ble + ble))) == {"not_wifi": 2}
    assert refused(decoded("aruba-iot", header + chunk(2, placed))) == {"not_wifi": 3}


def test_aos_10_without_a_scale_tells_no_metres() -> None:
    header = chunk(1, chunk(1, "1.0") + integer(2, 4))
    inventory = chunk(4, chunk(2, chunk(1, AP_MAC) + chunk(10, float_32(6, 8.0) + float_32(7, 3.0))))
    assert decoded("aruba-iot", header + chunk(2, inventory)).notes["access_points"] == [{"ap": "00:00:5e:00:53:01"}]
