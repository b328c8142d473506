"""UniFi's client lists: beside what the recorded answers show, their odd rows."""

from __future__ import annotations

import json
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
    refusal,
    refused,
)

CLIENT = {"mac": PHONE, "ap_mac": AP, "signal": -60, "rssi": 36, "last_seen": int(NOW) - 2, "is_wired": False}


def answer(*clients: Any, **meta: Any) -> dict[str, Any]:
    return {"meta": {"rc": "ok"} | meta, "data": list(clients)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signal": None}, "no_rssi"),
        ({"signal": "--"}, "no_rssi"),
        ({"signal": 0}, "bad_rssi"),
        ({"signal": 36}, "bad_rssi"),
        ({"signal": -200}, "bad_rssi"),
        ({"signal": []}, "bad_rssi"),
        ({"ap_mac": None}, "no_ap"),
        ({"ap_mac": "unknown-ap-mac"}, "no_ap"),
        ({"mac": None}, "no_mac"),
        ({"mac": "00:00:00:00:00:00"}, "bad_mac"),
        ({"mac": 17}, "bad_mac"),
        ({"is_wired": True}, "wired"),
        ({"is_wired": "true"}, "wired"),
        ({"ap_mac": PHONE}, "ap_mac"),
        ({"last_seen": NOW - 301}, "stale"),
        ({"last_seen": -5}, "bad_time"),
    ],
)
def test_a_row_that_gives_nothing_costs_itself_alone(change: dict[str, Any], reason: str) -> None:
    found = decoded("unifi", answer(CLIENT | change, CLIENT | {"mac": OTHER_PHONE}))
    assert levels(found) == {(OTHER_PHONE, AP): -60}
    assert refused(found) == {reason: 1}


def test_a_level_may_be_a_text_and_a_row_anything() -> None:
    found = decoded("unifi", answer(CLIENT | {"signal": "-61"}, None, 3, "x", []))
    assert levels(found) == {(PHONE, AP): -61}
    assert refused(found) == {"bad_shape": 4}


def test_a_bare_list_is_read_too() -> None:
    assert levels(decoded("unifi", [CLIENT])) == {(PHONE, AP): -60}


def test_what_nobody_knows_the_time_of_is_judged_by_the_newest_row() -> None:
    old = CLIENT | {"mac": OTHER_PHONE, "last_seen": int(NOW) - 7200}
    found = decoded("unifi", answer(CLIENT, old), at=float("nan"))
    assert (levels(found), refused(found)) == ({(PHONE, AP): -60}, {"stale": 1})


@pytest.mark.parametrize(
    "body",
    [
        {"meta": {"rc": "error", "msg": "api.err.LoginRequired"}, "data": []},
        {"meta": {"rc": "error"}},
        {"statusCode": 401, "statusName": "UNAUTHORIZED", "message": "Missing credentials"},
        {"error": {"code": 403, "message": "Forbidden"}},
    ],
)
def test_an_error_is_no_empty_shop(body: Any) -> None:
    assert refusal("unifi", body) == "source_error"


@pytest.mark.parametrize(
    ("body", "reason"), [("<html>", "not_json"), ("", "not_json"), ("3", "bad_shape"), ({}, "bad_shape")]
)
def test_what_is_no_list_is_refused(body: Any, reason: str) -> None:
    assert refusal("unifi", body) == reason


def test_an_empty_list_is_an_empty_shop() -> None:
    found = decoded("unifi", answer())
    assert (found.readings, found.refused) == ([], {})


def test_who_signed_in_by_802_1x_is_known_by_name_and_a_mac_is_no_name() -> None:
    rows = [
        CLIENT | {"1x_identity": "anna", "ip": "10.0.0.5"},
        CLIENT | {"mac": OTHER_PHONE, "1x_identity": OTHER_PHONE},
    ]
    found = decoded("unifi", answer(*rows))
    assert [tuple(one) for one in found.identities] == [(PHONE, "anna", "10.0.0.5")]


V1 = {"type": "WIRELESS", "macAddress": PHONE, "uplinkDeviceId": "33e9", "connectedAt": "2026-11-28T09:55:00Z"}


def test_the_official_api_says_who_is_there_and_where_to_ask_on() -> None:
    page = {"offset": 2, "limit": 2, "count": 2, "totalCount": 4, "data": [V1, V1 | {"type": "VPN"}]}
    found = decoded("unifi", page)
    assert changes(found) == [(PHONE, "present", "33e9")]
    assert found.sessions[0].t == 1795859700
    assert refused(found) == {"not_wifi": 1}
    assert "paging" not in found.notes
    assert decoded("unifi", page | {"totalCount": 5}).notes["paging"] == {"next_offset": 4}


def test_nan_in_a_row_costs_its_row_only() -> None:
    body = b'{"meta":{"rc":"ok"},"data":[{"mac":"06:00:00:00:00:01","ap_mac":"02:00:5e:00:53:01","signal":NaN}]}'
    assert refused(decoded("unifi", body)) == {"no_rssi": 1}


def test_half_a_character_in_a_name_costs_nothing() -> None:
    rows = json.dumps([CLIENT, CLIENT | {"mac": OTHER_PHONE, "ap_mac": None}]).replace("rssi", "rs\\ud800si")
    found = decoded("unifi", rows)
    assert (levels(found), refused(found)) == ({(PHONE, AP): -60}, {"no_ap": 1})


@pytest.mark.parametrize(
    ("key", "event", "ap"),
    [
        ("EVT_WU_Connected", "connect", AP),
        ("EVT_WU_Disconnected", "disconnect", AP),
        ("EVT_WG_Connected", "connect", AP),
        ("EVT_WU_Roam", "update", OTHER_AP),
    ],
)
def test_events_say_who_came_and_went(key: str, event: str, ap: str) -> None:
    who = {"guest" if "WG" in key else "user": PHONE}
    said = {"key": key, "ap": AP, "ssid": "Magasin", "time": int(NOW * 1000)} | who
    found = decoded("unifi", answer(said | ({"ap_from": AP, "ap_to": OTHER_AP} if "Roam" in key else {})))
    assert changes(found) == [(PHONE, event, ap)]
    assert (found.sessions[0].t, found.sessions[0].ssid) == (NOW, "Magasin")


@pytest.mark.parametrize("key", ["EVT_LU_Connected", "EVT_AP_Restarted", "EVT_WU_RoamRadio", "x", ""])
def test_other_events_say_nothing(key: str) -> None:
    found = decoded("unifi", answer({"key": key, "user": PHONE, "ap": AP}))
    assert (found.sessions, found.refused, found.ignored) == ([], {}, 1)
