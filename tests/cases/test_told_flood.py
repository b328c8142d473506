"""One position told of an invented address counted as one of k people, and made-up ones filled a store past its limit.

Input: positions that a source tells, of devices told once and of devices that stay. Right: who is told of once is
nobody; who stays is followed, until the store has as many as `devices_per_store`; a linked phone always is.
"""

from __future__ import annotations

import numpy as np

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.ingest.time import told_places
from engine.ingest.time.told_places import PositionOrder
from engine.records import Readings, ToldPositions
from engine.runtime.store_engine import StoreEngine
from tests.engine.runtime.made import boutique

PLAN = boutique()
T0 = 1_800_000_000.0


def told(t: float, *devices: int) -> ToldPositions:
    n = len(devices)
    places = np.full(n, 3.0)
    return ToldPositions(np.full(n, t), np.array(devices, np.uint64), np.zeros(n, np.int32), places, places, places)


def followed(engine: StoreEngine, *given: ToldPositions) -> list[tuple[float, int]]:
    out = []
    for positions in [*given, None]:
        t = float(positions.t[0]) if positions is not None else float(given[-1].t[0]) + 30.0
        frame = [] if positions is None else [_frame(t, positions)]
        fixes = engine.step(frame, t + 0.05).fixes
        out += zip((fixes.t - T0).tolist(), fixes.device.tolist(), strict=True)
    return sorted(out)


def _frame(t: float, positions: ToldPositions) -> Frame:
    return Frame(PLAN.store, "cmx", t, t, Readings.empty(), Readings.empty(), {}, positions=positions)


def test_who_is_told_of_once_is_nobody() -> None:
    engine = StoreEngine(PLAN, Config())
    given = [told(T0, 1, 2), told(T0 + 3, 1), told(T0 + 60, 1), told(T0 + 63, 1)]
    assert followed(engine, *given) == [(60.0, 1), (63.0, 1)]
    assert engine.figures()["held_back"] == 3


def test_a_full_store_takes_no_more_but_linked_phones() -> None:
    config = Config.model_validate({"ingest": {"devices_per_store": 10}})
    engine = StoreEngine(PLAN, config)
    engine.set_linked([99])
    given = [told(T0 + at, *range(1, 16)) for at in (0.0, 10.0, 20.0)] + [told(T0 + 21.0, 99)]
    taken = [(at, device) for at in (10.0, 20.0) for device in range(1, 11)]
    assert followed(engine, *given) == [*taken, (21.0, 99)]


def test_what_the_order_remembers_is_bounded() -> None:
    order = PositionOrder()
    for at in range(4):
        order.push(told(T0 + at, *range(at * 20_000 + 1, at * 20_000 + 20_001)))
        order.release(T0 + at - 1)
    assert len(order.state()["devices"]) == told_places.MOST_DEVICES
    order.release(T0 + told_places.REMEMBERED_S + 60)
    assert len(order.state()["devices"]) == 0
    order.push(told(T0, 5))
    assert (order.late, len(order.state()["devices"])) == (1, 0)
