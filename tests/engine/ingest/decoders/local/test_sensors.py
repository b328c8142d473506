"""ESP32 boards, ESPresense nodes and ranges of an app: beside what the recorded messages show, their odd rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import AP, NOW, OTHER_AP, PHONE, absent, decoded, levels, refusal, refused

FRAME = {"mac": PHONE, "rssi": -60, "channel": 6}


@pytest.mark.parametrize(
    ("body", "told", "topic", "ap"),
    [
        ({"sensor": "esp-1", "frames": [FRAME]}, {}, "", "esp-1"),
        ({"sensor": 7, "frames": [FRAME]}, {}, "", "7"),
        (FRAME | {"sensor_id": "esp-2"}, {"ap": "esp-9"}, "x/esp-8", "esp-2"),
        (FRAME, {"ap": "esp-9"}, "x/esp-8", "esp-9"),
        ([FRAME], {}, "x/esp-8", "esp-8"),
        (FRAME, {"ap": AP.upper()}, "", AP),
    ],
)
def test_the_sensor_is_in_the_body_or_told_or_in_the_topic(
    body: Any, told: dict[str, str], topic: str, ap: str
) -> None:
    assert levels(decoded("esp32", body, topic=topic, **told)) == {(PHONE, ap): -60}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rssi": None}, "no_rssi"),
        ({"rssi": "--"}, "no_rssi"),
        ({"rssi": 0}, "bad_rssi"),
        ({"rssi": 40}, "bad_rssi"),
        ({"rssi": 255}, "bad_rssi"),
        ({"rssi": 129}, "bad_rssi"),  # -127
        ({"mac": None}, "no_mac"),
        ({"mac": "6:0:0:0:0:1"}, "bad_mac"),
        ({"type": "beacon"}, "ap_mac"),
        ({"type": "probe_resp"}, "ap_mac"),
    ],
)
def test_a_frame_that_gives_nothing_costs_itself_alone(change: dict[str, Any], reason: str) -> None:
    found = decoded("esp32", {"sensor": "esp-1", "frames": [FRAME | change, FRAME, 3]})
    assert levels(found) == {(PHONE, "esp-1"): -60}
    assert refused(found) == {reason: 1, "bad_shape": 1}


def test_a_counter_since_boot_is_no_time_even_where_it_looks_like_one() -> None:
    assert absent(decoded("esp32", FRAME | {"timestamp": 1795860000}, ap="esp-1").readings[0].t)


def test_the_names_of_networks_that_a_phone_looks_for_go_nowhere() -> None:
    found = decoded("esp32", FRAME | {"ssid": "Chez Anna"}, ap="esp-1")
    assert "Anna" not in str(found.readings + found.sessions) + str(found.notes)


def test_without_a_sensor_there_is_no_access_point() -> None:
    assert refused(decoded("esp32", FRAME)) == {"no_ap": 1}
    assert refusal("esp32", "-60,06:00:00:00:00:01") == "not_json"


DEVICE = {"mac": "060000000001", "id": "iBeacon:x-1-1", "rssi": -60.25, "distance": 2.9}
TOPIC = "espresense/devices/iBeacon:x-1-1/node-1"


def test_a_device_is_heard_by_the_node_of_the_topic() -> None:
    reading = decoded("espresense", DEVICE, topic=TOPIC).readings[0]
    assert (reading.mac, reading.ap, reading.rssi_dbm, reading.id) == (PHONE, "node-1", -60.25, "iBeacon:x-1-1")
    assert absent(reading.range_m)


@pytest.mark.parametrize("name", ["060000000001", "known:060000000001"])
def test_an_id_that_is_the_mac_is_no_other_identity(name: str) -> None:
    assert [r.id for r in decoded("espresense", DEVICE | {"id": name}, topic=TOPIC).readings] == [""]
    without = {key: value for key, value in DEVICE.items() if key != "mac"} | {"id": name}
    assert [r.mac for r in decoded("espresense", without, topic=TOPIC).readings] == [PHONE]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mac": "60000000001"}, "bad_mac"),  # eleven digits
        ({"mac": "0060000000001"}, "bad_mac"),  # thirteen
        ({"mac": None}, "no_mac"),
        ({"rssi": None}, "no_rssi"),
        ({"rssi": 0}, "bad_rssi"),
    ],
)
def test_a_device_that_gives_nothing_is_refused(change: dict[str, Any], reason: str) -> None:
    assert refused(decoded("espresense", DEVICE | change, topic=TOPIC)) == {reason: 1}


@pytest.mark.parametrize(
    "topic",
    [
        "espresense/rooms/a/status",
        "espresense/rooms/a/telemetry",
        "espresense/settings/x/config",
        "espresense/companion/x",
    ],
)
def test_topics_that_are_not_of_phones_are_ignored_whatever_is_in_them(topic: str) -> None:
    found = decoded("espresense", "online", topic=topic)
    assert (found.readings, found.refused, found.ignored) == ([], {}, 1)


def test_without_a_topic_the_node_is_told() -> None:
    assert levels(decoded("espresense", DEVICE, ap="node-2")) == {(PHONE, "node-2"): -60.25}
    assert refused(decoded("espresense", DEVICE)) == {"no_ap": 1}
    assert decoded("espresense", {"ip": "10.0.0.2", "uptime": 3, "rssi": -30}).ignored == 1


RESULT = {"bssid": AP, "status": 0, "distanceMm": 3400, "distanceStdDevMm": 300, "rssi": -60}


def ranges(*results: Any, **said: Any) -> dict[str, Any]:
    return {"client": PHONE, "results": list(results)} | said


def test_a_range_is_in_metres_with_its_deviation() -> None:
    reading = decoded("android-rtt", ranges(RESULT)).readings[0]
    assert (reading.mac, reading.ap, reading.range_m, reading.range_sigma_m, reading.rssi_dbm) == (
        PHONE,
        AP,
        3.4,
        0.3,
        -60,
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 1}, "bad_range"),
        ({"status": 2}, "bad_range"),
        ({"distanceMm": None}, "bad_range"),
        ({"distanceMm": 1_000_001}, "bad_range"),
        ({"distanceMm": -10_001}, "bad_range"),
        ({"numSuccessfulMeasurements": 0}, "bad_range"),
        ({"bssid": None}, "no_ap"),
    ],
)
def test_a_result_that_gives_nothing_costs_itself_alone(change: dict[str, Any], reason: str) -> None:
    found = decoded("android-rtt", ranges(RESULT | change, RESULT | {"bssid": OTHER_AP}))
    assert [r.ap for r in found.readings] == [OTHER_AP]
    assert refused(found) == {reason: 1}


@pytest.mark.parametrize("change", [{"distanceStdDevMm": 0}, {"distanceStdDevMm": None}, {"distanceStdDevMm": -3}])
def test_a_deviation_of_nothing_is_not_known(change: dict[str, Any]) -> None:
    assert absent(decoded("android-rtt", ranges(RESULT | change)).readings[0].range_sigma_m)


@pytest.mark.parametrize("level", [None, 0, -127, "x"])
def test_a_range_is_good_without_a_level(level: Any) -> None:
    reading = decoded("android-rtt", ranges(RESULT | {"rssi": level})).readings[0]
    assert (absent(reading.rssi_dbm), reading.range_m) == (True, 3.4)


def test_our_own_form_has_metres_and_a_time() -> None:
    body = {
        "client": PHONE,
        "ts": NOW,
        "ranges": [{"ap": AP, "distance_m": 3.41, "std_m": 0.32, "rssi": -58, "n_ok": 7}],
    }
    reading = decoded("android-rtt", body).readings[0]
    assert (reading.t, reading.range_m, reading.range_sigma_m) == (NOW, 3.41, 0.32)


def test_time_since_boot_is_no_time_and_nobody_is_no_phone() -> None:
    assert absent(decoded("android-rtt", ranges(RESULT | {"timestamp": 123456789})).readings[0].t)
    assert refused(decoded("android-rtt", {"results": [RESULT, RESULT]})) == {"no_mac": 2}
    assert len(decoded("android-rtt", [RESULT | {"client": PHONE}]).readings) == 1


def test_boards_spell_names_as_they_like() -> None:
    found = decoded("esp32", {"Sensor": "esp-1", "Frames": [{"MAC": PHONE, "RSSI": "-60"}]})
    assert levels(found) == {(PHONE, "esp-1"): -60}


def test_a_node_that_hears_another_node_hears_no_phone() -> None:
    node = DEVICE | {"id": "node:caisses"}
    assert refused(decoded("espresense", node, topic="espresense/devices/node:caisses/node-1")) == {"not_a_phone": 1}


@pytest.mark.parametrize(
    ("said", "t"),
    [
        ({"time": "2026-11-28T10:00:00Z"}, NOW),
        ({"t": NOW}, NOW),
        ({"t": 17.5}, None),
        ({"timestamp": "1795860000"}, None),
        ({"ts": 1795860000}, None),
    ],
)
def test_a_time_beyond_doubt_is_taken(said: dict[str, Any], t: float | None) -> None:
    told = decoded("esp32", FRAME | said, ap="esp-1").readings[0].t
    assert absent(told) if t is None else told == t
