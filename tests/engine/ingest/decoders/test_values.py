"""Single values as vendors write them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.ingest.decoders.macs import ap_name, colon_mac, mac_of_bytes
from engine.ingest.decoders.values import (
    RecordUnusable,
    ap_mac,
    dbm,
    degrees,
    epoch_s,
    error_m,
    flag,
    is_absent,
    is_digest,
    iso_s,
    length_m,
    number,
    phone_mac,
    read_name,
)
from engine.vocabulary import RecordRefusal


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


@pytest.mark.parametrize(
    ("value", "so"),
    [
        (None, True), (math.nan, True), ("N/A", True), (" undefined ", True), ("-", True), ("0", False), (0, False),
        ("", True), (" " * 40, True), (" " * 41, False), ("none at all", False), ([], False), (False, False),
    ],
)  # fmt: skip
def test_ways_to_say_nothing(value: Any, so: bool) -> None:
    assert is_absent(value) is so


def test_a_number_is_finite_and_a_text_of_one_is_short() -> None:
    assert number("1".rjust(40)) == 1.0
    for nothing in ("1".rjust(41), "1_000", True, None, [], "inf", "-Infinity", 10**400, "nan"):
        assert math.isnan(number(nothing))
    assert [number(value) for value in (7, 7.5, " 7 ", "-7e-1")] == [7.0, 7.5, 7.0, -0.7]


def test_a_signal_is_one_from_minus_120_to_below_nothing() -> None:
    assert [dbm(value) for value in (-120, -119.9, -0.1)] == [-120.0, -119.9, -0.1]
    for value in (-120.1, 0, 0.1):
        with pytest.raises(RecordUnusable, match="bad_rssi"):
            dbm(value)
    assert dbm(94.5, 95) == -0.5
    with pytest.raises(RecordUnusable, match="bad_rssi"):
        dbm(0.5, 200)  # -199.5 is none either


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (946_684_800, 946_684_800.0), (946_684_799.9, None), (99_999_999_999, 99_999_999_999.0),
        (100_000_000_000, None), (946_684_800_000, 946_684_800.0), ("2000-01-01T00:00:00Z", 946_684_800.0),
        ("2000-01-01T00:00", 946_684_800.0), ("1999-12-31T23:59:59Z", None),
        ("2000-01-01T00:00:00.000000000000000000Z", 946_684_800.0),
    ],
)  # fmt: skip
def test_clocks_count_from_the_year_2000_on_in_units_told_by_their_size(value: Any, seconds: float | None) -> None:
    """A clock that was not set yet counts from 1970; 10^11 and more are milliseconds, here of 1973."""
    found = epoch_s(value)
    assert math.isnan(found) if seconds is None else found == seconds


def test_a_date_has_an_hour_and_no_end() -> None:
    assert iso_s("2000-01-01 00:00:00 ") == 946_684_800.0
    assert iso_s("2000-01-01T01:00:00+01:00") == 946_684_800.0
    for none in ("2000-01-01T00:00:99", "", "soon"):
        assert math.isnan(iso_s(none))
    for refused in ("2000-01-01 00:0", "2000/01/01 00:00"):
        with pytest.raises(RecordUnusable, match="bad_time"):
            epoch_s(refused)


@pytest.mark.parametrize(
    ("value", "so"),
    [("5a" * 16, True), ("5A" * 64, True), (" " + "5a" * 16 + " ", True), ("5a" * 15 + "5", False), ("5a" * 65, False),
     ("5g" * 16, False), (5, False)],
)  # fmt: skip
def test_a_digest_has_32_to_128_digits(value: Any, so: bool) -> None:
    assert is_digest(value) is so


@pytest.mark.parametrize(
    ("value", "said"),
    [(True, True), (False, False), (1, True), (0, False), (2, None), (-1, None), (1.0, None), (" YES ", True),
     ("no", False), ("1", True), ("0", False), ("false", False), ("maybe", None), (None, None), ([], None)],
)  # fmt: skip
def test_yes_and_no(value: Any, said: bool | None) -> None:
    assert flag(value) is said


def test_an_access_point_is_not_the_phone_itself() -> None:
    mac, other = "02:00:5e:00:53:0a", "02:00:5e:00:53:0b"
    assert ap_mac("0200.5e00.530a", other) == ap_mac(mac) == mac
    for value, phone, reason in (
        (mac, mac, "ap_mac"),
        ("ap-1", other, "no_ap"),
        (None, other, "no_ap"),
        (7, "", "no_ap"),
    ):
        with pytest.raises(RecordUnusable) as unusable:
            ap_mac(value, phone)
        assert unusable.value.reason == reason
    wrong = RecordUnusable(RecordRefusal.NO_AP, "name it")
    assert (wrong.reason, wrong.wrong, RecordUnusable(RecordRefusal.NO_AP).wrong) == ("no_ap", "name it", "")


def test_lengths_reach_as_far_as_a_plan_may_and_degrees_around_the_globe() -> None:
    assert [length_m(v) for v in (1e6, -1e6, -998.0)] == [1e6, -1e6, -998.0]
    assert math.isnan(length_m(1e6 + 1))
    assert math.isnan(length_m(-1e6 - 1))
    assert length_m(-999 / 0.3048, 0.3048) == pytest.approx(-999.0), "what stands there counts, not what it comes to"
    assert degrees(180, -90) == (180.0, -90.0)
    assert degrees(-180, 90) == (-180.0, 90.0)
    for lon, lat in ((180.1, 0), (-180.1, 0), (0, 90.1), (0, -90.1), (0, None)):
        assert all(map(math.isnan, degrees(lon, lat)))
    assert error_m(1e-3, 2.0) == 2e-3
    assert [read_name(v) for v in ("none", "nones", "nul", " NONE ", 0, 1.5)] == ["", "nones", "nul", "", "0", ""]
