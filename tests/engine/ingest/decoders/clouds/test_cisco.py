"""Cisco CMX, MSE and Spaces, beyond the recorded messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import MessageRefused
from tests.engine.ingest.decoders.vendors import AP, NOW, OTHER, PHONE, decode, events, heard, places, refused

FOOT_M = 0.3048
AT = {"x": 10, "y": 20, "unit": "FEET"}
PLACE = {"x_m": 3.048, "y_m": 6.096, "level": "Mall>A>0", "error_m": 30.48, "error_kind": "r95"}


def cmx(kind: Any = "locationupdate", **changes: Any) -> dict[str, Any]:
    return {
        "notificationType": kind, "entity": "WIRELESS_CLIENTS", "deviceId": PHONE, "timestamp": NOW * 1000,
        "locationMapHierarchy": "Mall>A>0", "locationCoordinate": AT, "confidenceFactor": 100,
    } | changes  # fmt: skip


@pytest.mark.parametrize("kind", ["locationupdate", "LocationUpdate", "LOCATION_UPDATE", "movement"])
def test_a_place_is_in_feet_and_so_is_its_error(kind: str) -> None:
    assert places(decode("cisco-cmx", [cmx(kind)])) == [PLACE]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("METERS", {"x_m": 10.0, "y_m": 20.0, "level": "Mall>A>0", "error_m": 100.0, "error_kind": "r95"}),
        (None, PLACE),
        ("PIXELS", None),
    ],
)
def test_units_are_written_beside_numbers(unit: Any, expected: Any) -> None:
    decoded = decode("cisco-cmx", cmx(locationCoordinate=AT | {"unit": unit}))
    assert places(decoded) == ([expected] if expected else [])
    assert refused(decoded) == ({} if expected else {"no_position": 1})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"deviceId": None}, "no_mac"),
        ({"deviceId": "5e" * 20}, "hashed_mac"),
        ({"entity": "TAGS"}, "not_a_phone"),
        ({"entity": "ROGUE_APS"}, "not_a_phone"),
        ({"entity": "BLE_TAGS"}, "not_wifi"),
        ({"locationCoordinate": None}, "no_position"),
        ({"locationCoordinate": {"x": "NaN", "y": 1}}, "no_position"),
        ({"notificationType": None}, "bad_shape"),
        ({"timestamp": -1}, "bad_time"),
        ({"notificationType": "inout", "boundary": "AT"}, "ambiguous"),
        ({"notificationType": "association"}, "ambiguous"),
    ],
)
def test_a_notification_that_gives_nothing_says_why(changes: Any, reason: str) -> None:
    decoded = decode("cisco-cmx", {"notifications": [cmx(**changes), cmx(deviceId=OTHER)]})
    assert (refused(decoded), len(decoded.positions)) == ({reason: 1}, 1)


def test_a_clock_that_was_never_set_leaves_when_it_was_last_seen() -> None:
    (position,) = decode("cisco-cmx", cmx(timestamp=950000, lastSeen="2026-11-28T02:00:00.000-0800")).positions
    assert position.t == NOW


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"association": True}, "connect"),
        ({"association": False}, "disconnect"),
        ({"associated": True}, "connect"),
        ({"status": 3}, "connect"),
    ],
)
def test_associations_begin_and_end_a_session(changes: Any, event: str) -> None:
    decoded = decode("cisco-cmx", cmx("Association", apMacAddress=AP, username="", **changes))
    assert events(decoded) == [(event, AP, NOW)]
    assert decoded.identities == []


def test_who_is_absent_has_left() -> None:
    decoded = decode("cisco-cmx", cmx("Absence", username="guest", ipAddress=["10.0.0.9"]))
    assert events(decoded) == [("disconnect", "", NOW)]
    assert decoded.identities == [(PHONE, "guest", "10.0.0.9")]


def test_in_and_out_of_a_zone_is_both_a_session_and_a_place() -> None:
    decoded = decode("cisco-cmx", cmx("in_out", boundary="OUTSIDE", locationMapHierarchy="Mall>A>0>Till"))
    assert events(decoded) == [("exit", "Mall>A>0>Till", NOW)]
    assert places(decoded) == [PLACE]


def test_the_strongest_access_point_is_a_reading_a_little_earlier() -> None:
    strongest = {"apMacAddress": AP, "rssi": -58, "lastHeardInSeconds": 3}
    decoded = decode("cisco-cmx", cmx(maxDetectedRssi=strongest))
    assert heard(decoded) == [(PHONE, AP, NOW - 3, -58.0)]
    alone = decode("cisco-cmx", cmx(maxDetectedRssi=strongest, locationCoordinate=None))
    assert (len(alone.readings), refused(alone)) == (1, {})
    late = decode("cisco-cmx", cmx(maxDetectedRssi=strongest | {"lastHeardInSeconds": 2**32 - 1}))
    assert (heard(late), refused(late), len(late.positions)) == ([], {"stale": 1}, 1)


def test_clients_of_the_rest_interface_are_places() -> None:
    strongest = {"apMacAddress": AP, "rssi": -63, "lastHeardInSeconds": 3}
    client = {
        "macAddress": PHONE, "mapInfo": {"mapHierarchyString": "Mall>A>0"}, "mapCoordinate": AT,
        "confidenceFactor": 100, "geoCoordinate": None, "userName": "", "statistics": {
            "currentServerTime": "2026-11-28T10:00:05.000+0000", "lastLocatedTime": "2026-11-28T10:00:00.000+0000",
            "maxDetectedRssi": strongest,
        },
    }  # fmt: skip
    decoded = decode("cisco-cmx", [client])
    assert places(decoded) == [PLACE]
    assert decoded.positions[0].t == NOW
    assert heard(decoded) == [(PHONE, AP, NOW + 2, -63.0)]


def test_mse_8_says_the_same_with_capitals() -> None:
    location = {
        "macAddress": PHONE, "confidenceFactor": 100.0, "MapInfo": {"mapHierarchyString": "Mall>A>0"},
        "MapCoordinate": AT, "GeoCoordinate": {"latitude": 48.0, "longitude": 2.0},
    }  # fmt: skip
    inner = {"entity": "WIRELESS_CLIENTS", "deviceId": PHONE, "timestampMillis": NOW * 1000, "location": location}
    decoded = decode("cisco-cmx", {"StreamingNotification": inner})
    assert places(decoded) == [PLACE | {"lon": 2.0, "lat": 48.0}]
    assert decoded.positions[0].t == NOW
    assert refused(decode("cisco-cmx", {"StreamingNotification": inner | {"entity": "TAGS"}})) == {"not_a_phone": 1}


def spaces(kind: str, key: str, payload: Any, uid: str = "e-1") -> dict[str, Any]:
    return {"recordUid": uid, "recordTimestamp": (NOW + 60) * 1000, "eventType": kind, key: payload}


def update(**changes: Any) -> dict[str, Any]:
    floor = {"name": "Shelves", "inferredLocationTypes": ["ZONE"], "parent": {
        "name": "Ground", "inferredLocationTypes": ["FLOOR"]}}  # fmt: skip
    return {
        "device": {"macAddress": PHONE}, "location": floor, "lastSeen": NOW * 1000, "mapId": "m", "xPos": 10,
        "yPos": 20, "confidenceFactor": 100, "latitude": -999.0, "longitude": -999.0, "unc": 7.0,
    } | changes  # fmt: skip


def located(**changes: Any) -> dict[str, Any]:
    return spaces("DEVICE_LOCATION_UPDATE", "deviceLocationUpdate", update(**changes))


def test_a_phone_is_where_it_was_last_seen() -> None:
    decoded = decode("cisco-spaces", located())
    assert places(decoded) == [PLACE | {"level": "Ground", "map": "m", "origin": "top-left"}]
    assert decoded.positions[0].t == NOW
    assert decode("cisco-spaces", located(lastSeen=0)).positions[0].t == NOW + 60


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"confidenceFactor": 0}, {"error_m": 7.0, "error_kind": "unc"}),
        ({"confidenceFactor": "NaN", "unc": 0.0}, {}),
    ],
)
def test_an_error_of_nothing_is_not_known(changes: Any, expected: Any) -> None:
    (place,) = places(decode("cisco-spaces", located(**changes)))
    assert {name: place[name] for name in place.keys() & {"error_m", "error_kind"}} == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"xPos": "NaN", "yPos": "NaN"}, "no_position"),
        ({"device": {}}, "no_mac"),
        ({"device": {"macAddress": "5e" * 32}}, "hashed_mac"),
        ({"lastSeen": "soon"}, "bad_time"),
    ],
)
def test_an_update_that_gives_nothing_says_why(changes: Any, reason: str) -> None:
    assert refused(decode("cisco-spaces", located(**changes))) == {reason: 1}


@pytest.mark.parametrize(
    ("kind", "key", "payload", "expected"),
    [
        ("DEVICE_PRESENCE", "devicePresence", {"presenceEventType": "DEVICE_EXIT_EVENT", "exitTimestamp": NOW * 1000},
         ("exit", "Ground", NOW)),
        ("DEVICE_ENTRY", "deviceEntry", {"entryTimestamp": NOW * 1000}, ("enter", "Ground", NOW)),
        ("DEVICE_EXIT", "deviceExit", {"exitTimestamp": 0}, ("exit", "Ground", NOW + 60)),
        ("DEVICE_ASSOCIATION", "deviceAssociation", {"association": False}, ("disconnect", "", NOW + 60)),
    ],
)  # fmt: skip
def test_visits_begin_and_end(kind: str, key: str, payload: Any, expected: Any) -> None:
    body = payload | {"device": {"macAddress": PHONE}, "location": {"name": "Ground"}, "rawUserId": "guest"}
    decoded = decode("cisco-spaces", spaces(kind, key, body))
    assert events(decoded) == [expected]
    assert {identity.user for identity in decoded.identities} <= {"guest"}


def test_an_association_that_does_not_say_which_is_refused() -> None:
    body = spaces("DEVICE_ASSOCIATION", "deviceAssociation", {"macAddress": PHONE})
    assert refused(decode("cisco-spaces", body)) == {"ambiguous": 1}


def test_rssi_by_access_point_is_used_where_it_looks_like_it() -> None:
    measured = [{"apMacAddress": AP, "rssi": -60, "timestamp": NOW * 1000}, {"apMacAddress": AP, "rssi": 0}]
    update_ = {"rssiNotification": {"macAddress": PHONE, "apRssiMeasurements": measured}}
    decoded = decode("cisco-spaces", spaces("DEVICE_RSSI_UPDATE", "deviceRssiUpdate", update_))
    assert (heard(decoded), refused(decoded)) == ([(PHONE, AP, NOW, -60.0)], {"bad_rssi": 1})
    unlike = decode("cisco-spaces", spaces("DEVICE_RSSI_UPDATE", "deviceRssiUpdate", {"other": 1}))
    assert refused(unlike) == {"bad_shape": 1}


def test_a_stream_is_lines_and_a_bad_line_is_one_line() -> None:
    lines = [json.dumps(located()), "{", json.dumps(located() | {"recordUid": "e-2"}), "", json.dumps(located()), "7"]
    decoded = decode("cisco-spaces", "\r\n".join(lines).encode())
    assert len(decoded.positions) == 2
    assert refused(decoded) == {"not_json": 1, "duplicate": 1, "bad_shape": 1}


@pytest.mark.parametrize(
    "body", [json.dumps([located()], indent=1), json.dumps([located()]), json.dumps(located(), indent=2)]
)
def test_a_list_and_a_pretty_event_are_read_too(body: str) -> None:
    assert len(decode("cisco-spaces", body.encode()).positions) == 1


def test_a_stream_without_an_event_is_refused_whole() -> None:
    assert decode("cisco-spaces", b"\n").ignored == 0  # a breath of the stream
    for body in (b"{\n{\n", b"{", b"\xff\xfe"):
        with pytest.raises(MessageRefused, match="not_json"):
            decode("cisco-spaces", body)


def test_who_it_is_is_said_apart() -> None:
    decoded = decode("cisco-spaces", located(rawUserId="guest", ipv4="10.0.0.9"))
    assert decoded.identities == [(PHONE, "guest", "10.0.0.9")]
    assert decode("cisco-spaces", located(rawUserId=PHONE.replace(":", "").upper())).identities == []
