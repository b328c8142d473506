"""Rows of a frame: each check at its bounds, the order of reasons, and who is a device and who an access point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.ingest.decoders.columns import ReadingColumns, usable
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import DeviceId, Readings
from engine.vocabulary import ReadingRefusal

NAN = float("nan")
SENT_AT = 1000.0
MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
AP_MAC = "aa:bb:cc:00:00:a1"
APS = {"ap-1": 0, "aabbcc0000a1": 1, "ap-3": 2}
WHO = Pseudonyms(b"a site key of these tests")

Row = tuple[str, str, float, float, float, float]


def columns(rows: Sequence[Row], nan: np.ndarray | None = None) -> ReadingColumns:
    """(mac, ap, t, rssi, range, sigma) each."""
    mac, ap, *numbers = zip(*rows, strict=True)
    return ReadingColumns(mac, ap, np.array(numbers, np.float64), nan)


def read(*rows: Row, nan: np.ndarray | None = None) -> tuple[Readings, Readings, dict[ReadingRefusal, int]]:
    refused: dict[ReadingRefusal, int] = {}
    return *usable(columns(rows, nan), SENT_AT, APS, WHO, refused), refused


def good(**changes: float | str) -> Row:
    values: dict[str, float | str] = {"mac": MAC, "ap": "ap-1", "t": 999.0, "rssi": -60.0, "range": NAN, "sigma": NAN}
    return tuple((values | changes).values())  # type: ignore[return-value]


def reason(row: Row) -> ReadingRefusal | None:
    devices, between, refused = read(row)
    assert len(devices) + len(between) + sum(refused.values()) == 1
    return next(iter(refused), None)


@pytest.mark.parametrize(
    ("key", "last", "beyond", "why"),
    [
        ("t", 0.0, -0.001, ReadingRefusal.BAD_TIME),
        ("t", SENT_AT + 5.0, SENT_AT + 5.001, ReadingRefusal.TIME_IN_FUTURE),
        ("rssi", -0.001, 0.0, ReadingRefusal.BAD_RSSI),
        ("rssi", -120.0, -120.001, ReadingRefusal.BAD_RSSI),
        ("range", 0.0, -0.001, ReadingRefusal.BAD_RANGE),
        ("range", 1000.0, 1000.001, ReadingRefusal.BAD_RANGE),
        ("sigma", 1e-6, 0.0, ReadingRefusal.BAD_RANGE),
        ("sigma", 1000.0, 1000.001, ReadingRefusal.BAD_RANGE),
        ("mac", MAC, "no mac", ReadingRefusal.BAD_MAC),
        ("ap", "ap-3", "ap-9", ReadingRefusal.UNKNOWN_AP),
    ],
)
def test_each_value_at_its_bound(key: str, last: float | str, beyond: float | str, why: ReadingRefusal) -> None:
    assert reason(good(**{key: last})) is None
    assert reason(good(**{key: beyond})) is why


def test_times_later_than_any_are_milliseconds() -> None:
    refused: dict[ReadingRefusal, int] = {}
    late = columns([good(t=1e11), good(t=NAN), good(t=1e11 - 1.0)])
    devices, _ = usable(late, 2e11, APS, WHO, refused)
    assert devices.t.tolist() == [1e11 - 1.0]
    assert refused == {ReadingRefusal.BAD_TIME: 2}


def test_a_reading_measures_something() -> None:
    assert reason(good(rssi=NAN, range=5.0)) is None
    assert reason(good(rssi=NAN, range=NAN)) is ReadingRefusal.NO_MEASUREMENT
    assert reason(good(rssi=NAN, sigma=1.0)) is ReadingRefusal.NO_MEASUREMENT


def test_a_number_that_is_none_is_refused_and_an_absent_one_is_not() -> None:
    for row, why in ((1, ReadingRefusal.BAD_RSSI), (2, ReadingRefusal.BAD_RANGE), (3, ReadingRefusal.BAD_RANGE)):
        nan = np.zeros((4, 2), np.bool_)
        nan[row, 1] = True
        devices, _, refused = read(good(range=3.0), good(range=3.0), nan=nan)
        assert (len(devices), refused) == (1, {why: 1})


def test_the_first_reason_counts_and_counts_add_up() -> None:
    worst = good(mac="no mac", ap="ap-9", t=-1.0, rssi=9.0, range=9e9)
    order = [
        (worst, ReadingRefusal.BAD_MAC),
        (good(ap="ap-9", t=-1.0, rssi=9.0, range=9e9), ReadingRefusal.UNKNOWN_AP),
        (good(t=-1.0, rssi=9.0, range=9e9), ReadingRefusal.BAD_TIME),
        (good(t=9e9, rssi=9.0, range=9e9), ReadingRefusal.TIME_IN_FUTURE),
        (good(rssi=9.0, range=9e9), ReadingRefusal.BAD_RSSI),
        (good(range=9e9), ReadingRefusal.BAD_RANGE),
    ]
    for row, why in order:
        assert reason(row) is why
    refused = {ReadingRefusal.BAD_MAC: 2}
    devices, _ = usable(columns([row for row, _ in order] + [good()]), SENT_AT, APS, WHO, refused)
    assert len(devices) == 1
    assert refused == {why: 1 for _, why in order} | {ReadingRefusal.BAD_MAC: 3}


def test_columns_stand_in_their_order() -> None:
    devices, between, refused = read(
        good(range=4.0, sigma=0.5), good(mac=OTHER, ap="ap-3", t=998.0, rssi=-71.5), good(rssi=NAN)
    )
    assert len(between) == 0
    assert refused == {ReadingRefusal.NO_MEASUREMENT: 1}
    assert devices.t.tolist() == [999.0, 998.0]
    assert devices.device.tolist() == [int(WHO(MAC)), int(WHO(OTHER))]
    assert devices.ap.tolist() == [0, 2]
    np.testing.assert_array_equal(devices.rssi_dbm, np.array([-60.0, -71.5], np.float32))
    np.testing.assert_array_equal(devices.range_m, np.array([4.0, NAN], np.float32))
    np.testing.assert_array_equal(devices.range_sigma_m, np.array([0.5, NAN], np.float32))
    assert devices.rssi_dbm.dtype == devices.range_m.dtype == np.float32


@pytest.mark.parametrize("name", [AP_MAC, "AA-BB-CC-00-00-A1", "aabbcc0000a1"])
def test_an_access_point_is_known_by_its_mac_in_any_spelling(name: str) -> None:
    devices, between, refused = read(good(ap=name), good(mac=name, ap="ap-3"))
    assert refused == {}
    assert devices.ap.tolist() == [1]
    assert (between.device.tolist(), between.ap.tolist()) == ([1], [2])


def test_an_access_point_without_a_mac_is_known_by_its_name() -> None:
    devices, between, refused = read(
        good(mac=" ap-3 "), good(mac="ap-9"), good(mac="ap-1", ap="ap-3", rssi=9.0), good()
    )
    assert len(devices) == 1
    assert (between.device.tolist(), between.ap.tolist()) == ([2], [0])
    assert refused == {ReadingRefusal.BAD_MAC: 1, ReadingRefusal.BAD_RSSI: 1}


def test_any_function_of_a_mac_will_do() -> None:
    def plain(mac: str) -> DeviceId:
        if ":" not in mac:
            raise ValueError("not a MAC address")
        return DeviceId(len(mac))

    refused: dict[ReadingRefusal, int] = {}
    devices, _ = usable(columns([good(), good(mac="nothing")]), SENT_AT, {"ap-1": 0}, plain, refused)
    assert devices.device.tolist() == [len(MAC)]
    assert refused == {ReadingRefusal.BAD_MAC: 1}


def test_nothing_in_nothing_out() -> None:
    refused: dict[ReadingRefusal, int] = {}
    none = ReadingColumns([], [], np.empty((4, 0)), None)
    assert [len(part) for part in usable(none, SENT_AT, APS, WHO, refused)] == [0, 0]
    assert refused == {}


def test_a_frame_of_good_rows_comes_out_as_where_each_row_is_looked_at() -> None:
    rows = [good(mac=OTHER, t=SENT_AT + 5.0, rssi=-0.5), good(ap="ap-3", t=0.0, rssi=-120.0), good(ap=AP_MAC)]
    at_once, none, _ = read(*rows)
    one_by_one, _, _ = read(*rows, nan=np.zeros((4, 3), np.bool_))
    assert len(none) == 0
    for quick, slow in zip(_arrays(at_once), _arrays(one_by_one), strict=True):
        np.testing.assert_array_equal(quick, slow)
        assert quick.dtype == slow.dtype


def test_one_access_point_s_own_mac_among_good_rows_is_no_device() -> None:
    devices, between, refused = read(good(), good(mac=AP_MAC.upper(), ap="ap-3"))
    assert (len(devices), len(between), refused) == (1, 1, {})
    assert between.device.tolist() == [1]


def _arrays(readings: Readings) -> list[np.ndarray]:
    return [getattr(readings, name) for name in Readings.__slots__]
