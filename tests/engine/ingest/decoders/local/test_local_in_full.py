"""Access points' own messages in full and at their edges: OpenWrt in all its voices, boards and apps."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from engine.ingest.decoders.local.exporter import is_exposition
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


def openwrt(body: Any, **told: str) -> Any:
    return decoded("openwrt", body, **({"ap": "till"} | told))


# hostapd


@pytest.mark.parametrize(
    ("signal", "dbm", "reason"),
    [(-61, -61.0, ""), (2**32 - 61, -61.0, ""), (0, None, "bad_rssi"), (None, None, "no_rssi"), (5, None, "bad_rssi")],
)
def test_clients_of_an_interface(signal: Any, dbm: float | None, reason: str) -> None:
    found = openwrt({"freq": 5180, "clients": {PHONE: {"signal": signal}}})
    assert levels(found) == ({} if dbm is None else {(PHONE, "till"): dbm})
    assert refused(found) == ({reason: 1} if reason else {})
    assert refused(openwrt({"clients": {PHONE: {"signal": -50}}}, ap="")) == {"no_ap": 1}
    assert levels(openwrt({"clients": {PHONE: {"signal": -50}}}, ap="", bssid=AP)) == {(PHONE, AP): -50.0}


def test_stations_say_how_long_ago_they_were_heard() -> None:
    found = openwrt({"results": [{"mac": PHONE, "signal": -61, "inactive": 1500}, {"mac": PHONE}, 7]})
    assert [(r.rssi_dbm, r.age_s) for r in found.readings] == [(-61.0, 1.5)]
    assert refused(found) == {"no_rssi": 1, "bad_shape": 1}


@pytest.mark.parametrize(
    ("kind", "event", "heard"),
    [("assoc", "connect", True), ("reassoc", "connect", True), ("disassoc", "disconnect", False),
     ("deauth", "disconnect", False), ("sta-authorized", "authorize", False), ("auth", None, True),
     ("probe", None, True)],
)  # fmt: skip
def test_events_of_an_interface(kind: str, event: str | None, heard: bool) -> None:
    said = {"address": PHONE, "signal": -61, "target": OTHER_AP}
    found = openwrt({kind: said})
    assert changes(found) == ([] if event is None else [(PHONE, event, "till")])
    assert levels(found) == ({(PHONE, "till"): -61.0} if heard else {})
    silent = openwrt({kind: {"address": PHONE}})
    assert refused(silent) == ({"no_rssi": 1} if kind == "probe" else {}), "only a probe is nothing without its signal"
    assert silent.readings == []
    asked = openwrt({kind: said}, ap="")
    assert {*levels(asked), *((c[0], c[2]) for c in changes(asked))} == {(PHONE, OTHER_AP)}
    named = openwrt({kind: said | {"bssid": AP}}, ap="")
    assert {*levels(named), *((c[0], c[2]) for c in changes(named))} == {(PHONE, AP)}


@pytest.mark.parametrize(
    ("said", "dbm", "reason"),
    [
        ({"rcpi": 112, "rsni": 40}, -54.0, ""), ({"rcpi": None}, None, "no_rssi"),
        ({"rcpi": 255, "rsni": 1}, None, "bad_rssi"),
        ({"rcpi": 112, "bssid": "00:00:00:00:00:00"}, None, "bad_mac"), ({"rcpi": 112, "bssid": ""}, None, "no_ap"),
    ],
)  # fmt: skip
def test_a_beacon_report(said: dict[str, Any], dbm: float | None, reason: str) -> None:
    found = openwrt({"beacon-report": {"address": PHONE, "bssid": AP} | said})
    assert levels(found) == ({} if dbm is None else {(PHONE, AP): dbm})
    assert refused(found) == ({reason: 1} if reason else {})


# DAWN


def test_a_hearing_map_of_dawn_s() -> None:
    heard = {"signal": -70, "rcpi": -1, "rsni": -1, "score": 3}
    said = {"Shop": {PHONE: {AP: heard, OTHER_AP: heard | {"signal": 0, "rcpi": 112, "rsni": 40}, "x": heard}}}
    found = openwrt(said)
    assert levels(found) == {(PHONE, AP): -70.0, (PHONE, OTHER_AP): -54.0}
    assert refused(found) == {"no_ap": 1}
    assert refused(openwrt({"Shop": {PHONE: {AP: heard | {"signal": 0}}}})) == {"bad_rssi": 1}
    assert refused(openwrt({"Shop": {PHONE: {AP: heard | {"signal": 0, "rcpi": 255}}}})) == {"bad_rssi": 1}


def test_a_network_of_dawn_s() -> None:
    """Access points by SSID; of their members those that are meant as MACs are phones."""
    client = {"signature": "s", "signal": -60}
    said = {
        "Shop": {AP: {"freq": 5180, "hostname": "till", PHONE: client, OTHER_PHONE: {"signature": "", "signal": 0}}}
    }
    found = openwrt(said)
    assert [(s.mac, s.event, s.ap, s.ssid) for s in found.sessions] == [
        (PHONE, "present", AP, "Shop"), (OTHER_PHONE, "present", AP, "Shop"),
    ]  # fmt: skip
    assert levels(found) == {(PHONE, AP): -60.0}
    empty = openwrt({"Shop": {AP: {"freq": 5180}, OTHER_AP: {"freq": 2412}}, "Guests": {}})
    assert (empty.sessions, refused(empty)) == ([], {})


def test_addresses_of_which_nothing_tells_what_they_are() -> None:
    assert refused(openwrt({"Shop": {PHONE: {AP: {}}}})) == {"ambiguous": 1}
    assert refused(openwrt({"A": {PHONE: {AP: {"x": 1}}}, "B": {PHONE: {AP: {"score": 1, "signal": -60}}}})) == {
        "ambiguous": 1
    }


def dawn(method: str, data: Any) -> Any:
    return openwrt({"method": method, "data": data})


def test_messages_of_dawn_s() -> None:
    probe = {"bssid": AP, "address": PHONE, "signal": -60, "rcpi": -1}
    assert levels(dawn("probe", json.dumps(probe))) == levels(dawn("probe", probe)) == {(PHONE, AP): -60.0}
    for method in ("deauth", "disassoc"):
        assert changes(dawn(method, {"bssid": AP, "address": PHONE})) == [(PHONE, "disconnect", AP)]
        assert refused(dawn(method, {"address": PHONE})) == {"no_ap": 1}
    report = dawn("beacon-report", {"bssid": AP, "address": PHONE, "rcpi": 112, "rsni": 1})
    assert levels(report) == {(PHONE, AP): -54.0}
    clients = {"bssid": AP, "ssid": "Shop", "clients": {PHONE: {"signal": -55}}}
    for found in (dawn("clients", clients), openwrt(clients)):
        assert (changes(found), found.sessions[0].ssid, levels(found)) == (
            [(PHONE, "present", AP)], "Shop", {(PHONE, AP): -55.0},
        )  # fmt: skip
    assert changes(dawn("clients", {"bssid": AP})) == []
    assert (dawn("uci", {}).ignored, refused(dawn("probe", "{x")), refused(dawn("probe", 7))) == (
        1, {"not_json": 1}, {"bad_shape": 1},
    )  # fmt: skip


# usteer and others of OpenWrt


def test_what_usteer_hears() -> None:
    nodes = {"hostapd.wlan0": {"signal": -60}, "10.0.0.1#hostapd.wlan1": {"signal": 2**32 - 70}}
    assert levels(openwrt({PHONE: nodes})) == {
        (PHONE, "hostapd.wlan0"): -60.0,
        (PHONE, "10.0.0.1#hostapd.wlan1"): -70.0,
    }
    assert levels(openwrt({"address": PHONE, "nodes": nodes})) == levels(openwrt({PHONE: nodes}))
    assert refused(openwrt({"nodes": nodes})) == {"no_mac": 1}
    info = openwrt({"hostapd.wlan0": {"bssid": AP, "freq": 1}, "10.0.0.1#hostapd.wlan1": {"bssid": "x"}})
    assert info.notes["ap_names"] == {"hostapd.wlan0": AP}
    client = {"signal": -60, "measurements": [{"node": "hostapd.wlan1", "rssi": -80, "age": 2500},
                                              {"node": "hostapd.wlan2", "rcpi": 112, "rsni": 40}]}  # fmt: skip
    connected = openwrt({"hostapd.wlan0": {PHONE: client}})
    assert [(r.ap, r.rssi_dbm, None if math.isnan(r.age_s) else r.age_s) for r in connected.readings] == [
        ("hostapd.wlan0", -60.0, None), ("hostapd.wlan1", -80.0, 2.5), ("hostapd.wlan2", -54.0, None),
    ]  # fmt: skip
    bare = openwrt({"hostapd.wlan0": {PHONE: {}}})
    assert refused(bare) == {"no_rssi": 1}
    assert refused(openwrt({"hostapd.wlan0": {PHONE: {"measurements": client["measurements"]}}})) == {}


def test_nodes_of_an_agent_are_told_apart_by_what_is_under_them() -> None:
    said = {"hostapd.wlan0": {"clients": {PHONE: {"signal": -60}}}, "hostapd.wlan1": {"probe": {"address": PHONE,
    "signal": -70}},
            "hostapd.wlan2": {}}  # fmt: skip
    found = openwrt(said, ap="")
    assert levels(found) == {(PHONE, "hostapd.wlan0"): -60.0, (PHONE, "hostapd.wlan1"): -70.0}
    assert found.ignored == 1
    assert levels(openwrt(said)) == {(PHONE, "till"): -70.0}, "who is told what speaks goes by that"


@pytest.mark.parametrize(
    ("body", "ignored", "reason"),
    [
        ({}, 1, ""), ({"a": []}, 1, ""), ({"freq": 1}, 1, ""), ({"a": 1}, 0, "bad_shape"), ({"a": {}}, 1, ""),
        ({"a": {"b": 1}}, 0, "bad_shape"), ({"wps-event": {"b": 1}}, 1, ""), ([7], 0, "bad_shape"),
    ],
)  # fmt: skip
def test_shapes_that_say_nothing_and_shapes_that_are_none(body: Any, ignored: int, reason: str) -> None:
    found = openwrt(body)
    assert (found.ignored, refused(found)) == (ignored, {reason: 1} if reason else {})


def test_one_object_a_line() -> None:
    lines = [json.dumps({"probe": {"address": PHONE, "signal": s}}) for s in (-60, -61)]
    found = openwrt("\n".join([lines[0], "{broken", "", lines[1]]))
    assert ([r.rssi_dbm for r in found.readings], refused(found)) == ([-60.0, -61.0], {"not_json": 1})
    assert refusal("openwrt", "{broken\n{too") == refusal("openwrt", "no exporter's text") == "not_json"


EXPOSED = f'wifi_station_signal_dbm{{ifname="wlan0",mac="{PHONE.upper()}"}}'


@pytest.mark.parametrize(
    ("line", "dbm", "t", "reason"),
    [
        (f"{EXPOSED} -60", -60.0, None, ""), (f"{EXPOSED} -60 1795860000000", -60.0, NOW, ""),
        (f"{EXPOSED} -60 0", -60.0, None, ""), (f"{EXPOSED} 0", None, None, "bad_rssi"),
        (f"{EXPOSED} NaN", None, None, "no_rssi"), ('wifi_station_signal_dbm{ifname="w"} -60', None, None, "no_mac"),
    ],
)  # fmt: skip
def test_a_line_of_an_exporter(line: str, dbm: float | None, t: float | None, reason: str) -> None:
    found = openwrt(f"# HELP x\n{line}\n")
    told = [(r.rssi_dbm, None if math.isnan(r.t) else r.t) for r in found.readings]
    assert told == ([] if dbm is None else [(dbm, t)])
    assert refused(found) == ({reason: 1} if reason else {})


def test_ages_of_an_exporter_are_joined_by_interface_and_address() -> None:
    def line(metric: str, ifname: str, mac: str, value: Any, more: str = "") -> str:
        return f'{metric}{{ifname="{ifname}",mac="{mac}"{more}}} {value}'

    text = "\n".join([
        line("wifi_station_inactive_milliseconds", "wlan0", PHONE, 1500), line("wifi_station_signal_dbm", "wlan0",
        PHONE.upper(), -60),
        line("wifi_station_signal_dbm", "wlan1", PHONE, -61, f',ap_mac="{AP}"'), line("node_load1", "w", PHONE, 3),
    ])  # fmt: skip
    found = openwrt(text)
    assert [(r.ap, r.rssi_dbm, None if math.isnan(r.age_s) else r.age_s) for r in found.readings] == [
        ("till", -60.0, 1.5), (AP, -61.0, None),
    ]  # fmt: skip
    assert found.ignored == 0
    assert openwrt(line("node_load1", "w", PHONE, 3)).ignored == 1
    assert is_exposition(EXPOSED + " -60".ljust(1000 - len(EXPOSED)))
    assert not is_exposition(EXPOSED + " -60".ljust(1001 - len(EXPOSED)))


@pytest.mark.parametrize(
    ("state", "event"),
    [("connected", "connect"), ("HOME", "connect"), ("disconnected", "disconnect"), ("not_home", "disconnect"),
     ("not_connected", "disconnect"), ("away", None)],
)  # fmt: skip
def test_publishers_of_who_is_there(state: str, event: str | None) -> None:
    found = decoded("openwrt", state, topic=f"home/wifi-presence/station/till/{PHONE}/state")
    assert changes(found) == ([] if event is None else [(PHONE, event, "till")])
    assert refused(found) == ({} if event else {"bad_shape": 1})
    for topic in (f"wifi-presence/station/till/{PHONE}/attrs", "wifi-presence/till/status"):
        assert decoded("openwrt", "{}", topic=topic).ignored == 1
    dashed = PHONE.replace(":", "-")
    seen = decoded("openwrt", "1795860000", topic=f"x/owrtwifi/status/mac-{dashed}/lastseen/epoch")
    assert [(s.mac, s.event, s.t) for s in seen.sessions] == [(PHONE, "update", NOW)]
    iso = decoded("openwrt", "2026-11-28T10:00:00Z", topic=f"owrtwifi/status/mac-{dashed}/lastseen/iso8601")
    assert iso.sessions[0].t == NOW
    assert levels(decoded("openwrt", {"clients": {PHONE: {"signal": -60}}}, topic="wifi/x", ap="till")) == {
        (PHONE, "till"): -60.0
    }


# Boards and apps


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"MAC": PHONE, "RSSI": "-60", "Sensor": "s"}, (PHONE, "s", None, -60.0)),
        ({"mac": PHONE, "signal": 196, "t": 1_795_860_000}, (PHONE, "board", NOW, -60.0)),
        ({"sa": PHONE, "rssi": 128, "t": 1e9}, None),
        ({"sa": PHONE, "rssi": 254, "t": 999_999_999}, (PHONE, "board", None, -2.0)),
        ({"addr": PHONE, "rssi_dbm": -60, "timestamp": "2026-11-28T10:00:00Z"}, (PHONE, "board", NOW, -60.0)),
        ({"addr": PHONE, "rssi": -60, "timestamp": 5_000_000}, (PHONE, "board", None, -60.0)),
    ],
)  # fmt: skip
def test_a_frame_that_a_board_heard(said: dict[str, Any], told: Any) -> None:
    found = decoded("esp32", said, topic="esp/board")
    if told is None:
        assert refused(found) == {"bad_rssi": 1}, "-128 is below what a radio hears"
    else:
        assert only_reading(found)[:4] == told


def test_frames_of_boards_under_a_sensor_and_of_access_points() -> None:
    found = decoded(
        "esp32", {"Sensor": "s", "Frames": [{"mac": PHONE, "rssi": -60, "ap": "own"}, {"mac": PHONE, "rssi": -61}]}
    )
    assert [(r.ap, r.rssi_dbm) for r in found.readings] == [("own", -60.0), ("s", -61.0)]
    beacon = {"mac": PHONE, "rssi": -60, "type": "Probe_Resp"}
    assert refused(decoded("esp32", [beacon, 7, {"mac": PHONE, "rssi": 255}], ap="a")) == {
        "ap_mac": 1, "bad_shape": 1, "bad_rssi": 1,
    }  # fmt: skip
    assert refused(decoded("esp32", {"mac": PHONE, "rssi": -60})) == {"no_ap": 1}
    assert only_reading(decoded("esp32", {"mac": PHONE, "rssi": -60}, topic="x/board", ap="told"))[1] == "told"


def test_what_espresense_hears() -> None:
    topic = "espresense/devices/phone:x/kitchen"
    found = decoded("espresense", {"mac": PHONE.replace(":", ""), "id": "phone:x", "rssi": -60}, topic=topic)
    assert (only_reading(found)[:2], found.readings[0].id) == ((PHONE, "kitchen"), "phone:x")
    known = decoded("espresense", {"id": f"known:{PHONE}", "rssi": -60}, topic=topic).readings[0]
    assert (known.mac, known.id) == (PHONE, "")
    other = decoded("espresense", {"id": PHONE, "mac": OTHER_PHONE, "rssi": -60}, topic=topic).readings[0]
    assert (other.mac, other.id) == (OTHER_PHONE, PHONE)
    assert refused(decoded("espresense", {"mac": PHONE, "id": "node:bath", "rssi": -60}, topic=topic)) == {
        "not_a_phone": 1
    }
    assert decoded("espresense", {"rssi": -60, "uptime": 5}, topic=topic).ignored == 1
    assert decoded("espresense", {"ver": "3"}, topic=topic).ignored == 1
    assert refused(decoded("espresense", {"rssi": -60}, topic=topic)) == {"no_mac": 1}
    assert decoded("espresense", "x", topic="espresense/rooms/kitchen").ignored == 1
    alone = decoded("espresense", {"mac": PHONE, "rssi": -60}, topic="kitchen", ap="told")
    assert only_reading(alone)[1] == "told"


@pytest.mark.parametrize(
    ("said", "range_m", "sigma_m"),
    [
        ({"distanceMm": 3500, "distanceStdDevMm": 250}, 3.5, 0.25),
        ({"distanceMm": -500, "distanceStdDevMm": 0}, -0.5, None),
        ({"distance_m": 3.5, "std_m": 0.25, "distanceStdDevMm": 9}, 3.5, 0.25), ({"distanceMm": -10_000}, -10.0, None),
        ({"distanceMm": -10_001}, None, None), ({"distanceMm": 1_000_000, "distanceStdDevMm": 1_000_000}, 1000.0, None),
        ({"distanceMm": 1_000_001}, None, None), ({"distanceMm": 3500, "status": 1}, None, None),
        ({"distanceMm": 3500, "numSuccessfulMeasurements": 0}, None, None),
        ({"distanceMm": 3500, "n_ok": 1, "status": 0}, 3.5, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_ranges_of_an_app(said: dict[str, Any], range_m: float | None, sigma_m: float | None) -> None:
    found = decoded("android-rtt", {"client": PHONE, "bssid": AP, "ts": NOW, "rssi": -60} | said)
    if range_m is None:
        assert refused(found) == {"bad_range": 1}
        return
    [one] = found.readings
    assert (one.mac, one.ap, one.t, one.rssi_dbm, one.range_m) == (PHONE, AP, NOW, -60.0, range_m)
    assert math.isnan(one.range_sigma_m) if sigma_m is None else one.range_sigma_m == sigma_m


def test_results_of_an_app_are_of_the_phone_around_them() -> None:
    good = {"ap": AP, "distanceMm": 3500}
    found = decoded(
        "android-rtt", {"t": NOW, "device": PHONE, "ranges": [good, good | {"mac": OTHER_PHONE, "rssi": 0}, {}, 7]}
    )
    assert [(r.mac, r.t, math.isnan(r.rssi_dbm)) for r in found.readings] == [
        (PHONE, NOW, True),
        (OTHER_PHONE, NOW, True),
    ]
    assert refused(found) == {"no_ap": 1, "bad_shape": 1}
