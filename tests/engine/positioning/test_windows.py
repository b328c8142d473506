"""Scan windows: means, times, completeness, lateness, checkpoints."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.positioning.windows import HALF_WEIGHT_S, ScanWindows
from engine.records import Readings
from tests.examples import examples


def readings(rows: list[tuple[float, int, int, float, float]]) -> Readings:
    t, device, ap, rssi, rng = (np.array(c) for c in zip(*rows, strict=True))
    nan = np.full(len(rows), np.nan, np.float32)
    return Readings(
        t.astype(np.float64),
        device.astype(np.uint64),
        ap.astype(np.int32),
        rssi.astype(np.float32),
        rng.astype(np.float32),
        nan,
    )


NAN = float("nan")


def test_readings_of_one_window_are_averaged_in_db_per_access_point() -> None:
    w = ScanWindows(3, 3.0)
    scans = w.push(readings([(0.0, 7, 0, -50, NAN), (2.0, 7, 0, -59, 4.0), (1.0, 7, 2, -70, NAN)]), np.inf)
    assert scans.t.tolist() == [2.0]
    old = 1 / (1 + (2 / HALF_WEIGHT_S) ** 2)  # 0.8: the newest counts 1
    np.testing.assert_allclose(scans.rssi_dbm, [[(-50 * old - 59) / (old + 1), NAN, -70]], rtol=1e-6)
    np.testing.assert_array_equal(scans.range_m, [[4, NAN, NAN]])
    np.testing.assert_allclose(scans.age_s, [[2 * old / (old + 1), NAN, 1]], rtol=1e-6)


def test_an_infinite_range_is_in_no_mean_and_stands_where_there_is_no_other() -> None:
    inf = float("inf")
    rows = [(2.0, 7, 0, -50, 4.0), (2.0, 7, 0, -50, inf), (2.0, 7, 1, -60, inf), (2.0, 8, 2, NAN, inf)]
    scans = ScanWindows(3, 3.0).push(readings(rows), np.inf)
    np.testing.assert_array_equal(scans.range_m, [[4.0, inf, NAN], [NAN, NAN, inf]])
    np.testing.assert_array_equal(scans.rssi_dbm, [[-50, -60, NAN], [NAN, NAN, NAN]])


def test_a_window_is_given_only_when_the_watermark_passed_its_end() -> None:
    w = ScanWindows(1, 3.0)
    assert len(w.push(readings([(0.5, 1, 0, -50, NAN)]), 2.99)) == 0
    assert len(w.push(Readings.empty(), 3.0)) == 1
    assert len(w.push(Readings.empty(), np.inf)) == 0


def test_readings_of_a_window_given_away_go_into_the_open_one_with_their_age() -> None:
    w = ScanWindows(2, 3.0)
    w.push(readings([(0.5, 1, 0, -50, NAN)]), 6.0)
    old = [(2.0, 1, 0, -50, NAN), (2.0, 2, 0, -70, NAN), (6.5, 1, 1, -60, NAN)]
    scans = w.push(readings(old), 9.0)
    assert scans.device.tolist() == [2, 1]
    assert scans.t.tolist() == [6.0, 6.5]  # no scan is older than its window: tracks know one time only
    np.testing.assert_allclose(scans.age_s, [[4.0, NAN], [4.5, 0.0]])


def test_scans_come_by_window_then_time_then_device() -> None:
    rows = [(4.0, 1, 0, -50, NAN), (1.0, 9, 0, -50, NAN), (1.0, 2, 0, -50, NAN), (0.5, 3, 0, -50, NAN)]
    scans = ScanWindows(1, 3.0).push(readings(rows), np.inf)
    assert scans.device.tolist() == [3, 2, 9, 1]


row = st.tuples(
    st.floats(0, 30).map(lambda v: round(v, 2)),
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(-90, -30),
    st.just(NAN),
)


@examples(60)
@given(st.lists(row, min_size=1, max_size=40), st.lists(st.floats(0, 35), max_size=4))
def test_piecewise_with_a_checkpoint_is_the_same_as_at_once(rows: list[tuple], marks: list[float]) -> None:
    rows.sort()
    at_once = ScanWindows(3, 3.0).push(readings(rows), np.inf)
    w, parts, done = ScanWindows(3, 3.0), [], 0
    for mark in sorted(marks):
        upto = next((i for i, r in enumerate(rows) if r[0] > mark), len(rows))
        part = readings(rows[done:upto]) if upto > done else Readings.empty()
        parts.append(w.push(part, mark))
        done = upto
        again = ScanWindows(3, 3.0)
        again.restore(w.state())
        w = again
    parts.append(w.push(readings(rows[done:]) if done < len(rows) else Readings.empty(), np.inf))
    for name in ("t", "device", "rssi_dbm", "age_s"):
        np.testing.assert_array_equal(np.concatenate([getattr(p, name) for p in parts]), getattr(at_once, name))
