"""Ruckus SmartZone: beside what the recorded messages show, its other messages and odd rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import (
    AP,
    NOW,
    OTHER_PHONE,
    PHONE,
    absent,
    changes,
    decoded,
    levels,
    refusal,
    refused,
)

CLIENT = {"clientMac": PHONE, "receiveSignalStrength": -60, "rssi": 35, "noiseFloor": -95}


def stats(*clients: Any, **of_ap: Any) -> dict[str, Any]:
    return {"sciSystemId": "vsz", "apClient": {"ap": AP, "sampleTime": int(NOW), "clients": list(clients)} | of_ap}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"receiveSignalStrength": None}, "no_rssi"),
        ({"receiveSignalStrength": "--"}, "no_rssi"),
        ({"receiveSignalStrength": 35}, "bad_rssi"),
        ({"receiveSignalStrength": 0}, "bad_rssi"),
        ({"clientMac": "ENC12ab34"}, "encrypted"),
        ({"clientMac": None}, "no_mac"),
        ({"clientMac": "FF:FF:FF:FF:FF:FF"}, "bad_mac"),
    ],
)
def test_a_client_that_gives_nothing_costs_itself_alone(change: dict[str, Any], reason: str) -> None:
    found = decoded("ruckus", stats(CLIENT | change, CLIENT | {"clientMac": OTHER_PHONE}))
    assert levels(found) == {(OTHER_PHONE, AP): -60}
    assert refused(found) == {reason: 1}


def test_the_snr_is_never_a_level() -> None:
    snr_only = {"clientMac": PHONE, "rssi": -35, "noiseFloor": -95}
    assert refused(decoded("ruckus", stats(snr_only))) == {"no_rssi": 1}


@pytest.mark.parametrize(
    "body",
    [
        [CLIENT | {"apMac": AP}],
        {"totalCount": 1, "list": [CLIENT | {"apMac": AP}]},
        {"data": [CLIENT | {"apMac": AP}]},
        CLIENT | {"apMac": AP},
        {"ap": AP, "clients": [CLIENT]},
        [stats(CLIENT)],
    ],
)
def test_every_form_of_a_list_is_read(body: Any) -> None:
    assert levels(decoded("ruckus", body)) == {(PHONE, AP): -60}


def test_an_access_point_without_a_mac_goes_by_its_name() -> None:
    assert levels(decoded("ruckus", stats(CLIENT, ap="", deviceName="shop-1"))) == {(PHONE, "shop-1"): -60}
    assert refused(decoded("ruckus", stats(CLIENT, ap=None))) == {"no_ap": 1}


def test_a_sample_without_a_time_is_as_old_as_its_receipt() -> None:
    assert absent(decoded("ruckus", stats(CLIENT, sampleTime="--")).readings[0].t)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("clientJoin", "connect"),
        ("clientDisconnect", "disconnect"),
        ("clientInactivityTimeout", "disconnect"),
        ("clientRoaming", "update"),
        ("clientAuthorization", "authorize"),
    ],
)
def test_an_event_is_a_session(kind: str, event: str) -> None:
    said = {"eventType": kind, "timestamp": int(NOW * 1000), "apMac": AP, "clientMac": PHONE}
    found = decoded("ruckus", {"sentTimeMs": 1, "eventMessage": said})
    assert changes(found) == [(PHONE, event, AP)]
    assert found.sessions[0].t == NOW


@pytest.mark.parametrize(
    "body",
    [
        {"eventMessage": {"eventType": "clientJoinFailure", "clientMac": PHONE}},
        {"eventMessage": {"eventType": "apRebooted"}},
        {"sciSystemId": "vsz", "apStatus": {"ap": AP}},
        {"sciSystemId": "vsz", "somethingNew": {}},
        {"apClient": {"ap": AP}},
    ],
)
def test_what_says_nothing_of_a_phone_is_ignored(body: Any) -> None:
    found = decoded("ruckus", body)
    assert (found.readings, found.sessions, found.refused, found.ignored) == ([], [], {}, 1)


def test_wired_clients_and_beacons_are_counted() -> None:
    wired = {"apWiredClient": {"clients": [{"clientMac": PHONE}, {"clientMac": OTHER_PHONE}]}}
    beacons = {"gateway_euid": "02", "events": [{"rssi": "-51"}, {"rssi": "-52"}]}
    assert refused(decoded("ruckus", [wired, beacons])) == {"wired": 2, "not_wifi": 2}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"errorCode": 201, "errorType": "No active session"}, "source_error"),
        (b"\x0a\x05vsz-1\x10\x80", "not_json"),  # the protobuf of which nobody tells the numbers
    ],
)
def test_what_cannot_be_read_is_refused(body: Any, reason: str) -> None:
    assert refusal("ruckus", body) == reason


@pytest.mark.parametrize(
    ("kind", "metric"), [("ruckus", "ruckus_ap_client_wireless_rssi_dbm"), ("omada", "omada_client_rssi_dbm")]
)
def test_exporters_of_these_systems_are_read_too(kind: str, metric: str) -> None:
    body = f'# TYPE {metric} gauge\n{metric}{{ap_name="shop-1",mac="{PHONE}"}} -60\n'
    assert levels(decoded(kind, body)) == {(PHONE, "shop-1"): -60}
