"""Juniper Mist webhooks, beyond the recorded messages."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
from tests.engine.ingest.decoders.vendors import AP, NOW, PHONE, decode, events, heard, places, refused

BARE = PHONE.replace(":", "")


def mist(topic: Any, *events_: Any) -> dict[str, Any]:
    return {"topic": topic, "events": events_}


BODY = json.dumps(mist("ping")).encode()


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({"x-mist-signature-v2": hmac.new(b"key", BODY, "sha256").hexdigest()}, True),
        ({"x-mist-signature-v2": hmac.new(b"key", BODY, "sha256").hexdigest().upper()}, True),
        ({"x-mist-signature": hmac.new(b"key", BODY, "sha1").hexdigest()}, True),
        ({"x-mist-signature-v2": hmac.new(b"yek", BODY, "sha256").hexdigest()}, False),
        ({"x-mist-signature-v2": "", "x-mist-signature": hmac.new(b"key", BODY, "sha1").hexdigest()}, False),
        ({"x-mist-signature-v2": hmac.new(b"key", BODY + b" ", "sha256").hexdigest()}, False),
        ({"x-mist-signature-v2": "é"}, False),
        ({}, False),
    ],
)
def test_the_raw_body_is_what_is_signed(headers: dict[str, str], good: bool) -> None:
    message = VendorMessage(BODY, NOW, headers=headers)
    if good:
        assert DECODERS["mist"](message, Told("key")).ignored == 1
        return
    with pytest.raises(MessageRefused, match="bad_signature"):
        DECODERS["mist"](message, Told("key"))


@pytest.mark.parametrize("topic", ["wifi-conn-raw", "wifi_conn_raw", "WIFI-UNCONN-RAW"])
def test_topics_have_hyphens_or_underscores(topic: str) -> None:
    event = {"ap_id": AP.replace(":", "-"), "client_id": BARE, "packets": [{"band": "24", "rssi": -63.25}]}
    decoded = decode("mist", mist(topic, event))
    assert [(r.ap, r.band, r.rssi_dbm) for r in decoded.readings] == [(AP, "2.4GHz", -63.25)]


def test_a_packet_without_rssi_leaves_the_others() -> None:
    event = {"ap_id": AP, "client_id": PHONE, "packets": [{"rssi": None}, {"rssi": 0}, {"rssi": -70}, "x"]}
    decoded = decode("mist", mist("wifi-conn-raw", event, {**event, "packets": []}, {**event, "ap_id": "?"}))
    assert heard(decoded) == [(PHONE, AP, None, -70.0)]
    assert refused(decoded) == {"no_rssi": 2, "bad_rssi": 1, "bad_shape": 1, "no_ap": 1}


@pytest.mark.parametrize("topic", ["asset-raw-rssi", "discovered_raw_rssi", "location-asset", "location-centrak"])
def test_labels_and_trolleys_are_no_phones(topic: str) -> None:
    decoded = decode("mist", mist(topic, {"mac": BARE, "rssi": -50}, {"mac": BARE, "x": 1, "y": 2}))
    assert (heard(decoded), refused(decoded)) == ([], {"not_wifi": 2})


@pytest.mark.parametrize("topic", ["ping", "alarms", "audits", "device-updowns", "client-info", "of tomorrow"])
def test_what_says_nothing_of_a_phone_is_ignored(topic: str) -> None:
    decoded = decode("mist", mist(topic, {"mac": BARE}))
    assert (decoded.ignored, refused(decoded), events(decoded)) == (1, {}, [])


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"x": 1, "y": 2}, "no_mac"),  # location_sdk has none
        ({"mac": BARE, "x": "NaN", "y": 2}, "no_position"),
        ({"mac": BARE, "x": 1}, "no_position"),
        ({"mac": BARE, "x": 1, "y": 2, "type": "asset"}, "not_wifi"),
        ({"mac": BARE, "x": 1, "y": 2, "timestamp": "x"}, "bad_time"),
    ],
)
def test_a_location_that_is_none(event: Any, reason: str) -> None:
    assert refused(decode("mist", mist("location", event))) == {reason: 1}


def test_of_two_maps_the_one_without_underscore_is_right() -> None:
    event = {"mac": BARE, "x": 1, "y": 2, "mapid": "right", "map_id": "dummy"}
    assert places(decode("mist", mist("location", event))) == [{"x_m": 1.0, "y_m": 2.0, "map": "right"}]


def test_zones_of_rssi_are_zones() -> None:
    event = {"mac": BARE, "rssizone_id": "z-1", "trigger": "exit", "timestamp": NOW + 0.5}
    decoded = decode("mist", mist("rssizone", event, {**event, "trigger": "?"}))
    assert (events(decoded), refused(decoded)) == ([("exit", "z-1", NOW + 0.5)], {"ambiguous": 1})


@pytest.mark.parametrize(
    ("reason", "ends"), [(1, True), (2, True), ("2", True), (3, False), (None, False), ({}, False)]
)
def test_only_two_reasons_end_a_session(reason: Any, ends: bool) -> None:
    event = {"mac": BARE, "ap": AP, "disconnect": NOW, "termination_reason": reason, "rssi": -70}
    decoded = decode("mist", mist("client-sessions", event))
    assert events(decoded) == ([("disconnect", AP, NOW)] if ends else [])
    assert heard(decoded) == []


def test_a_join_without_rssi_is_a_session_all_the_same() -> None:
    decoded = decode("mist", mist("client_join", {"mac": BARE, "ap": AP, "connect": NOW}))
    assert (events(decoded), heard(decoded), refused(decoded)) == ([("connect", AP, NOW)], [], {})


def test_what_a_phone_hears_is_used_once() -> None:
    scan = {"ap": AP, "band": "5", "rssi": -60, "timestamp": NOW}
    event = {"mac": BARE, "last_seen": NOW, "connection_ap": AP, "connection_band": 5.0, "connection_rssi": -61,
             "scan_data": [scan, {**scan, "band": "6"}, {**scan, "timestamp": None, "ap": None}]}  # fmt: skip
    decoded = decode("mist", mist("sdkclient-scan-data", event, {"mac": BARE}))
    assert [(r.band, r.rssi_dbm) for r in decoded.readings] == [("5GHz", -60.0), ("6GHz", -60.0)]
    assert refused(decoded) == {"no_ap": 1, "duplicate": 1, "no_rssi": 1}


def test_accounting_tells_tills_from_phones_and_names_each_once() -> None:
    event = {"mac": BARE, "ap": AP, "type": "NAC_ACCOUNTING_START", "username": "u-1", "timestamp": NOW}
    more = [event, {**event, "type": "NAC_ACCOUNTING_STOP"}, {**event, "client_type": "wired"}, {**event, "type": "?"}]
    decoded = decode("mist", mist("nac-accounting", *more, {**event, "username": BARE.upper()}))
    assert [event for event, _, _ in events(decoded)] == ["connect", "disconnect", "connect"]
    assert [identity.user for identity in decoded.identities] == ["u-1"]
    assert refused(decoded) == {"wired": 1, "ambiguous": 1}


@pytest.mark.parametrize(
    ("who", "user"), [({"email": "a@b.example", "name": "A"}, "a@b.example"), ({"name": "A"}, "A")]
)
def test_a_guest_is_known_by_the_best_there_is(who: dict[str, str], user: str) -> None:
    decoded = decode("mist", mist("guest-authorizations", {"client": BARE, "ap": AP, "authorized_time": NOW} | who))
    assert events(decoded) == [("authorize", AP, NOW)]
    assert [identity.user for identity in decoded.identities] == [user]


@pytest.mark.parametrize("body", [{}, {"topic": None}, {"topic": 7.5}, []])
def test_a_message_without_a_topic_is_refused_whole(body: Any) -> None:
    with pytest.raises(MessageRefused, match="bad_shape"):
        decode("mist", body)
