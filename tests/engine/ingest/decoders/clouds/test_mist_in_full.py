"""Mist's webhooks in full and at their edges: each field that is read, each that stands in for another."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
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


# Mist


def mist(topic: str, *events: Any) -> Any:
    return decoded("mist", {"topic": topic, "events": list(events)})


def test_raw_packets_of_mist_s() -> None:
    said = {"client_id": PHONE, "ap_id": AP}
    packets = [{"rssi": -61.5, "band": 5}, {"rssi": 0}, {"rssi": -70, "band": "24"}, {"rssi": -71, "band": 2.4}, 7]
    found = mist("wifi-unconn-raw", said | {"packets": packets})
    assert [(r.mac, r.ap, r.rssi_dbm, r.band) for r in found.readings] == [
        (PHONE, AP, -61.5, "5GHz"), (PHONE, AP, -70.0, "2.4GHz"), (PHONE, AP, -71.0, "2.4GHz"),
    ]  # fmt: skip
    assert refused(found) == {"bad_rssi": 1, "bad_shape": 1}
    assert refused(mist("wifi-conn-raw", said | {"packets": []}, said)) == {"no_rssi": 2}


def test_a_place_of_mist_s_is_of_a_phone() -> None:
    at = {"mac": PHONE, "x": 1.5, "y": 2, "timestamp": NOW, "mapid": "m1", "map_id": "dummy"}
    assert only_place(mist("location-client", at)) == {"mac": PHONE, "t": NOW, "x_m": 1.5, "y_m": 2.0, "map": "m1"}
    assert only_place(mist("location", at | {"mapid": ""}))["map"] == "dummy"
    for asset in ({"type": "asset"}, {"asset_id": "a1"}):
        assert refused(mist("location", at | asset)) == {"not_wifi": 1}
    assert len(mist("location", at | {"type": "wifi", "asset_id": "a1"}).positions) == 1
    assert refused(mist("location", at | {"x": None}, at | {"y": None})) == {"no_position": 2}
    assert refused(mist("vbeacon", at, at)) == {"not_wifi": 2}
    assert mist("alarms", at).ignored == 1
    assert refusal("mist", {"events": []}) == "bad_shape"


def test_what_a_phone_hears_is_told_once_for_each_access_point_band_and_time() -> None:
    scan = {"ap": AP, "band": "5", "rssi": -50, "timestamp": NOW}
    scans = [scan, scan, scan | {"band": "24"}, {"ap": OTHER_AP, "rssi": -60}]
    said = {"mac": PHONE, "last_seen": NOW, "scan_data": scans,
            "connection_ap": AP, "connection_band": "5", "connection_rssi": -51}  # fmt: skip
    found = mist("sdkclient-scan-data", said)
    assert [(r.ap, r.band, r.t, r.rssi_dbm) for r in found.readings] == [
        (AP, "5GHz", NOW, -50.0), (AP, "2.4GHz", NOW, -50.0), (OTHER_AP, "", NOW, -60.0),
    ]  # fmt: skip
    assert refused(found) == {"duplicate": 2}, "the connection is one of them again"
    only = mist("sdkclient-scan-data", {k: v for k, v in said.items() if k != "scan_data"})
    assert only_reading(only) == (PHONE, AP, NOW, -51.0, "5GHz")
    assert refused(mist("sdkclient-scan-data", {"mac": PHONE, "scan_data": []})) == {"no_rssi": 1}


def test_sessions_of_mist_s() -> None:
    join = {"mac": PHONE, "connect_float": NOW + 0.5, "connect": NOW, "timestamp": NOW + 9, "ap": AP, "ssid": "Shop",
            "rssi": -55, "band": "6"}  # fmt: skip
    found = mist("client-join", join)
    assert changes(found) == [(PHONE, "connect", AP)]
    assert (found.sessions[0].t, found.sessions[0].ssid) == (NOW + 0.5, "Shop")
    assert only_reading(found) == (PHONE, AP, NOW + 0.5, -55.0, "6GHz")
    bare = mist("client-join", {"mac": PHONE, "timestamp": NOW})
    assert (changes(bare), bare.readings, refused(bare)) == ([(PHONE, "connect", "")], [], {})
    for reason, over in ((1, True), (2, True), (3, False), (None, False)):
        left = mist(
            "client-sessions", {"mac": PHONE, "termination_reason": reason, "disconnect": NOW, "ap": AP, "ssid": "S"}
        )
        assert (changes(left) == [(PHONE, "disconnect", AP)], left.ignored) == (over, 0 if over else 1)
    for trigger, event in (("Enter", "enter"), ("exit", "exit")):
        zone = mist("zone", {"mac": PHONE, "trigger": trigger, "timestamp": NOW, "zone_id": "z", "rssizone_id": "r"})
        assert (zone.sessions[0].event, zone.sessions[0].zone, zone.sessions[0].t) == (event, "z", NOW)
    assert mist("rssizone", {"mac": PHONE, "trigger": "exit", "rssizone_id": "r"}).sessions[0].zone == "r"
    assert refused(mist("zone", {"mac": PHONE, "trigger": "pass"})) == {"ambiguous": 1}


def test_who_signed_in_by_mist_is_named_once_and_never_by_a_mac() -> None:
    guest = {
        "client": PHONE,
        "authorized_time": NOW,
        "ap": AP,
        "ssid": "S",
        "name": "Ana",
        "mobile": "0600",
        "email": "",
    }
    found = mist("guest-authorizations", guest, guest)
    assert [(s.event, s.t, s.ap, s.ssid) for s in found.sessions] == [("authorize", NOW, AP, "S")] * 2
    assert found.identities == [(PHONE, "0600", "")]
    account = {"mac": PHONE, "type": "nac_accounting_stop", "timestamp": NOW, "ap": AP, "username": "ana",
               "client_ip": "10.0.0.7"}  # fmt: skip
    stop = mist("nac-accounting", account)
    assert (changes(stop), stop.identities) == ([(PHONE, "disconnect", AP)], [(PHONE, "ana", "10.0.0.7")])
    for kind, event in (("START", "connect"), ("UPDATE", "update")):
        assert changes(mist("nac-accounting", account | {"type": f"NAC_ACCOUNTING_{kind}"}))[0][1] == event
    assert refused(mist("nac-accounting", account | {"client_type": "Wired"})) == {"wired": 1}
    assert refused(mist("nac-accounting", account | {"type": "x"})) == {"ambiguous": 1}
    permit = account | {"type": "NAC_CLIENT_PERMIT", "username": PHONE.replace(":", "")}
    assert (changes(mist("nac-events", permit)), mist("nac-events", permit).identities) == (
        [(PHONE, "authorize", AP)],
        [],
    )
    assert mist("nac-events", account | {"type": "NAC_CLIENT_DENY"}).ignored == 1


def test_a_body_of_mist_s_is_signed_by_the_newer_header_first() -> None:
    body = json.dumps({"topic": "ping"}).encode()
    newer = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    older = hmac.new(b"key", body, hashlib.sha1).hexdigest()

    def said(headers: dict[str, str], secret: str | None = "key") -> str:
        try:
            return str(DECODERS["mist"](VendorMessage(body, NOW, headers=headers), Told(secret)).ignored)
        except MessageRefused as refused_:
            return str(refused_.reason)

    v2_header, v1_header = "x-mist-signature-v2", "x-mist-signature"
    assert [said({v2_header: f" {newer.upper()} "}), said({v1_header: older}), said({}, None)] == ["1", "1", "1"]
    assert said({v2_header: newer, v1_header: "wrong"}) == "1"
    assert said({v2_header: "wrong", v1_header: older}) == "bad_signature", "no second try with the older one"
    assert [said({}), said({v2_header: older}), said({v1_header: newer})] == ["bad_signature"] * 3
