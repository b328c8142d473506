"""Positions in order, once, and not after the store's time has passed them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.ingest.time.told_places import PositionOrder
from engine.records import ToldPositions


def told(*rows: tuple[float, int]) -> ToldPositions:
    t, device = (np.array(c) for c in zip(*rows, strict=True))
    n = len(rows)
    zeros = np.zeros(n)
    return ToldPositions(t.astype(float), device.astype(np.uint64), np.zeros(n, np.int32), zeros, zeros, zeros + 2)


def rows(positions: ToldPositions) -> Sequence[tuple[float, int]]:
    return list(zip(positions.t.tolist(), positions.device.tolist(), strict=True))


def test_they_wait_for_the_stores_time_and_come_in_order() -> None:
    order = PositionOrder()
    order.push(told((12.0, 1), (10.0, 2)))
    order.push(told((11.0, 3)))
    assert rows(order.release(10.0)) == []
    assert rows(order.release(12.0)) == [(10.0, 2), (11.0, 3)]
    assert rows(order.release(13.0)) == [(12.0, 1)]


def test_each_comes_once_and_none_goes_back() -> None:
    order = PositionOrder()
    order.push(told((10.0, 1), (10.0, 1)))
    order.push(told((9.0, 1), (10.0, 1), (11.0, 1)))
    assert rows(order.release(20.0)) == [(10.0, 1), (11.0, 1)]


def test_what_is_behind_the_stores_time_is_late() -> None:
    order = PositionOrder()
    order.release(100.0)
    order.push(told((99.0, 1), (100.0, 2)))
    assert order.late == 1
    assert rows(order.release(101.0)) == [(100.0, 2)]


def test_a_checkpoint_holds_all_of_it() -> None:
    order, again = PositionOrder(), PositionOrder()
    order.push(told((10.0, 1), (30.0, 2)))
    order.release(20.0)
    order.push(told((5.0, 3)))
    again.restore(order.state())
    for one in (order, again):
        one.push(told((30.0, 2), (31.0, 2)))
    assert rows(again.release(40.0)) == rows(order.release(40.0)) == [(30.0, 2), (31.0, 2)]
    assert again.late == order.late == 1


def test_time_that_starts_anew_lets_everything_out() -> None:
    order = PositionOrder()
    order.push(told((1e9, 1)))
    assert rows(order.start_anew()) == [(1e9, 1)]
    order.push(told((5.0, 1)))
    assert rows(order.release(6.0)) == [(5.0, 1)]


def test_of_the_same_time_they_come_by_device() -> None:
    order = PositionOrder()
    order.push(told((5.0, 2)))
    order.push(told((5.0, 3), (5.0, 1)))
    assert len(order) == 3
    assert rows(order.release(6.0)) == [(5.0, 1), (5.0, 2), (5.0, 3)]
    assert len(order) == 0


def test_a_device_is_remembered_for_ten_minutes() -> None:
    """What is known is no news, and what is not known any more comes late."""
    order = PositionOrder()
    order.push(told((0.0, 1)))
    order.release(600.0)
    order.push(told((0.0, 1)))
    assert order.late == 0
    order.release(600.5)
    order.push(told((0.0, 1)))
    assert order.late == 1


def test_of_more_than_fifty_thousand_devices_the_oldest_is_forgotten() -> None:
    order = PositionOrder()
    n = np.arange(50_001)
    zeros = np.zeros(len(n))
    t = np.linspace(0.0, 500.0, len(n))
    order.push(ToldPositions(t, n.astype(np.uint64), np.zeros(len(n), np.int32), zeros, zeros, zeros + 2))
    order.release(0.0)
    order.push(told((0.01, 1), (0.005, 0)))
    assert len(order) == 50_002, "the first device is new again, the second is not"


def test_only_a_time_moves_the_stores_time() -> None:
    order = PositionOrder()
    order.release(100.0)
    order.release(-np.inf)
    order.push(told((99.0, 1)))
    assert order.late == 1
    other = PositionOrder()
    other.release(np.inf)
    other.push(told((5.0, 1)))
    assert other.late == 0
