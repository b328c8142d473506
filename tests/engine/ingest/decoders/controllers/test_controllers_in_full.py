"""Controllers' client lists in full and at their edges."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import (
    AP,
    NOW,
    OTHER_AP,
    OTHER_PHONE,
    PHONE,
    changes,
    decoded,
    levels,
    only_reading,
    refusal,
    refused,
)


def omada(*clients: Any) -> Any:
    return decoded("omada", {"errorCode": 0, "result": {"data": list(clients)}})


GOOD = {"mac": PHONE, "apMac": AP, "apName": "till", "rssi": -60, "lastSeen": NOW * 1000, "ip": "10.0.0.7"}


def test_a_client_of_omada_s() -> None:
    found = omada(GOOD)
    assert only_reading(found)[:4] == (PHONE, AP, NOW, -60.0)
    assert found.identities == [(PHONE, "", "10.0.0.7")]
    assert only_reading(omada(GOOD | {"apMac": None}))[1] == "till"
    assert refused(omada(GOOD | {"apMac": "", "apName": ""})) == {"no_ap": 1}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"lastSeen": (NOW - 300) * 1000}, ""), ({"lastSeen": (NOW - 301) * 1000}, "stale"), ({"lastSeen": None}, ""),
        ({"active": False}, "stale"), ({"active": True}, ""), ({"wireless": False}, "wired"),
        ({"wireless": "no"}, "wired"),
        ({"connectType": 2}, "wired"), ({"connectType": 1}, ""), ({"connectDevType": "Switch"}, "wired"),
        ({"connectDevType": "gateway"}, "wired"), ({"connectDevType": "ap"}, ""),
        ({"wireless": True, "connectType": 2}, ""),
        ({"rssi": 60}, "bad_rssi"), ({"mac": "x"}, "bad_mac"), ({"lastSeen": "soon"}, "bad_time"),
    ],
)  # fmt: skip
def test_which_clients_of_omada_s_are_heard(said: dict[str, Any], reason: str) -> None:
    assert refused(omada(GOOD | said)) == ({reason: 1} if reason else {})


def test_answers_of_omada_s() -> None:
    for body in ([GOOD], GOOD, {"data": [GOOD]}, {"result": [GOOD]}, {"errorCode": "0", "result": {"data": [GOOD]}}):
        assert levels(decoded("omada", body)) == {(PHONE, AP): -60.0}
    assert refusal("omada", {"errorCode": -1}) == "source_error"
    assert refused(omada(7, GOOD)) == {"bad_shape": 1}
    for page, more in ((1, True), (2, False)):
        paged = {"result": {"data": [GOOD], "currentPage": page, "currentSize": 10, "totalRows": 20}}
        assert decoded("omada", paged).notes == {"paging": {"more": more}}
    told = {"currentPage": 1, "currentSize": 10, "totalRows": 20}
    for without in (*({name} for name in told), set(told)):
        some = {"data": []} | {name: value for name, value in told.items() if name not in without}
        assert decoded("omada", {"result": some}).notes == {}, "whether there is more is told by all three"
    old = decoded("omada", [GOOD | {"lastSeen": (NOW - 999) * 1000}, GOOD | {"mac": OTHER_PHONE}, GOOD], at=math.nan)
    assert refused(old) == {"stale": 1}, "against the newest of the answer"
    text = f'omada_client_rssi_dbm{{mac="{PHONE}"}} -60'
    assert levels(decoded("omada", text, ap="till")) == {(PHONE, "till"): -60.0}


def unifi(*clients: Any, **around: Any) -> Any:
    return decoded("unifi", {"meta": {"rc": "ok"}, "data": list(clients)} | around)


STATION = {
    "mac": PHONE,
    "ap_mac": AP,
    "signal": -60,
    "rssi": 36,
    "last_seen": NOW,
    "ip": "10.0.0.7",
    "1x_identity": "ana",
}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, ""), ({"last_seen": NOW - 300}, ""), ({"last_seen": NOW - 301}, "stale"), ({"is_wired": True}, "wired"),
        ({"is_wired": False}, ""), ({"type": "WIRED"}, "wired"), ({"ap_mac": "unknown-ap-mac"}, "no_ap"),
        ({"ap_mac": PHONE}, "ap_mac"), ({"signal": None}, "no_rssi"), ({"mac": None, "signal": 1}, None),
    ],
)  # fmt: skip
def test_which_stations_of_unifi_s_are_heard(said: dict[str, Any], reason: str | None) -> None:
    found = unifi(STATION | said)
    if reason is None:
        assert found.readings == []
    elif reason:
        assert refused(found) == {reason: 1}
    else:
        t = said.get("last_seen", NOW)
        assert (only_reading(found)[:4], found.identities) == ((PHONE, AP, t, -60.0), [(PHONE, "ana", "10.0.0.7")])


def test_events_of_unifi_s() -> None:
    event = {"key": "EVT_WU_Connected", "user": PHONE, "ap": AP, "ssid": "Shop", "time": NOW * 1000}
    found = unifi(event)
    assert (changes(found), found.sessions[0].t, found.sessions[0].ssid) == ([(PHONE, "connect", AP)], NOW, "Shop")
    guest = {"key": "EVT_WG_Disconnected", "guest": OTHER_PHONE}
    roam = event | {"key": "EVT_WU_Roam", "ap_to": OTHER_AP}
    assert changes(unifi(guest, roam)) == [(OTHER_PHONE, "disconnect", ""), (PHONE, "update", OTHER_AP)]
    assert unifi(event | {"key": "EVT_LU_Connected"}, event | {"key": "EVT_WU_Blocked"}).ignored == 2


def test_clients_of_unifi_s_integration_interface() -> None:
    client = {"type": "WIRELESS", "macAddress": PHONE, "uplinkDeviceId": "u-1", "connectedAt": "2026-11-28T10:00:00Z",
              "ipAddress": "10.0.0.7"}  # fmt: skip

    def answer(said: dict[str, Any], **around: Any) -> Any:
        return decoded(
            "unifi", {"offset": 0, "limit": 25, "count": 1, "totalCount": 1, "data": [client | said]} | around
        )

    found = answer({})
    assert (changes(found), found.sessions[0].t) == ([(PHONE, "present", "u-1")], NOW)
    assert found.identities == [(PHONE, "", "10.0.0.7")]
    for said, reason in (
        ({"type": "WIRED"}, "wired"),
        ({"type": "VPN"}, "not_wifi"),
        ({"uplinkDeviceId": None}, "no_ap"),
    ):
        assert refused(answer(said)) == {reason: 1}
    assert answer({}, totalCount=2).notes == {"paging": {"next_offset": 1}}
    assert answer({}, offset=10, count=5, totalCount=15).notes == {}


@pytest.mark.parametrize(
    "said",
    [{"meta": {"rc": "error"}}, {"error": "x"}, {"errorCode": 7}, {"statusCode": 401}],
)
def test_a_controller_that_did_not_answer_is_no_empty_shop(said: dict[str, Any]) -> None:
    assert refusal("unifi", {"data": []} | said) == refusal("unifi", {"data": [STATION]} | said) == "source_error"
    assert refusal("unifi", {"meta": {"rc": "ok"}, "statusCode": 200, "data": []}) == ""


def ruckus(body: Any, **told: str) -> Any:
    return decoded("ruckus", body, **told)


CLIENT = {"clientMac": PHONE, "receiveSignalStrength": "-60", "rssi": 35, "username": "ana", "ipAddress": "10.0.0.7"}


def test_clients_of_an_access_point_of_ruckus() -> None:
    for name, ap in ((("ap", AP.upper()), AP), (("apMac", AP), AP), (("deviceName", "till"), "till")):
        found = ruckus({"apClient": dict([name]) | {"sampleTime": NOW, "clients": [CLIENT, 7]}})
        assert only_reading(found)[:4] == (PHONE, ap, NOW, -60.0)
        assert (found.identities, refused(found)) == ([(PHONE, "ana", "10.0.0.7")], {"bad_shape": 1})
    assert ruckus({"apClient": {"ap": AP}}).ignored == 1
    one = ruckus({"apClient": {"ap": AP, "sampleTime": "soon", "clients": CLIENT}})
    assert only_reading(one)[:4] == (PHONE, AP, None, -60.0)


def test_client_lists_of_ruckus_name_their_access_point_each() -> None:
    for body in ({"list": [CLIENT | {"apMac": AP}]}, {"data": [CLIENT | {"apMac": AP}]}, [CLIENT | {"apMac": AP}],
                 CLIENT | {"apMac": AP}, {"ap": AP, "clients": [CLIENT]}):  # fmt: skip
        assert levels(ruckus(body)) == {(PHONE, AP): -60.0}
    assert levels(ruckus([{"mac": PHONE, "apName": "till", "receiveSignalStrength": -60}])) == {(PHONE, "till"): -60.0}
    assert refused(ruckus([CLIENT])) == {"no_ap": 1}
    assert refused(ruckus([CLIENT | {"apMac": AP, "clientMac": "ENC(abc)"}])) == {"encrypted": 1}
    assert refused(ruckus([CLIENT | {"apMac": AP, "receiveSignalStrength": None}])) == {"no_rssi": 1}, "rssi is the SNR"


@pytest.mark.parametrize(
    ("kind", "event"),
    [("clientJoin", "connect"), ("CLIENT_DISCONNECT", "disconnect"), ("clientInactivityTimeout", "disconnect"),
     ("clientSessionExpiration", "disconnect"), ("smartRoamDisconnect", "disconnect"), ("clientRoaming", "update"),
     ("clientAuthorization", "authorize"), ("clientJoinFailure", None)],
)  # fmt: skip
def test_events_of_ruckus(kind: str, event: str | None) -> None:
    said = {"eventType": kind, "clientMac": PHONE, "timestamp": NOW * 1000, "apMac": AP, "ssid": "Shop"}
    for found in (ruckus(said), ruckus({"eventMessage": said})):
        assert [(s.mac, s.event, s.t, s.ap, s.ssid) for s in found.sessions] == (
            [] if event is None else [(PHONE, event, NOW, AP, "Shop")]
        )
        assert found.ignored == (event is None)


def test_messages_of_ruckus_that_are_of_other_things() -> None:
    assert refused(ruckus({"events": [1, 2], "gateway_euid": "x"})) == {"not_wifi": 2}
    assert refused(ruckus({"events": [], "meta_data": "x"})) == {"not_wifi": 1}
    assert refused(ruckus({"apWiredClient": {"clients": [1, 2, 3]}})) == {"wired": 3}
    assert refused(ruckus({"apWiredClient": {}})) == {"wired": 1}
    assert ruckus({"sciSystemId": "x"}).ignored == ruckus({"apReport": {}}).ignored == 1
    assert refused(ruckus({"x": 1})) == {"bad_shape": 1}
    for body in ({"errorCode": 1}, {"success": False}):
        assert refusal("ruckus", body) == "source_error"
    several = ruckus([{"apClient": {"ap": AP, "clients": [CLIENT]}}, {"x": 1}])
    assert (levels(several), refused(several)) == ({(PHONE, AP): -60.0}, {"bad_shape": 1})
