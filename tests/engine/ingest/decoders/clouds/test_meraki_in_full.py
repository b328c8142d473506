"""Meraki's messages in full and at their edges: each field that is read, each that stands in for another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import MessageRefused
from engine.ingest.decoders.clouds.meraki_mqtt import parse_topic
from engine.ingest.decoders.heard import Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
from tests.engine.ingest.decoders.saying import (
    AP,
    NOW,
    OTHER_AP,
    OTHER_PHONE,
    PHONE,
    decoded,
    only_place,
    only_reading,
    refusal,
    refused,
)

FOOT = 0.3048


# Meraki over MQTT


def meraki(body: Any, topic: str = f"meraki/v1/mr/N/{AP}/wifi/{PHONE}", **options: str) -> Any:
    return decoded("meraki-mqtt", body, topic=topic, **options)


def test_meraki_s_fields_win_over_its_topic_and_have_two_spellings() -> None:
    said = {"apMac": OTHER_AP, "Client MAC address": OTHER_PHONE, "RSSI": "-61", "Timestamp": "2026-11-28 10:00:00",
            "Band": 5, "Radio": "WiFi"}  # fmt: skip
    assert only_reading(meraki(said)) == (OTHER_PHONE, OTHER_AP, NOW, -61.0, "5")
    assert only_reading(meraki({"rssi": 35})) == (PHONE, AP, None, -60.0, "")
    own = meraki({"power": "-50", "who": OTHER_PHONE}, rssi_field="power", client_field="who")
    assert only_reading(own) == (OTHER_PHONE, AP, None, -50.0, "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"rssi": 0}, "bad_rssi"), ({"rssi": 95}, "bad_rssi"), ({}, "no_rssi"),
        ({"rssi": -50, "radio": "ble"}, "not_wifi"), ({"rssi": -50, "UUID": "x"}, "not_wifi"),
        ({"rssi": -50, "mrMac": "00:00:00:00:00:00"}, "no_ap"),
        ({"rssi": -50, "clientMac": "x"}, "bad_mac"), ({"rssi": -50, "timestamp": "soon"}, "bad_time"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_reading_of_meraki_s(body: Any, reason: str) -> None:
    assert refused(meraki(body)) == {reason: 1}
    assert refused(meraki([body, {"rssi": -50}, 7])) == {reason: 1, "bad_shape": 1}


def test_bodies_of_meraki_s_are_objects_or_lists_and_long_topics_say_nothing() -> None:
    for body in ("7", '"x"', "null", "true"):
        assert refusal("meraki-mqtt", body) == "bad_shape"
    tail = f"/{AP}/wifi/{PHONE}"
    assert len(meraki({"rssi": -50}, "m" * (200 - len(tail)) + tail).readings) == 1
    assert refused(meraki({"rssi": -50}, "m" * (201 - len(tail)) + tail)) == {"no_mac": 1}


@pytest.mark.parametrize(
    ("topic", "pattern", "ap", "client", "radio"),
    [
        (f"/meraki/v1/mr/N/{AP}/WiFi/{PHONE}/", "", AP, PHONE, "wifi"),
        (f"meraki/{OTHER_AP}/{AP}/ble/{PHONE}", "", AP, PHONE, "ble"),
        ("meraki/x/wifi", "", "", "", "wifi"),
        (f"m/wifi/{AP}/wifi/{PHONE}", "", AP, PHONE, "wifi"),
        (f"meraki/{AP}/rssi/{PHONE}", "", AP, PHONE, ""),
        (f"meraki/{AP}/rssi/x", "", "", "", ""),
        (f"{AP}/{OTHER_AP}/{PHONE}", "", "", "", ""),
        (f"shop/till/{PHONE}/BLE/more", "shop/{ap}/{client}/{radio}", "till", PHONE, "ble"),
        ("shop/till", "shop/{ap}/{client}", "till", "", ""),
    ],
)  # fmt: skip
def test_what_a_topic_of_meraki_s_says(topic: str, pattern: str, ap: str, client: str, radio: str) -> None:
    assert parse_topic(topic, pattern) == (ap, client, radio)


# Meraki's Scanning API


def v3(**observation: Any) -> Any:
    body = {"version": "3.0", "type": "WiFi", "data": {"observations": [{"clientMac": PHONE} | observation]}}
    return decoded("meraki-scanning-v3", body)


def test_an_observation_of_version_3_in_full() -> None:
    at = {"time": "2026-11-28T10:00:00Z", "x": "1.5", "y": 2, "lng": 2.35, "lat": 48.85, "variance": "4",
          "floorPlanId": "g_1",
          "rssiRecords": [{"apMac": AP, "rssi": -50}, {"apMac": OTHER_AP, "rssi": "-70"}]}  # fmt: skip
    found = v3(locations=[at], userId="ana", ipv4="10.0.0.7")
    assert only_place(found) == {"mac": PHONE, "t": NOW, "x_m": 1.5, "y_m": 2.0, "lon": 2.35, "lat": 48.85,
                                 "map": "g_1",
                            "origin": "bottom-left", "error_m": 4.0, "error_kind": "variance"}  # fmt: skip
    assert [(r.ap, r.t, r.rssi_dbm) for r in found.readings] == [(AP, NOW, -50.0), (OTHER_AP, NOW, -70.0)]
    assert found.identities == [(PHONE, "ana", "10.0.0.7")]
    assert refused(found) == {}


def test_the_latest_record_is_one_more_or_one_again() -> None:
    at = {"time": NOW, "rssiRecords": [{"apMac": AP, "rssi": -50}]}
    again = v3(locations=[at], latestRecord={"time": NOW, "nearestApMac": AP, "nearestApRssi": -49})
    assert (len(again.readings), refused(again)) == (1, {"duplicate": 1})
    later = v3(locations=[at], latestRecord={"time": NOW + 9, "nearestApMac": AP, "nearestApRssi": -49})
    assert [(r.t, r.rssi_dbm) for r in later.readings] == [(NOW, -50.0), (NOW + 9, -49.0)]
    assert refused(v3(locations=[at], latestRecord={"time": NOW})) == {}
    assert refused(v3(locations=[at], latestRecord={"nearestApRssi": -49})) == {"no_ap": 1}
    assert refused(v3(latestRecord={"time": NOW})) == {"no_rssi": 1}, "nothing is said"


def test_what_is_said_twice_in_an_observation_counts_once() -> None:
    at = {"time": NOW, "x": 1, "y": 2, "rssiRecords": [{"apMac": AP, "rssi": -50}] * 2}
    found = v3(locations=[at])
    assert (len(found.readings), len(found.positions), refused(found)) == (1, 1, {"duplicate": 1})
    assert refused(v3(locations=[at | {"rssiRecords": []}] * 2)) == {"duplicate": 1}
    assert v3(locations=[{"time": NOW, "x": 1, "y": "NaN"}]).positions == []
    assert refused(v3(bleBeacons=[])) == {"not_wifi": 1}
    assert v3(userId="ana").identities == [], "of whom nothing is known nobody is named"


def v2(floors: Any = ("F",), version: str = "2.0", **observation: Any) -> Any:
    said = {"clientMac": PHONE, "seenEpoch": NOW, "rssi": 30} | observation
    data = {"apMac": AP, "apFloors": list(floors) if floors is not None else None, "observations": [said]}
    return decoded("meraki-scanning-v2", {"version": version, "type": "DevicesSeen", "data": data})


def test_an_observation_of_version_2_in_full() -> None:
    found = v2(location={"lat": 48.85, "lng": 2.35, "unc": 7.5, "x": [1.5], "y": [2.5]})
    assert only_place(found) == {"mac": PHONE, "t": NOW, "x_m": 1.5, "y_m": 2.5, "lon": 2.35, "lat": 48.85,
                                 "level": "F",
                            "origin": "bottom-left", "error_m": 7.5, "error_kind": "unc"}  # fmt: skip
    assert only_reading(found) == (PHONE, AP, NOW, -65.0, "")
    dated = v2(seenEpoch=0, seenTime="2026-11-28T10:00:00Z")
    assert only_reading(dated)[2] == NOW


@pytest.mark.parametrize(
    ("floors", "location", "told"),
    [
        (["F"], {"x": [1], "y": [2]}, {"x_m": 1.0, "y_m": 2.0, "level": "F", "origin": "bottom-left"}),
        (["F"], {"x": 1, "y": 2}, {"x_m": 1.0, "y_m": 2.0, "level": "F", "origin": "bottom-left"}),
        ([], {"x": [1], "y": [2]}, {"x_m": 1.0, "y_m": 2.0, "origin": "bottom-left"}),
        (None, {"x": [1], "y": [2]}, {"x_m": 1.0, "y_m": 2.0, "origin": "bottom-left"}),
        (["F", "G"], {"x": [1, 3], "y": [2, 4]}, {"xy_by_floor": (("F", 1.0, 2.0), ("G", 3.0, 4.0))}),
        (["F", "G"], {"x": [1, "NaN"], "y": [2, 4]}, {"x_m": 1.0, "y_m": 2.0, "level": "F", "origin": "bottom-left"}),
        (["F", "G"], {"x": [1], "y": [2]}, {"x_m": 1.0, "y_m": 2.0, "origin": "bottom-left"}),
        (["F", "G", "H"], {"x": [1, 3], "y": [2, 4]}, None),
        (["F", "G"], {"x": [1, 3], "y": [2]}, None),
        (["F"], {"x": ["NaN"], "y": [2]}, None),
        (["F"], {}, None),
    ],
)
def test_on_which_floors_version_2_places_a_phone(floors: Any, location: Any, told: dict[str, Any] | None) -> None:
    found = v2(floors, location=location)
    if told is None:
        assert found.positions == []
        on_globe = v2(floors, location=location | {"lng": 2.35, "lat": 48.85, "unc": 5})
        assert only_place(on_globe) == {
            "mac": PHONE,
            "t": NOW,
            "lon": 2.35,
            "lat": 48.85,
            "error_m": 5.0,
            "error_kind": "unc",
        }
    else:
        assert only_place(found) == {"mac": PHONE, "t": NOW} | told
    assert len(found.readings) == 1


def test_the_body_says_which_version_it_is() -> None:
    body = {"data": {"apMac": AP, "observations": [{"clientMac": PHONE, "rssi": 30}]}}
    assert decoded("meraki-scanning-v3", body).readings[0].rssi_dbm == -65.0
    for version in ("1.0", "2.1"):
        without = {"version": version, "data": {"observations": [{"clientMac": PHONE, "rssi": 30}]}}
        assert refused(decoded("meraki-scanning-v3", without)) == {"no_ap": 1}, "of version 2, and of nobody"
    newer = {"version": "3.0", "data": {"observations": [{"clientMac": PHONE, "rssi": 30}]}}
    assert refused(decoded("meraki-scanning-v3", newer)) == {"no_rssi": 1}
    ble = {"type": "BLE", "data": {"observations": [{}, {}, 7]}}
    assert refused(decoded("meraki-scanning-v3", ble)) == {"not_wifi": 2, "bad_shape": 1}
    for kind in ("Wi-Fi", " wifi ", "DevicesSeen", ""):
        assert refused(decoded("meraki-scanning-v3", newer | {"type": kind})) == {"no_rssi": 1}
    assert refusal("meraki-scanning-v3", {"data": []}) == "bad_shape"


def scan_post(body: bytes, secret: str | None, method: str = "POST", **options: str) -> Any:
    return DECODERS["meraki-scanning-v3"](VendorMessage(body, NOW, method=method), Told(secret, options))


def test_a_receiver_is_asked_for_its_validator() -> None:
    for method in ("GET", "HEAD"):
        asked = scan_post(b"", None, method, validator="v1")
        assert (asked.answer, asked.ignored) == ("v1", 0)
    unknown = scan_post(b"", None, "GET")
    assert (unknown.answer, unknown.ignored) == (None, 1)


@pytest.mark.parametrize(("size", "reason"), [(64 * 1024, "not_json"), (64 * 1024 + 1, "bad_secret")])
def test_a_large_body_without_the_secret_is_not_read(size: int, reason: str) -> None:
    for secret, told in (("s3cret", reason), ("s3crét", "not_json")):
        with pytest.raises(MessageRefused) as refused_:
            scan_post(b"x" * size, secret)
        assert refused_.value.reason == told
    good = json.dumps({"secret": "s3cret", "data": {"observations": []}}).encode()
    assert scan_post(good + b" " * size, "s3cret").refused == {}
