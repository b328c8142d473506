"""Single values as vendors write them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.ingest.decoders.macs import ap_name, colon_mac, mac_of_bytes
from engine.ingest.decoders.values import (
    RecordUnusable,
    dbm,
    degrees,
    epoch_s,
    error_m,
    length_m,
    number,
    phone_mac,
    read_name,
)


@pytest.mark.parametrize(
    "text",
    [
        "02:00:5e:00:53:0a", "02:00:5E:00:53:0A", "02-00-5e-00-53-0a", "0200.5e00.530a", "0200-5e00-530a",
        "02005E00530A", "02.00.5E.00.53.0A", "  02005e00530a ",
    ],
)  # fmt: skip
def test_every_spelling_of_a_mac_is_one(text: str) -> None:
    assert colon_mac(text) == "02:00:5e:00:53:0a"
    assert phone_mac(text) == ap_name(text) == "02:00:5e:00:53:0a"


@pytest.mark.parametrize(
    "text",
    [
        "", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01", "2005e00530a",
        "02:00:5e:00:53", "02:00:5e:00:53:0a:00", "02:00-5e:00:53:0a", "0" * 5000,
    ],
)  # fmt: skip
def test_what_no_device_sends_from_is_no_mac(text: str) -> None:
    assert colon_mac(text) is None


def test_six_bytes_are_a_mac() -> None:
    assert mac_of_bytes(bytes.fromhex("02005e00530a")) == "02:00:5e:00:53:0a"
    assert mac_of_bytes(b"\2\0") is mac_of_bytes(bytes(6)) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_mac"), ("", "no_mac"), (" ", "no_mac"), ("null", "no_mac"), (12, "bad_mac"), ("0", "bad_mac"),
        ({}, "bad_mac"), ("00:00:00:00:00:00", "bad_mac"), ("5a" * 20, "hashed_mac"), ("AB" * 16, "hashed_mac"),
        ("5a" * 8, "bad_mac"), ("5a" * 500, "bad_mac"),
    ],
)  # fmt: skip
def test_why_a_phone_has_no_mac(value: Any, reason: str) -> None:
    with pytest.raises(RecordUnusable) as caught:
        phone_mac(value)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("value", "above", "expected"),
    [
        (-60, math.nan, -60.0), ("-74", math.nan, -74.0), (-88.666664, math.nan, -88.666664), (31, 95, -64.0),
        ("31", 95, -64.0), (-120, 95, -120.0), ("-74 dBm", math.nan, -74.0), ("-61.5dbm", math.nan, -61.5),
    ],
)  # fmt: skip
def test_a_signal_is_dbm(value: Any, above: float, expected: float) -> None:
    assert dbm(value, above) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_rssi"), ("", "no_rssi"), ("--", "no_rssi"), ("NaN", "no_rssi"), (math.nan, "no_rssi"),
        (0, "bad_rssi"), ("0", "bad_rssi"), (31, "bad_rssi"), (-121, "bad_rssi"), (255, "bad_rssi"),
        (True, "bad_rssi"), ("strong", "bad_rssi"), ([-60], "bad_rssi"), (10**400, "bad_rssi"), ("-1_0", "bad_rssi"),
        (math.inf, "bad_rssi"), ("Infinity", "bad_rssi"), ("dBm", "bad_rssi"), ("0 dBm", "bad_rssi"),
    ],
)  # fmt: skip
def test_what_is_no_signal(value: Any, reason: str) -> None:
    with pytest.raises(RecordUnusable) as caught:
        dbm(value)
    assert caught.value.reason == reason


@pytest.mark.parametrize("value", [0, 95, 96])
def test_a_positive_signal_has_a_top(value: float) -> None:
    with pytest.raises(RecordUnusable, match="bad_rssi"):
        dbm(value, 95)


@pytest.mark.parametrize(
    "value",
    [
        1795860050.026, "1795860050.026", 1795860050026, 1795860050026000, 1795860050026000000,
        "2026-11-28T10:00:50.026Z", "2026-11-28 10:00:50.026", "2026-11-28T10:00:50.026+0000",
        "2026-11-28T19:00:50.026+09:00",
    ],
)  # fmt: skip
def test_times_of_every_unit_are_seconds(value: Any) -> None:
    assert epoch_s(value) == pytest.approx(1795860050.026, abs=1e-3)


@pytest.mark.parametrize("value", [None, "", 0, "0", "NaN"])
def test_no_time_is_no_time(value: Any) -> None:
    assert math.isnan(epoch_s(value))


@pytest.mark.parametrize("value", ["yesterday", -5, True, {}, "2026-11-28", "9999-99-99T00:00:00Z", "x" * 5000])
def test_a_time_that_cannot_be_read_is_refused(value: Any) -> None:
    with pytest.raises(RecordUnusable, match="bad_time"):
        epoch_s(value)


def test_coordinates_that_say_nothing_are_nan() -> None:
    assert [length_m(value) for value in ("0", 2)] == [0.0, 2.0]
    assert length_m(100, 0.3048) == pytest.approx(30.48)
    for nothing in (None, "NaN", "-NaN", "", [], math.inf, 1e9, -999, "-999.0"):
        assert math.isnan(length_m(nothing, 0.3048))
    assert degrees(2.35, "48.85") == (2.35, 48.85)
    for lon, lat in ((-999, -999), (None, 48.0), (181, 1), ("NaN", "NaN")):
        assert all(map(math.isnan, degrees(lon, lat)))
    assert error_m(3.5) == 3.5
    assert math.isnan(error_m(0))
    assert math.isnan(error_m(-1))


def test_names_and_numbers() -> None:
    assert [read_name(value) for value in (" a ", "Null", None, 7, True, {})] == ["a", "", "", "7", "", ""]
    assert number("1e3") == 1000.0
