"""Omada's client lists: beside what the recorded answers show, their odd rows and envelopes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import AP, NOW, OTHER_PHONE, PHONE, decoded, levels, refusal, refused

CLIENT = {
    "mac": "06-00-00-00-00-01",
    "wireless": True,
    "apMac": "02-00-5E-00-53-01",
    "apName": "Fournil",
    "rssi": -60,
    "signalLevel": 70,
    "snr": 35,
    "lastSeen": int(NOW * 1000) - 1500,
    "active": True,
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"wireless": False}, "wired"),
        ({"wireless": None, "connectType": 2}, "wired"),
        ({"wireless": None, "connectDevType": "switch"}, "wired"),
        ({"rssi": None}, "no_rssi"),
        ({"rssi": 0}, "bad_rssi"),
        ({"rssi": 70}, "bad_rssi"),
        ({"active": False}, "stale"),
        ({"active": "false"}, "stale"),
        ({"active": 0}, "stale"),
        ({"wireless": "false"}, "wired"),
        ({"lastSeen": int(NOW * 1000) - 301_000}, "stale"),
        ({"lastSeen": "yesterday"}, "bad_time"),
        ({"mac": ""}, "no_mac"),
        ({"mac": "06-00-00-00-00"}, "bad_mac"),
        ({"apMac": None, "apName": None}, "no_ap"),
    ],
)
def test_a_row_that_gives_nothing_costs_itself_alone(change: dict[str, Any], reason: str) -> None:
    found = decoded("omada", [CLIENT | change, CLIENT | {"mac": OTHER_PHONE}])
    assert levels(found) == {(OTHER_PHONE, AP): -60}
    assert refused(found) == {reason: 1}


def test_time_is_in_milliseconds_and_an_access_point_may_have_a_name_only() -> None:
    found = decoded("omada", [CLIENT | {"apMac": None}])
    assert levels(found) == {(PHONE, "Fournil"): -60}
    assert found.readings[0].t == NOW - 1.5


@pytest.mark.parametrize(
    "body",
    [
        {"errorCode": 0, "result": {"data": [CLIENT]}},
        {"errorCode": 0, "result": [CLIENT]},
        {"data": [CLIENT]},
        CLIENT,
    ],
)
def test_every_envelope_is_opened(body: Any) -> None:
    assert levels(decoded("omada", body)) == {(PHONE, AP): -60}


def test_whether_there_is_more_is_noted() -> None:
    page = {"totalRows": 5, "currentPage": 1, "currentSize": 4, "data": [CLIENT]}
    assert decoded("omada", {"errorCode": 0, "result": page}).notes["paging"] == {"more": True}
    assert decoded("omada", {"errorCode": 0, "result": page | {"currentPage": 2}}).notes["paging"] == {"more": False}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"errorCode": -1200, "msg": "Session expired."}, "source_error"),
        ({"errorCode": 0, "msg": "Success."}, "bad_shape"),
        ({"errorCode": 0, "result": {"totalRows": 0}}, "bad_shape"),
        ("<html>", "not_json"),
        ("null", "bad_shape"),
    ],
)
def test_what_is_no_list_is_refused(body: Any, reason: str) -> None:
    assert refusal("omada", body) == reason
