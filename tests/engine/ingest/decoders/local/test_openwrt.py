"""OpenWrt: hostapd, iwinfo, usteer, exporters and publishers, beside what the recorded messages show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import (
    AP,
    OTHER_AP,
    OTHER_PHONE,
    PHONE,
    absent,
    changes,
    decoded,
    levels,
    refusal,
    refused,
)

LAST_SEEN = "owrtwifi/status/mac-06-00-00-00-00-01/lastseen/"
READ = {(PHONE, AP): -60.0}


def lines(*said: Any) -> str:
    return "\n".join(json.dumps(one) for one in said)


def test_clients_of_an_access_point_that_nobody_named_are_refused() -> None:
    body = {"freq": 2412, "clients": {PHONE: {"signal": -60}}}
    assert refused(decoded("openwrt", body)) == {"no_ap": 1}
    assert levels(decoded("openwrt", body, ap=AP.upper())) == READ


def test_an_agent_may_put_several_interfaces_in_one_object() -> None:
    body = {f"hostapd.wlan{i}": {"freq": 2412, "clients": {PHONE: {"signal": -60 - i}}} for i in (0, 1)}
    assert levels(decoded("openwrt", body)) == {(PHONE, "hostapd.wlan0"): -60, (PHONE, "hostapd.wlan1"): -61}


def test_what_stands_beside_interfaces_takes_nothing_from_them_and_is_counted() -> None:
    """As agents do that say who they are, or what hour it is."""
    clients = {"freq": 2412, "clients": {PHONE: {"signal": -60}}}
    found = decoded("openwrt", {"agent": {"version": 2}, "hostapd.wlan0": clients, "hostapd.wlan1": {}, "at": 7})
    assert levels(found) == {(PHONE, "hostapd.wlan0"): -60}
    assert (found.refused, found.ignored) == ({}, 2), "the agent, and an interface without a phone"


@pytest.mark.parametrize(
    ("signal", "reason"),
    [(0, "bad_rssi"), (None, "no_rssi"), (4294967296, "bad_rssi"), (55, "bad_rssi"), (4294967170, "bad_rssi")],
)
def test_a_level_that_is_none_is_refused(signal: Any, reason: str) -> None:
    clients = {PHONE: {"signal": signal}, OTHER_PHONE: {"signal": -60}}
    found = decoded("openwrt", {"clients": clients}, ap=AP)
    assert (levels(found), refused(found)) == ({(OTHER_PHONE, AP): -60}, {reason: 1})


def test_iwinfos_stations_tell_how_long_ago_they_were_heard() -> None:
    stations = [{"mac": PHONE.upper(), "signal": -60, "noise": -95, "inactive": 1500}, {"mac": PHONE, "signal": 0}]
    found = decoded("openwrt", {"results": stations}, ap=AP)
    assert levels(found) == READ
    assert found.readings[0].age_s == 1.5
    assert refused(found) == {"bad_rssi": 1}


def test_events_come_one_a_line_and_a_broken_line_costs_itself() -> None:
    probe = {"probe": {"address": PHONE, "target": "ff:ff:ff:ff:ff:ff", "signal": -60}}
    found = decoded("openwrt", lines(probe) + '\n{"probe": {"addr', ap=AP)
    assert (levels(found), refused(found)) == (READ, {"not_json": 1})


@pytest.mark.parametrize(
    ("kind", "event"),
    [("assoc", "connect"), ("disassoc", "disconnect"), ("deauth", "disconnect"), ("sta-authorized", "authorize")],
)
def test_events_of_joining_and_leaving_are_sessions(kind: str, event: str) -> None:
    found = decoded("openwrt", {kind: {"address": PHONE}}, ap=AP)
    assert (changes(found), found.readings, found.refused) == ([(PHONE, event, AP)], [], {})


def test_events_that_say_nothing_of_where_a_phone_is_are_ignored() -> None:
    found = decoded(
        "openwrt", lines({"bss-transition-response": {"address": PHONE, "status-code": 0}}, {"key-mismatch": {}}), ap=AP
    )
    assert (found.readings, found.sessions, found.refused, found.ignored) == ([], [], {}, 2)


@pytest.mark.parametrize(
    ("rcpi", "rsni", "level"),
    [(0, 30, -110), (112, 88, -54), (200, 90, -10), (220, 90, None), (221, 90, None), (255, 255, None), (-1, -1, None),
     (190, 0, -65), (135, 0, -120), (112, 0, -54), (255, 0, None)],
)  # fmt: skip
def test_rcpi_is_half_decibels_and_apples_scale_is_its_own(rcpi: int, rsni: int, level: float | None) -> None:
    found = decoded("openwrt", {"beacon-report": {"address": PHONE, "rcpi": rcpi, "rsni": rsni, "bssid": OTHER_AP}})
    if level is None:
        assert refused(found) == {"bad_rssi": 1}
    else:
        assert levels(found) == {(PHONE, OTHER_AP): level}


def test_a_beacon_report_without_a_level_or_an_access_point_is_refused() -> None:
    found = decoded(
        "openwrt",
        lines({"beacon-report": {"address": PHONE, "bssid": AP}}, {"beacon-report": {"address": PHONE, "rcpi": 9}}),
    )
    assert refused(found) == {"no_rssi": 1, "no_ap": 1}


def test_usteers_connected_clients_bring_what_phones_measured_and_when() -> None:
    measured = [{"node": "10.0.0.1#hostapd.wlan0", "rcpi": 90, "rsni": 40, "rssi": 4294967231, "age": 2500}]
    body = {"hostapd.wlan0": {PHONE: {"signal": 4294967236, "created": 90000, "measurements": measured}}}
    found = decoded("openwrt", body)
    assert levels(found) == {(PHONE, "hostapd.wlan0"): -60, (PHONE, "10.0.0.1#hostapd.wlan0"): -65}
    assert [reading.age_s for reading in found.readings if reading.ap != "hostapd.wlan0"] == [2.5]
    assert absent(found.readings[0].age_s)


def test_usteer_makes_no_sessions_since_two_nodes_have_one_phone_after_a_roam() -> None:
    both = {node: {"connected": True, "signal": -60} for node in ("hostapd.a", "hostapd.b")}
    found = decoded("openwrt", {PHONE: both})
    assert (len(found.readings), found.sessions) == (2, [])


def test_usteers_answer_about_one_phone_does_not_name_it() -> None:
    nodes = {"hostapd.wlan0": {"connected": True, "signal": -60}}
    assert refused(decoded("openwrt", {"2ghz": True, "5ghz": True, "nodes": nodes})) == {"no_mac": 1}


def test_a_signal_of_usteers_that_is_none_costs_its_node() -> None:
    found = decoded("openwrt", {PHONE: {"hostapd.a": {"signal": 0}, "hostapd.b": {"signal": -60}, "hostapd.c": None}})
    assert (levels(found), refused(found)) == ({(PHONE, "hostapd.b"): -60}, {"bad_rssi": 1, "bad_shape": 1})


def test_an_exporters_text_joins_levels_and_ages_by_station() -> None:
    body = f"""# HELP wifi_station_signal_dbm x
# TYPE wifi_station_signal_dbm gauge
node_load1 0.3
wifi_stations{{ifname="wlan0"}} 2
wifi_station_signal_dbm{{ifname="wlan0",mac="{PHONE}"}} -60
wifi_station_signal_dbm{{ifname="wlan1",mac="{PHONE}"}} -61 1795859999000
wifi_station_inactive_milliseconds{{ifname="wlan1",mac="{PHONE}"}} 20
wifi_station_signal_dbm{{ifname="wlan1"}} -61
"""
    found = decoded("openwrt", body, ap=AP)
    assert [(r.rssi_dbm, absent(r.t), absent(r.age_s)) for r in found.readings] == [
        (-60, True, True),
        (-61, False, False),
    ]
    assert refused(found) == {"no_mac": 1}


@pytest.mark.parametrize(
    ("topic", "body", "change"),
    [
        (f"wifi-presence/station/ap-1/{PHONE}/state", "connected", [(PHONE, "connect", "ap-1")]),
        (f"home/wifi-presence/station/ap-1/{PHONE}/state", "not_connected", [(PHONE, "disconnect", "ap-1")]),
        (f"wifi-presence/station/ap-1/{PHONE}/attrs", "{}", []),
        ("wifi-presence/ap-1/status", "online", []),
        (LAST_SEEN + "epoch", "1795860000", [(PHONE, "update", "")]),
        (
            LAST_SEEN + "iso8601",
            "2026-11-28T10:00:00+00:00",
            [(PHONE, "update", "")],
        ),
    ],
)
def test_publishers_of_presence_are_read_by_their_topics(topic: str, body: str, change: list[Any]) -> None:
    found = decoded("openwrt", body, topic=topic)
    assert (changes(found), found.refused, found.ignored) == (change, {}, 0 if change else 1)


@pytest.mark.parametrize(
    ("topic", "reason"),
    [(f"wifi-presence/station/a/{PHONE}/state", "bad_shape"), (LAST_SEEN + "epoch", "bad_time")],
)
def test_odd_words_of_publishers_are_refused(topic: str, reason: str) -> None:
    assert refused(decoded("openwrt", "perhaps", topic=topic)) == {reason: 1}


@pytest.mark.parametrize("body", ["", "hello", "{", "[1,", "a{b}"])
def test_what_is_neither_json_nor_an_exporters_is_refused(body: str) -> None:
    assert refusal("openwrt", body) == "not_json"


@pytest.mark.parametrize("body", [3, "x", None, {"a": 1}, {"a": {"b": {"c": 1}}}, [None]])
def test_json_of_no_known_shape_is_counted(body: Any) -> None:
    assert refused(decoded("openwrt", json.dumps(body))) == {"bad_shape": 1}


@pytest.mark.parametrize("body", [{}, {"Magasin": {}}, {"freq": 2412, "clients": {}}, {"hostapd.wlan0": {}}, []])
def test_nobody_there_is_no_error(body: Any) -> None:
    found = decoded("openwrt", body, ap=AP)
    assert (found.readings, found.sessions, found.refused) == ([], [], {})


def test_a_measurement_of_usteers_without_dbm_has_its_rcpi() -> None:
    measured = [{"node": "hostapd.b", "rcpi": 90, "rsni": 40}, {"node": "", "rssi": -60}, {"node": "hostapd.b"}]
    found = decoded("openwrt", {"hostapd.a": {PHONE: {"measurements": measured}}})
    assert levels(found) == {(PHONE, "hostapd.b"): -65}
    assert refused(found) == {"no_ap": 1, "no_rssi": 1}


def test_an_event_names_its_interface_where_it_is_spoken_to_and_nobody_else_does() -> None:
    probe = {"address": PHONE, "signal": -60}
    assert levels(decoded("openwrt", {"probe": probe | {"target": AP}})) == READ
    assert refused(decoded("openwrt", {"probe": probe | {"target": "ff:ff:ff:ff:ff:ff"}})) == {"no_ap": 1}
    assert levels(decoded("openwrt", {"probe": probe | {"target": OTHER_AP}}, ap=AP)) == READ
