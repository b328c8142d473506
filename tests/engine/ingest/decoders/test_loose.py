"""Values that several systems spell in the same odd way, at the bounds of each; and lists in which anything stands."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import Decoded, VendorIdentity
from engine.ingest.decoders.located import make_position
from engine.ingest.decoders.loose import (
    MOST_RECORDS,
    address,
    age_s,
    as_list,
    fields,
    first,
    identify,
    looks_like_mac,
    rcpi_dbm,
    read_each,
    reference_time,
    require_ap,
    to_signed_32,
)
from engine.ingest.decoders.values import RecordUnusable
from engine.vocabulary import RecordRefusal

MAC = "02:00:00:00:00:01"


def why(read: Any, *arguments: Any) -> str:
    with pytest.raises(RecordUnusable) as unusable:
        read(*arguments)
    return str(unusable.value.reason)


@pytest.mark.parametrize(
    ("rcpi", "rsni", "dbm"),
    [
        (0, 40, -110.0), (220, 40, None), (219, 40, -0.5), (112, 40, -54.0), (221, 40, None), (255, 40, None),
        (-1, 40, None), (190, 0, -65.0), (135, 0, -120.0), (134, 0, -43.0), (254, 0, -1.0), (255, 0, None),
        (190, 1, -15.0),
    ],
)  # fmt: skip
def test_rcpi_is_half_decibels_above_110_below_nothing(rcpi: float, rsni: float, dbm: float | None) -> None:
    """802.11-2020, 9.4.2.37: 0 to 220. With an RSNI of 0 it is dBm + 255, as Apple's phones report it."""
    if dbm is None:
        assert why(rcpi_dbm, rcpi, rsni) == "bad_rssi"
    else:
        assert rcpi_dbm(rcpi, rsni) == dbm


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (2**32 - 61, -61),
        (2**31, -(2**31)),
        (2**31 - 1, 2**31 - 1),
        (2**32, 2**32),
        (-61, -61),
        ("7", "7"),
        (True, True),
    ],
)
def test_a_negative_number_without_its_sign(value: Any, meant: Any) -> None:
    assert to_signed_32(value) == meant


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(0, 0.0), ("1500", 1.5), (2**31 - 1, 2147483.647), (2**31, None), (-1, None), (None, None), ("soon", None)],
)
def test_how_long_ago_in_milliseconds(milliseconds: Any, seconds: float | None) -> None:
    found = age_s(milliseconds)
    assert math.isnan(found) if seconds is None else found == seconds


@pytest.mark.parametrize(
    ("value", "ip"),
    [
        ("10.0.0.7", "10.0.0.7"), (" 10.0.0.7 ", "10.0.0.7"), ("2001:DB8:0::1", "2001:db8::1"), ("0.0.0.0", ""),
        ("::", ""), ("10.0.0", ""), ("", ""), (7, ""), (None, ""), (" " * 56 + "10.0.0.7", "10.0.0.7"),
        (" " * 57 + "10.0.0.7", ""),
    ],
)  # fmt: skip
def test_an_address_is_one_that_a_device_has(value: Any, ip: str) -> None:
    assert address(value) == ip


@pytest.mark.parametrize(
    ("text", "so"),
    [
        (MAC, True), ("zz-zz-zz-zz-zz-zz", True), ("02:00:00:00:00-01", False), ("02:00:00:00:00:1", False),
        ("02.00.00.00.00.01", False), ("0200000000000000x", False),
    ],
)  # fmt: skip
def test_what_is_meant_as_a_mac(text: str, so: bool) -> None:
    assert looks_like_mac(text) is so


def test_the_first_value_that_is_said() -> None:
    said = {"a": None, "b": 0, "c": 7}
    assert (first(said, "abc"), first(said, "ca"), first(said, "ax"), first({}, "a")) == (0, 7, None, None)


def test_records_are_objects_in_a_list() -> None:
    assert (as_list([1, 2]), as_list({"a": 1})) == ([1, 2], [{"a": 1}])
    for value, kind in ((None, "null"), (7, "number"), ("x", "string"), (True, "boolean")):
        with pytest.raises(MessageRefused, match=f"a JSON {kind} where records should be") as refused:
            as_list(value)
        assert refused.value.reason == "bad_shape"
    assert fields({"a": 1}) == {"a": 1}
    assert (why(fields, [1]), why(require_ap, ""), require_ap("ap-1")) == ("bad_shape", "no_ap", "ap-1")


def test_a_record_that_gives_nothing_is_counted_and_the_others_read() -> None:
    out, read = Decoded(), []

    def odd(n: int) -> None:
        if n % 2 == 0:
            raise RecordUnusable(RecordRefusal.NO_AP)
        read.append(n)

    read_each(range(5), odd, out)
    assert (read, out.refused) == ([1, 3], {RecordRefusal.NO_AP: 3})


def test_a_message_has_a_hundred_thousand_records_at_most() -> None:
    out, read = Decoded(), []
    read_each(range(100_000), read.append, out)
    assert len(read) == MOST_RECORDS == 100_000
    with pytest.raises(MessageRefused, match="more than 100000 records") as refused:
        read_each(range(100_001), read.append, out)
    assert (refused.value.reason, len(read)) == ("too_large", 200_000)


def test_who_a_phone_is_known_as_is_noted_once_in_a_row() -> None:
    out = Decoded()
    for user, ip in (
        ("ana", None),
        ("ana", None),
        ("", None),
        (MAC, "0.0.0.0"),
        (MAC, "10.0.0.7"),
        ("ana", "10.0.0.7"),
    ):
        identify(MAC, user, ip, out)
    assert out.identities == [
        VendorIdentity(MAC, "ana", ""), VendorIdentity(MAC, "", "10.0.0.7"), VendorIdentity(MAC, "ana", "10.0.0.7"),
    ]  # fmt: skip


def test_what_is_stale_is_judged_by_receipt_or_else_by_the_newest_time() -> None:
    assert reference_time(50.0, [10.0, 99.0]) == 50.0
    assert reference_time(math.nan, [10.0, math.nan, 99.0, math.inf]) == 99.0
    assert math.isnan(reference_time(math.nan, []))


def test_a_place_has_metres_or_degrees() -> None:
    nan = math.nan
    both = make_position(MAC, 5.0, (1.0, 2.0), (3.0, 4.0), (6.0, "unc"), "0", "m", "top-left")
    assert both == (MAC, 5.0, 1.0, 2.0, 3.0, 4.0, "0", "m", "top-left", 6.0, "unc", ())
    unsure = make_position(MAC, 5.0, (1.0, 2.0), (nan, nan), (nan, "unc"))
    assert (unsure.x_m, unsure.error_kind) == (1.0, "")
    for x, y in ((1.0, nan), (nan, 2.0), (nan, nan)):
        globe = make_position(MAC, 5.0, (x, y), (3.0, 4.0), (6.0, "r95"), "0", "m", "top-left")
        assert [math.isnan(v) for v in (globe.x_m, globe.y_m)] == [True, True]
        assert (globe.lon, globe.lat, globe.level, globe.map, globe.origin) == (3.0, 4.0, "0", "", "")
        assert (globe.error_m, globe.error_kind) == (6.0, "r95")
    for lonlat in ((nan, nan), (3.0, nan), (nan, 4.0)):
        assert why(make_position, MAC, 5.0, (nan, 2.0), lonlat, (6.0, "r95")) == "no_position"
