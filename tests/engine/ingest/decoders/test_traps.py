"""The ways in which makes of Wi-Fi say one thing differently: each was met in a real message, and is one row here."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.engine.ingest.decoders.vendors import AP, NOW, PHONE, decode, places, refused

BARE, DASHED = PHONE.replace(":", ""), PHONE.replace(":", "-").upper()
MQTT = f"meraki/v1/mr/N_1/{AP}/wifi/{PHONE}"
V3 = {"version": "3.0", "type": "WiFi"}


def scanning(**location: Any) -> dict[str, Any]:
    one = {"time": NOW, "rssiRecords": [{"apMac": AP, "rssi": -50}]} | location
    return V3 | {"data": {"observations": [{"clientMac": PHONE, "locations": [one]}]}}


def mist(topic: str, **event: Any) -> dict[str, Any]:
    return {"topic": topic, "events": [event]}


def cmx(**changes: Any) -> dict[str, Any]:
    return {"notificationType": "locationupdate", "deviceId": PHONE, "timestamp": NOW * 1000,
            "locationCoordinate": {"x": 10, "y": 20, "unit": "FEET"}} | changes  # fmt: skip


def spaces(**changes: Any) -> dict[str, Any]:
    update = {"device": {"macAddress": PHONE}, "lastSeen": NOW * 1000, "xPos": 10, "yPos": 20} | changes
    return {"eventType": "DEVICE_LOCATION_UPDATE", "deviceLocationUpdate": update}


def ale(**changes: Any) -> dict[str, Any]:
    msg = {"sta_eth_mac": {"addr": PHONE}, "sta_location_x": 10, "sta_location_y": 20} | changes
    return {"Location_result": [{"msg": msg, "ts": NOW}]}


def raw(client: str = PHONE, rssi: Any = -60) -> dict[str, Any]:
    return mist("wifi-conn-raw", ap_id=AP, client_id=client, packets=[{"rssi": rssi}])


@pytest.mark.parametrize(
    "spelling", [PHONE, PHONE.upper(), DASHED, BARE, BARE.upper(), "0600.0000.0001", "06.00.00.00.00.01"]
)
def test_a_mac_has_many_spellings(spelling: str) -> None:
    assert decode("mist", raw(spelling)).readings[0].mac == PHONE


@pytest.mark.parametrize("kind", ["cisco-cmx", "aruba-ale"])
def test_a_digest_is_no_mac(kind: str) -> None:
    digest = "5e" * 20
    body = cmx(deviceId=digest) if kind == "cisco-cmx" else ale(sta_eth_mac={}, hashed_sta_eth_mac=digest)
    decoded = decode(kind, body)
    assert (decoded.positions, refused(decoded)) == ([], {"hashed_mac": 1})


@pytest.mark.parametrize(
    ("kind", "body", "rssi_dbm"),
    [
        ("meraki-mqtt", {"rssi": "-74"}, -74.0),
        ("meraki-mqtt", {"rssi": "31"}, -64.0),
        ("meraki-scanning-v2", {"version": "2.0", "type": "DevicesSeen", "data": {"apMac": AP, "observations": [
            {"clientMac": PHONE, "rssi": 15}]}}, -80.0),
        ("mist", raw(rssi=-94.333336), -94.333336),
        ("unifi", {"data": [{"mac": PHONE, "ap_mac": AP, "signal": -63, "rssi": 33, "noise": -96}]}, -63.0),
        ("ruckus", {"apClient": {"ap": AP, "clients": [
            {"clientMac": PHONE, "rssi": 32, "receiveSignalStrength": -63}]}}, -63.0),
        ("openwrt", {"clients": {PHONE: {"signal": 4294967235}}}, -61.0),
        ("openwrt", {"beacon-report": {"address": PHONE, "bssid": AP, "rcpi": 112, "rsni": 40}}, -54.0),
        ("openwrt", {"beacon-report": {"address": PHONE, "bssid": AP, "rcpi": 190, "rsni": 0}}, -65.0),
    ],
)  # fmt: skip
def test_rssi_is_dbm_whatever_was_added(kind: str, body: Any, rssi_dbm: float) -> None:
    (reading,) = decode(kind, body, on=MQTT if kind == "meraki-mqtt" else "", ap=AP).readings
    assert reading.rssi_dbm == pytest.approx(rssi_dbm)


@pytest.mark.parametrize(
    ("kind", "body", "t"),
    [
        ("meraki-scanning-v3", scanning(time="2026-11-28T10:00:00Z"), NOW),
        ("meraki-scanning-v3", scanning(time="2026-11-28T19:00:00+09:00"), NOW),
        ("meraki-mqtt", {"rssi": -50, "timestamp": "2026-11-28 10:00:00.250"}, NOW + 0.25),
        ("mist", mist("location", mac=BARE, x=1, y=2, timestamp=NOW + 0.25), NOW + 0.25),
        ("cisco-cmx", cmx(timestamp=(NOW + 0.25) * 1000), NOW + 0.25),
        ("aruba-ale", ale(), NOW),
        ("mist", raw(), math.nan),
        ("meraki-scanning-v3", scanning(time=None), math.nan),
    ],
)
def test_times_have_many_forms_and_may_be_absent(kind: str, body: Any, t: float) -> None:
    decoded = decode(kind, body, on=MQTT if kind == "meraki-mqtt" else "")
    found = [record.t for record in (*decoded.readings, *decoded.positions)]
    assert all(at == pytest.approx(t, nan_ok=True) for at in found)
    assert found


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("mist", mist("location", mac=BARE, x=0, y=2.5), {"x_m": 0.0, "y_m": 2.5}),
        ("meraki-scanning-v3", scanning(x="1.5", y=0), {"x_m": 1.5, "y_m": 0.0, "origin": "bottom-left"}),
        ("cisco-cmx", cmx(), {"x_m": 3.048, "y_m": 6.096}),
        ("cisco-spaces", spaces(), {"x_m": 3.048, "y_m": 6.096, "origin": "top-left"}),
        ("aruba-ale", ale(unit="FEET"), {"x_m": 3.048, "y_m": 6.096}),
        ("aruba-ale", ale(unit="PIXELS", longitude=2, latitude=48), {"lon": 2.0, "lat": 48.0}),
    ],
)
def test_coordinates_have_units_and_origins(kind: str, body: Any, expected: dict[str, Any]) -> None:
    assert places(decode(kind, body)) == [expected]


@pytest.mark.parametrize("nothing", ["NaN", None, "", "null"])
@pytest.mark.parametrize("kind", ["mist", "cisco-spaces", "aruba-ale"])
def test_no_coordinate_is_no_place(kind: str, nothing: Any) -> None:
    body = {
        "mist": mist("location", mac=BARE, x=nothing, y=2),
        "cisco-spaces": spaces(xPos=nothing, latitude=-999.0, longitude=-999.0),
        "aruba-ale": ale(sta_location_x=nothing),
    }[kind]
    decoded = decode(kind, body)
    assert (decoded.positions, refused(decoded)) == ([], {"no_position": 1})


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("meraki-scanning-v3", scanning(x=1, y=2, variance=3.2), (3.2, "variance")),
        ("cisco-cmx", cmx(confidenceFactor=64), (19.5072, "r95")),
        ("cisco-spaces", spaces(confidenceFactor=64), (19.5072, "r95")),
        ("cisco-spaces", spaces(unc=7.3), (7.3, "unc")),
        ("aruba-ale", ale(error_level=5), (5.0, "r95")),
        ("aruba-ale", ale(error_level=10, unit="FEET"), (3.048, "r95")),
    ],
)
def test_errors_keep_the_vendor_s_meaning(kind: str, body: Any, expected: tuple[float, str]) -> None:
    (position,) = decode(kind, body).positions
    assert (position.error_m, position.error_kind) == (pytest.approx(expected[0]), expected[1])


@pytest.mark.parametrize(
    ("kind", "body", "on"),
    [
        ("meraki-mqtt", {"rssi": -50}, MQTT.replace("meraki", "Meraki")),
        ("mist", json.loads(json.dumps(raw()).replace("wifi-conn-raw", "wifi_conn_raw")), ""),
    ],
)
def test_topics_have_either_case_and_either_dash(kind: str, body: Any, on: str) -> None:
    assert len(decode(kind, body, on=on).readings) == 1
