"""Rows of many devices: lookup, growth, reuse, and the canonical state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.devices import DeviceTable, StateColumn, rounds


def table() -> DeviceTable:
    return DeviceTable({"a": StateColumn(np.float64, np.nan), "b": StateColumn(np.int32, 7, 3)})


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


def test_forgotten_devices_leave_the_others_where_they_are() -> None:
    t = table()
    row = t.rows(np.array([4, 2, 9], np.uint64))
    t["a"][row] = [4.0, 2.0, 9.0]
    t.forget(np.array([2, 7], np.uint64))
    assert t.devices.tolist() == [4, 9]
    assert t["a"][t.find(np.array([9, 4], np.uint64))].tolist() == [9.0, 4.0]


def test_new_devices_begin_with_one_value_for_each_of_the_width() -> None:
    t = DeviceTable({"v": StateColumn(np.float32, np.array([1.0, 2.0]), 2), "o": StateColumn(np.object_, None)})
    row = t.rows(np.array([8, 3], np.uint64))
    assert t["v"][row].tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert t["o"][row].tolist() == [None, None]
    held = np.zeros(1)
    t["o"][int(row[1])] = held
    assert t.state()["o"][0] is held  # of device 3
    t.forget(np.array([3], np.uint64))
    assert not any(one is held for one in t["o"].tolist())


def test_a_state_may_hold_its_devices_in_any_order() -> None:
    t = table()
    t.restore({"device": np.array([7, 3]), "a": np.array([0.7, 0.3]), "b": np.array([[7] * 3, [3] * 3])})
    assert t.devices.tolist() == [3, 7]
    assert t["a"][t.find(np.array([7, 3], np.uint64))].tolist() == [0.7, 0.3]


@pytest.mark.parametrize(
    "wrong", [{}, {"b": np.zeros((1, 2))}, {"b": np.zeros((2, 3))}], ids=["missing", "narrow", "long"]
)
def test_a_state_of_other_columns_is_refused_and_changes_nothing(wrong: dict[str, np.ndarray]) -> None:
    t = table()
    t.rows(np.array([1], np.uint64))
    with pytest.raises(ValueError, match="no column 'b' of shape"):
        t.restore({"device": np.array([2]), "a": np.array([0.0]), **wrong})
    assert t.devices.tolist() == [1]


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
