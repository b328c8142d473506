"""Messages of Cisco's, and of Aruba's ALE, in full: each field that is read, and what stands in for another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import (
    AP,
    NOW,
    OTHER_AP,
    PHONE,
    changes,
    decoded,
    only_place,
    only_reading,
    refusal,
    refused,
)

FOOT = 0.3048


# Cisco


def cmx(**said: Any) -> Any:
    return decoded(
        "cisco-cmx", {"notificationType": "locationupdate", "deviceId": PHONE, "timestamp": NOW * 1000} | said
    )


STRONGEST = {"apMacAddress": AP, "rssi": -60, "lastHeardInSeconds": 5}


def test_a_place_of_cmx_s_in_full() -> None:
    found = cmx(
        locationCoordinate={"x": 10, "y": 20, "unit": "FEET"}, geoCoordinate={"longitude": 2.35, "latitude": 48.85},
        confidenceFactor=64, locationMapHierarchy="Campus>House>Floor>Zone>Part", maxDetectedRssi=STRONGEST,
        username="ana", ipAddress=["10.0.0.7", "::1"], entity="WIRELESS_CLIENTS",
    )  # fmt: skip
    assert only_place(found) == {"mac": PHONE, "t": NOW, "x_m": 3.048, "y_m": 6.096, "lon": 2.35, "lat": 48.85,
                            "level": "Campus>House>Floor", "error_m": 19.5072, "error_kind": "r95"}  # fmt: skip
    assert only_reading(found) == (PHONE, AP, NOW - 5, -60.0, "")
    assert found.identities == [(PHONE, "ana", "10.0.0.7")]


@pytest.mark.parametrize(
    ("unit", "x_m", "error_m"),
    [("METERS", 10.0, 64.0), (None, 10 * FOOT, 64 * FOOT), ("feet", 10 * FOOT, 64 * FOOT), ("m", 10.0, 64.0)],
)
def test_lengths_of_cisco_s_are_in_the_unit_beside_them(unit: str | None, x_m: float, error_m: float) -> None:
    found = cmx(locationCoordinate={"x": 10, "y": 20, "unit": unit}, confidenceFactor=64).positions[0]
    assert (found.x_m, found.y_m, found.error_m) == pytest.approx((x_m, 2 * x_m, error_m))


def test_of_pixels_only_degrees_are_left() -> None:
    geo = {"longitude": 2.35, "latitude": 48.85}
    found = cmx(locationCoordinate={"x": 10, "y": 20, "unit": "PIXELS"}, geoCoordinate=geo, confidenceFactor=64)
    assert only_place(found) == {
        "mac": PHONE,
        "t": NOW,
        "lon": 2.35,
        "lat": 48.85,
        "error_m": 19.5072,
        "error_kind": "r95",
    }
    assert refused(cmx(locationCoordinate={"x": 10, "unit": "m"})) == {"no_position": 1}
    only = cmx(maxDetectedRssi=STRONGEST)
    assert (only.positions, only_reading(only)[3], refused(only)) == ([], -60.0, {})


@pytest.mark.parametrize(
    ("ago", "t"), [(3600, NOW - 3600), (3601, None), (0, NOW), (-5, NOW), (None, NOW), ("7", NOW - 7)]
)
def test_an_access_point_that_heard_a_phone_an_hour_ago_hears_it_no_more(ago: Any, t: float | None) -> None:
    found = cmx(maxDetectedRssi=STRONGEST | {"lastHeardInSeconds": ago})
    assert [r.t for r in found.readings] == ([] if t is None else [t])
    assert refused(found) == ({"stale": 1} if t is None else {})


def test_entities_of_cmx_s_that_are_no_phones() -> None:
    for entity, reason in (("TAGS", "not_a_phone"), ("BLE_TAGS", "not_wifi"), ("rogue_aps", "not_a_phone")):
        assert refused(cmx(entity=entity)) == {reason: 1}
    assert refused(cmx(notificationType="", entity="TAGS")) == {"bad_shape": 1}
    assert cmx(notificationType="battery").ignored == 1
    assert refusal("cisco-cmx", "7") == "bad_shape"
    assert refused(decoded("cisco-cmx", {"notifications": [7]})) == {"bad_shape": 1}


def test_sessions_of_cmx_s() -> None:
    for said, event in (
        ({"association": True}, "connect"),
        ({"associated": False}, "disconnect"),
        ({"status": 3}, "connect"),
    ):
        found = cmx(notificationType="association", apMacAddress=AP, ssid="Shop", **said)
        assert (changes(found), found.sessions[0].ssid) == ([(PHONE, event, AP)], "Shop")
    assert refused(cmx(notificationType="association", status=1)) == {"ambiguous": 1}
    gone = cmx(notificationType="absence", apMacAddress="?", timestamp=0, lastSeen="2026-11-28T10:00:00Z")
    assert (changes(gone), gone.sessions[0].t) == ([(PHONE, "disconnect", "")], NOW)
    for boundary, event in (("INSIDE", "enter"), ("outside", "exit")):
        found = cmx(notificationType="in_out", boundary=boundary, locationMapHierarchy="C>H>F>Z",
                    locationCoordinate={"x": 1, "y": 2})  # fmt: skip
        assert (found.sessions[0].event, found.sessions[0].zone, len(found.positions)) == (event, "C>H>F>Z", 1)
    assert refused(cmx(notificationType="inout", boundary="near")) == {"ambiguous": 1}
    assert cmx(notificationType="inout", boundary="inside").positions == []
    assert cmx(notificationType="absence", username=PHONE.upper()).identities == [], "who signs in by MAC has no name"


def test_clients_and_older_notifications_of_cisco_s() -> None:
    client = {"macAddress": PHONE, "MapInfo": {"mapHierarchyString": "C>H>F"}, "mapCoordinate": {"x": 10, "y": 20},
              "statistics": {"lastLocatedTime": NOW * 1000, "currentServerTime": NOW * 1000 + 9000,
                             "maxDetectedRssi": STRONGEST}, "userName": "ana", "ipAddress": "10.0.0.7"}  # fmt: skip
    found = decoded("cisco-cmx", [client])
    assert only_place(found) == {"mac": PHONE, "t": NOW, "x_m": 3.048, "y_m": 6.096, "level": "C>H>F"}
    assert (only_reading(found)[2], found.identities) == (NOW + 4, [(PHONE, "ana", "10.0.0.7")])
    del client["statistics"]["currentServerTime"]  # type: ignore[attr-defined]
    assert only_reading(decoded("cisco-cmx", client))[2] == NOW - 5
    older = {"StreamingNotification": {"timestampMillis": NOW * 1000 + 500, "location": client, "entity": ""}}
    assert only_place(decoded("cisco-cmx", older))["t"] == NOW + 0.5
    tag = {"StreamingNotification": older["StreamingNotification"] | {"entity": "TAGS"}}
    assert refused(decoded("cisco-cmx", tag)) == {"not_a_phone": 1}
    assert refused(decoded("cisco-cmx", {"macAddress": PHONE})) == {"no_position": 1}


def spaces(kind: str, key: str, said: Any, **event: Any) -> Any:
    return decoded("cisco-spaces", {"eventType": kind, key: said, "recordTimestamp": NOW * 1000 + 9000} | event)


DEVICE = {"device": {"macAddress": PHONE, "userId": "ana"}}


def located(**said: Any) -> Any:
    update = DEVICE | {"lastSeen": NOW * 1000, "xPos": 10, "yPos": 20} | said
    return spaces("DEVICE_LOCATION_UPDATE", "deviceLocationUpdate", update)


def test_a_place_of_cisco_spaces_in_full() -> None:
    floor = {
        "name": "Zone",
        "inferredLocationTypes": ["ZONE"],
        "parent": {"name": "F1", "inferredLocationTypes": ["FLOOR"]},
    }
    found = located(
        longitude=2.35, latitude=48.85, confidenceFactor=64, unc=3, mapId="m", location=floor, ipv4="10.0.0.7"
    )
    assert only_place(found) == {"mac": PHONE, "t": NOW, "x_m": 3.048, "y_m": 6.096, "lon": 2.35, "lat": 48.85,
                                 "level": "F1",
                            "map": "m", "origin": "top-left", "error_m": 19.5072, "error_kind": "r95"}  # fmt: skip
    assert found.identities == [(PHONE, "ana", "10.0.0.7")]
    assert only_place(located(lastSeen=0))["t"] == NOW + 9
    assert only_place(located(unc=3.5))["error_kind"] == "unc"
    assert located(rawUserId="raw").identities == [(PHONE, "raw", "")]
    for name, said in (("email", "a@b.c"), ("mobile", "0600")):
        assert located(device={"macAddress": PHONE, name: said}).identities == [(PHONE, said, "")]


@pytest.mark.parametrize(("parents", "level"), [(0, "top"), (19, "top"), (20, "p0")])
def test_a_floor_is_looked_for_among_twenty_locations(parents: int, level: str) -> None:
    at: dict[str, Any] = {"name": "top", "inferredLocationTypes": ["FLOOR"]}
    for i in reversed(range(parents)):
        at = {"name": f"p{i}", "parent": at}
    assert only_place(located(location=at))["level"] == level
    assert only_place(located(location={"name": "alone"}))["level"] == "alone"


def test_who_comes_and_goes_in_cisco_spaces() -> None:
    for kind, stamp, event in (
        ("ENTRY_EVENT", "entryTimestamp", "enter"),
        ("DEVICE_EXIT_EVENT", "exitTimestamp", "exit"),
    ):
        said = DEVICE | {
            "presenceEventType": kind,
            stamp: NOW * 1000,
            "timestamp": 5,
            "ssid": "S",
            "location": {"name": "L"},
        }
        found = spaces("DEVICE_PRESENCE", "devicePresence", said)
        assert [(s.event, s.t, s.ssid, s.zone) for s in found.sessions] == [(event, NOW, "S", "L")]
        assert found.identities == [(PHONE, "ana", "")]
    entry = spaces("DEVICE_ENTRY", "deviceEntry", DEVICE | {"entryTimestamp": 0})
    assert [(s.event, s.t) for s in entry.sessions] == [("enter", NOW + 9)]
    later = spaces("DEVICE_EXIT", "deviceExit", DEVICE | {"lastSeen": NOW * 1000})
    assert [(s.event, s.t) for s in later.sessions] == [("exit", NOW)]
    assert spaces("DEVICE_PRESENCE", "devicePresence", DEVICE | {"presenceEventType": "ACTIVE"}).ignored == 1


def test_associations_levels_and_counts_of_cisco_spaces() -> None:
    for said, event in (({"association": True}, "connect"), ({"associated": False}, "disconnect")):
        found = spaces("DEVICE_ASSOCIATION", "deviceAssociation", DEVICE | said | {"lastSeen": NOW * 1000, "ssid": "S"})
        assert [(s.event, s.t, s.ssid) for s in found.sessions] == [(event, NOW, "S")]
    bare = spaces("DEVICE_ASSOCIATION", "deviceAssociation", {"macAddress": PHONE, "association": True})
    assert [(s.mac, s.t) for s in bare.sessions] == [(PHONE, NOW + 9)]
    assert refused(spaces("DEVICE_ASSOCIATION", "deviceAssociation", DEVICE)) == {"ambiguous": 1}
    measured = [
        {"apMacAddress": AP, "rssi": -50, "timestamp": NOW * 1000},
        {"apMacAddress": OTHER_AP, "rssi": -60},
        {"rssi": 1},
    ]
    levels = spaces("DEVICE_RSSI_UPDATE", "deviceRssiUpdate", {"rssiNotification": {
        "macAddress": PHONE, "apRssiMeasurements": measured}})  # fmt: skip
    assert [(r.ap, r.t, r.rssi_dbm) for r in levels.readings] == [(AP, NOW, -50.0), (OTHER_AP, NOW + 9, -60.0)]
    assert refused(levels) == {"no_ap": 1}
    assert refused(spaces("DEVICE_RSSI_UPDATE", "deviceRssiUpdate", {})) == {"bad_shape": 1}
    counted = spaces("DEVICE_COUNT", "deviceCounts", {"associatedCount": 3, "location": {"name": "F"}})
    assert (counted.notes["counts"], counted.ignored) == ([{"level": "F", "t": NOW + 9, "associated": 3.0}], 1)


def test_the_stream_of_cisco_spaces_is_lines_and_what_is_repeated_counts_once() -> None:
    event = {"eventType": "KEEP_ALIVE", "recordUid": "u"}
    lines = "\n".join(json.dumps(e) for e in (event, event, {"recordUid": "v"}, {"eventType": "IOT_TELEMETRY"}))
    found = decoded("cisco-spaces", lines + "\n{broken\n")
    assert (found.ignored, refused(found)) == (1, {"duplicate": 1, "bad_shape": 1, "not_wifi": 1, "not_json": 1})
    assert decoded("cisco-spaces", [event]).ignored == decoded("cisco-spaces", event).ignored == 1
    assert decoded("cisco-spaces", b"\xef\xbb\xbf" + json.dumps(event).encode()).ignored == 1
    assert refusal("cisco-spaces", "{broken") == refusal("cisco-spaces", "{broken\n{too") == "not_json"


# Aruba ALE


def ale(msg: Any, ts: Any = NOW, name: str = "x_result") -> Any:
    return decoded("aruba-ale", {name: [{"msg": msg, "ts": ts}]})


def addr(mac: str) -> dict[str, str]:
    return {"addr": mac}


def test_a_place_of_ale_s_in_full() -> None:
    said = {"sta_eth_mac": addr(PHONE), "sta_location_x": 10, "sta_location_y": 20, "unit": "FEET", "longitude": 2.35,
            "latitude": 48.85, "error_level": 10, "floor_id": "F", "target_type": "TARGET_TYPE_STATION"}  # fmt: skip
    assert only_place(ale(said)) == {"mac": PHONE, "t": NOW, "x_m": 3.048, "y_m": 6.096, "lon": 2.35, "lat": 48.85,
                                "level": "F", "error_m": 3.048, "error_kind": "r95"}  # fmt: skip
    pixels = only_place(ale(said | {"unit": "PIXELS"}))
    assert (pixels["error_m"], "x_m" in pixels) == (10.0, False)
    for kind in ("TARGET_TYPE_TAG", "rogue", 3, "3"):
        assert refused(ale(said | {"target_type": kind})) == {"not_a_phone": 1}
    assert len(ale(said | {"target_type": 1}).positions) == 1


def test_levels_presence_and_geofences_of_ale_s() -> None:
    level = {
        "sta_eth_mac": addr(PHONE),
        "ap_eth_mac": addr(AP),
        "radio_mac": addr(OTHER_AP),
        "rssi_val": -60,
        "timestamp": 5,
    }
    assert only_reading(ale(level)) == (PHONE, AP, NOW, -60.0, "")
    radio = {k: v for k, v in level.items() if k != "ap_eth_mac"} | {"timestamp": NOW}
    assert only_reading(ale(radio, None)) == (PHONE, OTHER_AP, NOW, -60.0, "")
    there = ale({"sta_eth_mac": PHONE, "ap_name": "till"})
    assert (changes(there), there.sessions[0].t) == ([(PHONE, "present", "till")], NOW)
    assert changes(ale({"sta_eth_mac": PHONE, "ap_eth_mac": addr(AP), "ap_name": "till"}))[0][2] == AP
    for event, change in (("ZONE_IN", "enter"), ("zone_out", "exit")):
        said = {"geofence_event": event, "geofence_name": "Tea", "geofence_id": "7", "sta_eth_mac": addr(PHONE)}
        assert [(s.event, s.zone, s.t) for s in ale(said).sessions] == [(change, "Tea", NOW)]
        assert ale(said | {"geofence_name": ""}).sessions[0].zone == "7"
    assert refused(ale({"geofence_event": "ZONE_NEAR", "sta_eth_mac": addr(PHONE)})) == {"ambiguous": 1}


def test_answers_of_ale_s_that_say_nothing_of_phones() -> None:
    assert ale({"topo_seq": 1}).ignored == 1
    assert decoded("aruba-ale", {"health": []}).ignored == 1
    one = decoded("aruba-ale", {"msg": {"sta_eth_mac": PHONE}, "ts": NOW})
    assert len(one.sessions) == 1
    bare = decoded("aruba-ale", {"Station_RESULT": [{"sta_eth_mac": PHONE}, 7]})
    assert (len(bare.sessions), refused(bare)) == (1, {"bad_shape": 1})
    digest = ale({"hashed_sta_eth_mac": "5e" * 20})
    assert refused(digest) == {"hashed_mac": 1}
    assert changes(ale({"sta_eth_mac": addr(PHONE), "hashed_sta_eth_mac": "5e" * 20})) == [(PHONE, "present", "")]
