"""DAWN: its wire, its two maps, and what it writes for none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import AP, OTHER_AP, OTHER_PHONE, PHONE, changes, decoded, levels, refused


def heard(**said: Any) -> dict[str, Any]:
    return {"Magasin": {PHONE: {AP: {"signal": -60, "rcpi": -1, "rsni": -1, "freq": 2412, "score": 100} | said}}}


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({}, -60),
        ({"signal": 0, "rcpi": 114, "rsni": 40}, -53),
        ({"signal": 4294967236}, -60),
        ({"signal": None, "rcpi": 114}, -53),
        ({"signal": -60, "rcpi": 114}, -60),
    ],
)
def test_a_level_is_the_signal_or_else_the_rcpi(said: dict[str, Any], level: float) -> None:
    assert levels(decoded("openwrt", heard(**said))) == {(PHONE, AP): level}


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"signal": 0}, "bad_rssi"), ({"signal": None}, "no_rssi"), ({"signal": 0, "rcpi": 4294967295}, "bad_rssi"),
     ({"signal": 0, "rcpi": 255}, "bad_rssi")],
)  # fmt: skip
def test_no_level_is_refused(said: dict[str, Any], reason: str) -> None:
    assert refused(decoded("openwrt", heard(**said))) == {reason: 1}


def test_a_network_is_told_from_a_hearing_map_by_what_is_in_it() -> None:
    network = {
        "Magasin": {AP: {"freq": 2412, "num_sta": 1, PHONE: {"ht": True, "signal": -60}}, OTHER_AP: {"freq": 5180}}
    }
    found = decoded("openwrt", network)
    assert (levels(found), changes(found)) == ({(PHONE, AP): -60}, [(PHONE, "present", AP)])
    assert found.sessions[0].ssid == "Magasin"


def test_what_could_be_either_is_not_guessed() -> None:
    assert refused(decoded("openwrt", {"Magasin": {PHONE: {AP: {"signal": -60}}}})) == {"ambiguous": 1}


def test_a_clients_signal_of_0_is_none_and_it_is_there_all_the_same() -> None:
    found = decoded("openwrt", {"Magasin": {AP: {"freq": 2412, PHONE: {"ht": True, "signal": 0}}}})
    assert (found.readings, changes(found), found.refused) == ([], [(PHONE, "present", AP)], {})


def test_keys_that_are_meant_as_macs_and_are_none_are_counted() -> None:
    inside = {"freq": 2412, "00:00:00:00:00:00": {"ht": True}, "load": {"x": 1}, PHONE: {"ht": True}}
    found = decoded("openwrt", {"Magasin": {AP: inside}})
    assert (changes(found), refused(found)) == ([(PHONE, "present", AP)], {"bad_mac": 1})


def wire(method: str, said: Any) -> dict[str, Any]:
    return {"method": method, "data": said if isinstance(said, str) else json.dumps(said)}


PROBE = {
    "bssid": AP,
    "address": PHONE,
    "target": "ff:ff:ff:ff:ff:ff",
    "signal": -60,
    "freq": 2412,
    "rcpi": -1,
    "rsni": -1,
}


def test_its_wire_is_json_in_a_json_text() -> None:
    clients = {
        "bssid": OTHER_AP,
        "ssid": "Magasin",
        "freq": 2412,
        "clients": {OTHER_PHONE: {"assoc": True, "signal": -70}},
    }
    messages = [
        wire("probe", PROBE),
        wire("clients", clients),
        wire("deauth", {"bssid": AP, "address": PHONE}),
        wire("uci", {}),
    ]
    found = decoded("openwrt", "\n".join(map(json.dumps, messages)))
    assert levels(found) == {(PHONE, AP): -60, (OTHER_PHONE, OTHER_AP): -70}
    assert changes(found) == [(OTHER_PHONE, "present", OTHER_AP), (PHONE, "disconnect", AP)]
    assert (found.refused, found.ignored) == ({}, 1)


def test_data_may_be_an_object_too() -> None:
    assert levels(decoded("openwrt", {"method": "probe", "data": PROBE})) == {(PHONE, AP): -60}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (wire("probe", "{"), "not_json"),
        (wire("probe", "[]"), "bad_shape"),
        ({"method": "probe", "data": None}, "bad_shape"),
        (wire("probe", PROBE | {"bssid": "x"}), "no_ap"),
        (wire("probe", PROBE | {"address": None}), "no_mac"),
        (wire("clients", {"clients": {}}), "no_ap"),
    ],
)
def test_a_message_that_gives_nothing_is_counted(said: dict[str, Any], reason: str) -> None:
    assert refused(decoded("openwrt", said)) == {reason: 1}


def test_a_beacon_report_on_its_wire_is_how_a_phone_hears() -> None:
    report = {"address": PHONE, "bssid": OTHER_AP, "rcpi": 90, "rsni": 40}
    assert levels(decoded("openwrt", wire("beacon-report", report))) == {(PHONE, OTHER_AP): -65}
