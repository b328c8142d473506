"""Meraki over MQTT and its Scanning API, beyond the recorded messages."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import MessageRefused
from engine.ingest.decoders.clouds.meraki_scanning import LARGE_BYTES
from engine.ingest.decoders.heard import Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
from tests.engine.ingest.decoders.vendors import AP, AP2, NOW, OTHER, PHONE, decode, events, heard, places, refused

WIFI = f"meraki/v1/mr/N_1/{AP.upper()}/wifi/{PHONE.upper()}"


@pytest.mark.parametrize(
    ("topic", "options"),
    [
        (WIFI, {}),
        (f"Meraki/v1/mr/N_1/{AP}/WiFi/{PHONE}/", {}),
        (f"shop/{AP}/wifi/{PHONE.replace(':', '-')}", {}),
        (f"meraki/v1/{AP}/rssi/{PHONE}", {}),
        (f"a/{PHONE}/b/{AP}", {"topic": "a/{client}/b/{ap}"}),
        (f"wifi/{PHONE}/{AP}", {"topic": "{radio}/{client}/{ap}"}),
    ],
)
def test_who_and_where_may_stand_in_the_topic_alone(topic: str, options: dict[str, str]) -> None:
    decoded = decode("meraki-mqtt", {"rssi": "-58"}, on=topic, **options)
    assert heard(decoded) == [(PHONE, AP, None, -58.0)]


def test_a_topic_of_names_names_the_access_point() -> None:
    decoded = decode("meraki-mqtt", {"rssi": -58}, on=f"x/till/{PHONE}", client_field="who")
    assert refused(decoded) == {"no_mac": 1}
    options = {"rssi_field": "dbm", "client_field": "who", "ap_field": "where", "time_field": "at", "radio_field": "r"}
    body = {"dbm": -58, "who": PHONE, "where": "till", "at": NOW, "r": "wifi"}
    assert heard(decode("meraki-mqtt", body, **options)) == [(PHONE, "till", NOW, -58.0)]


@pytest.mark.parametrize(
    ("body", "topic", "reason"),
    [
        ({}, WIFI, "no_rssi"),
        ({"rssi": "0"}, WIFI, "bad_rssi"),
        ({"rssi": "96"}, WIFI, "bad_rssi"),
        ({"rssi": "-70", "timestamp": "yesterday at noon"}, WIFI, "bad_time"),
        ({"rssi": "-70"}, "", "no_mac"),
        ({"rssi": "-70", "clientMac": "ff:ff:ff:ff:ff:ff"}, WIFI, "bad_mac"),
        ({"rssi": "-70", "clientMac": PHONE}, "", "no_ap"),
        ({"rssi": "-70", "clientMac": PHONE, "mrMac": "00:00:00:00:00:00"}, "", "no_ap"),
        ({"rssi": "-70", "radio": "ble"}, WIFI, "not_wifi"),
        ({"rssi": "-70"}, WIFI.replace("wifi", "ble"), "not_wifi"),
        ({"rssi": "-70", "bleType": "unknown"}, WIFI, "not_wifi"),
    ],
)
def test_what_cannot_be_used_is_refused_once(body: Any, topic: str, reason: str) -> None:
    decoded = decode("meraki-mqtt", body, on=topic)
    assert (heard(decoded), refused(decoded)) == ([], {reason: 1})


def test_several_clients_in_one_message_are_several_readings() -> None:
    body = [{"rssi": -50, "clientMac": PHONE, "band": "5"}, {"rssi": -60, "clientMac": OTHER}, 7]
    decoded = decode("meraki-mqtt", body, on=WIFI)
    assert [(r.mac, r.rssi_dbm, r.band) for r in decoded.readings] == [(PHONE, -50, "5"), (OTHER, -60, "")]
    assert refused(decoded) == {"bad_shape": 1}


@pytest.mark.parametrize("body", [b"7", b'"text"', b"null", b"[", b""])
def test_a_message_that_is_no_object_is_refused_whole(body: bytes) -> None:
    for kind in ("meraki-mqtt", "meraki-scanning-v2", "meraki-scanning-v3"):
        with pytest.raises(MessageRefused):
            decode(kind, body)


def v3(*observations: Any, **changes: Any) -> dict[str, Any]:
    body = {"version": "3.0", "secret": "s", "type": "WiFi", "data": {"networkId": "N_1", "observations": observations}}
    return body | changes


def seen(**changes: Any) -> dict[str, Any]:
    location = {
        "x": 1.5, "y": 2, "lat": 48.0, "lng": 2.0, "variance": 3.0, "floorPlanId": "g_1", "time": NOW,
        "rssiRecords": [{"apMac": AP, "rssi": -50}, {"apMac": AP2, "rssi": "-60"}],
    }  # fmt: skip
    return {"clientMac": PHONE, "locations": [location | changes], "latestRecord": None}


def test_one_bad_record_leaves_the_others() -> None:
    records = [{"apMac": AP, "rssi": -50}, {"apMac": None, "rssi": -50}, {"apMac": AP2, "rssi": None}, None,
               {"apMac": AP2, "rssi": 0}, {"apMac": PHONE, "rssi": -40}, {"apMac": AP, "rssi": -50}]  # fmt: skip
    decoded = decode("meraki-scanning-v3", v3(seen(rssiRecords=records)))
    assert heard(decoded) == [(PHONE, AP, NOW, -50.0)]
    expected = {"no_ap": 1, "no_rssi": 1, "bad_shape": 1, "bad_rssi": 1, "ap_mac": 1, "duplicate": 1}
    assert refused(decoded) == expected
    assert places(decoded) == [
        {"x_m": 1.5, "y_m": 2.0, "lon": 2.0, "lat": 48.0, "map": "g_1", "origin": "bottom-left", "error_m": 3.0,
         "error_kind": "variance"},
    ]  # fmt: skip


def test_a_location_that_is_sent_twice_is_used_once() -> None:
    observation = seen()
    observation["locations"] *= 2
    decoded = decode("meraki-scanning-v3", v3(observation))
    assert (len(decoded.readings), len(decoded.positions), refused(decoded)) == (2, 1, {"duplicate": 1})


@pytest.mark.parametrize("x", [None, "NaN", "-NaN", "", [], 1e9])
def test_without_metres_the_degrees_are_left(x: Any) -> None:
    (place,) = places(decode("meraki-scanning-v3", v3(seen(x=x))))
    assert place == {"lon": 2.0, "lat": 48.0, "error_m": 3.0, "error_kind": "variance"}
    nowhere = decode("meraki-scanning-v3", v3(seen(x=x, lat=None)))
    assert (len(nowhere.positions), len(nowhere.readings)) == (0, 2)


def test_a_variance_of_nothing_is_no_error() -> None:
    (place,) = places(decode("meraki-scanning-v3", v3(seen(variance=0))))
    assert not {"error_m", "error_kind"} & place.keys()


@pytest.mark.parametrize("kind", ["Bluetooth", "BLE", "BluetoothDevicesSeen", 7])
def test_other_radios_are_no_phones(kind: Any) -> None:
    decoded = decode("meraki-scanning-v3", v3(seen(), seen(), type=kind))
    assert (heard(decoded), places(decoded), refused(decoded)) == ([], [], {"not_wifi": 2})


@pytest.mark.parametrize("kind", [None, "", "wi-fi", "DevicesSeen"])
def test_wifi_has_several_names(kind: Any) -> None:
    decoded = decode("meraki-scanning-v3", v3(seen(), {**seen(), "bleBeacons": []}, type=kind))
    assert (len(heard(decoded)), refused(decoded)) == (2, {"not_wifi": 1})


def test_who_signed_in_is_an_identity_beside_the_readings() -> None:
    observation = seen() | {"userId": "guest@shop.example", "ipv4": "10.0.0.9"}
    (identity,) = decode("meraki-scanning-v3", v3(observation)).identities
    assert identity == (PHONE, "guest@shop.example", "10.0.0.9")


@pytest.mark.parametrize("given", ["S", None, 7, "sécret"])
def test_nothing_is_read_of_a_body_with_another_secret(given: Any) -> None:
    with pytest.raises(MessageRefused, match="bad_secret"):
        decode("meraki-scanning-v3", v3(seen(), secret=given), secret="s")
    assert decode("meraki-scanning-v3", v3(seen(), secret="s"), secret="s").readings


def test_the_handshake_is_answered_with_the_validator_and_nothing_else() -> None:
    get = VendorMessage(b"", NOW, method="GET", target="/in/meraki")
    decoder = DECODERS["meraki-scanning-v3"]
    assert decoder(get, Told("s", {"validator": "a1b2"})).answer == "a1b2"
    assert decoder(get, Told("s")).answer is None


def v2(*observations: Any, **data: Any) -> dict[str, Any]:
    return v3(type="DevicesSeen", version="2.0") | {
        "data": {"apMac": AP, "apFloors": ["G", "1"], "observations": observations} | data
    }


def test_version_2_is_told_by_the_body() -> None:
    observation = {"clientMac": PHONE, "seenEpoch": NOW, "rssi": 34}
    for kind in ("meraki-scanning-v2", "meraki-scanning-v3"):
        assert heard(decode(kind, v2(observation))) == [(PHONE, AP, NOW, -61.0)]


@pytest.mark.parametrize(
    ("x", "y", "floors", "expected"),
    [
        ([1.0], [2.0], ["G"], {"x_m": 1.0, "y_m": 2.0, "level": "G", "origin": "bottom-left"}),
        (1.0, 2.0, ["G"], {"x_m": 1.0, "y_m": 2.0, "level": "G", "origin": "bottom-left"}),
        ([1.0, 3.0], [2.0, 4.0], ["G", "1"], {"xy_by_floor": (("G", 1.0, 2.0), ("1", 3.0, 4.0))}),
        ([1.0, 3.0], [2.0, 4.0], ["G"], {}),
        ([1.0, 3.0], [2.0], ["G", "1"], {}),
        (["NaN"], ["NaN"], ["G"], {}),
    ],
)  # fmt: skip
def test_numbers_are_only_used_where_it_is_known_whose_they_are(x: Any, y: Any, floors: Any, expected: Any) -> None:
    location = {"lat": 48.0, "lng": 2.0, "unc": 5.0, "x": x, "y": y}
    observation = {"clientMac": PHONE, "seenTime": "2026-11-28T10:00:00Z", "rssi": 34, "location": location}
    decoded = decode("meraki-scanning-v2", v2(observation, apFloors=floors))
    assert places(decoded) == [{"lon": 2.0, "lat": 48.0, "error_m": 5.0, "error_kind": "unc"} | expected]
    assert heard(decoded) == [(PHONE, AP, NOW, -61.0)]
    assert events(decoded) == []


def test_a_clock_that_was_never_set_is_no_time() -> None:
    for never in (0, 950, "1970-01-01T00:05:00Z"):
        decoded = decode("meraki-scanning-v2", v2({"clientMac": PHONE, "seenEpoch": never, "rssi": 34}))
        assert math.isnan(decoded.readings[0].t)
        both = {"clientMac": PHONE, "seenEpoch": never, "seenTime": "2026-11-28T10:00:00Z", "rssi": 34}
        assert decode("meraki-scanning-v2", v2(both)).readings[0].t == NOW


def test_a_large_body_without_the_secret_is_refused_before_it_is_decoded() -> None:
    """One that is no JSON at all is told from the secret's absence only where somebody looked for it first."""
    message = VendorMessage(b"{" * (LARGE_BYTES + 1), NOW)
    with pytest.raises(MessageRefused, match="bad_secret"):
        DECODERS["meraki-scanning-v3"](message, Told(secret="letters-and-0"))
    for told in (Told(), Told(secret="signs/that&may be escaped")):
        with pytest.raises(MessageRefused, match="not_json"):
            DECODERS["meraki-scanning-v3"](message, told)
