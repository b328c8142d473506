"""Rows of many devices: lookup, growth, reuse, and the canonical state."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.presence.devices import Column, DeviceTable, rounds


def table() -> DeviceTable:
    return DeviceTable({"a": Column(np.float64, np.nan), "b": Column(np.int32, 7, 3)})


def test_new_devices_get_fill_values_and_keep_their_row() -> None:
    t = table()
    first = t.rows(np.array([5, 2**64 - 1, 5], np.uint64))
    assert first[0] == first[2] != first[1]
    assert np.isnan(t["a"][first]).all()
    assert (t["b"][first] == 7).all()
    t["a"][first] = [1.0, 2.0, 1.0]
    t.rows(np.arange(10, 500, dtype=np.uint64))  # grows
    again = t.find(np.array([2**64 - 1, 5, 6], np.uint64))
    assert t["a"][again[:2]].tolist() == [2.0, 1.0]
    assert again[2] == -1


def test_a_freed_row_starts_fresh() -> None:
    t = table()
    row = t.rows(np.array([1], np.uint64))
    t["a"][row] = 9.0
    t.drop(t.devices == 1)
    assert t.find(np.array([1], np.uint64)).tolist() == [-1]
    row = t.rows(np.array([1], np.uint64))
    assert np.isnan(t["a"][row]).all()


def test_state_does_not_depend_on_the_order_of_arrival() -> None:
    one, two = table(), table()
    for t, order in ((one, [3, 1, 2]), (two, [2, 3, 1])):
        for d in order:
            row = t.rows(np.array([d], np.uint64))
            t["a"][row] = float(d)
    for name, value in one.state().items():
        np.testing.assert_array_equal(value, two.state()[name])
    three = table()
    three.restore(one.state())
    np.testing.assert_array_equal(three.state()["a"], [1.0, 2.0, 3.0])
    three.rows(np.array([4], np.uint64))
    assert three.devices.tolist() == [1, 2, 3, 4]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=40))
def test_rounds_hold_each_device_once_and_in_time_order(rows: list[tuple[int, int]]) -> None:
    device = np.array([d for d, _ in rows], np.uint64)
    t = np.array([s for _, s in rows], np.float64)
    parts = rounds(device, t)
    assert sorted(np.concatenate(parts).tolist() if parts else []) == list(range(len(rows)))
    for part in parts:
        assert len(set(device[part].tolist())) == len(part)
    for d in range(5):
        times = [float(t[i]) for part in parts for i in part if device[i] == d]
        assert times == sorted(times)
