"""Whoever objects to statistics is located for offers, and part of no figure."""

from __future__ import annotations

import numpy as np

from engine.config import Config
from engine.ingest.decoders.native import NativeDecoder
from engine.plan.cells import walkable_cells
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import Fixes
from engine.runtime.store_engine import StoreEngine
from tests.engine.presence.made import fixes_of
from tests.engine.runtime.made import Stand, boutique, frames, payload

PLAN = boutique()
CONFIG = Config.model_validate({"positioning": {"cell_m": 1.0}})
NAMES = Pseudonyms(b"0123456789abcdef")
ANA, BOB = "02:00:00:00:00:01", "02:00:00:00:00:02"
ORIGIN, LONG_S = 1_800_000_000.0, 8.0


def run(present: list[str], objecting: list[str]) -> tuple[StoreEngine, set[int]]:
    """An engine after a while with these phones, and whose fixes it made."""
    engine, seen = StoreEngine(PLAN, CONFIG), set()
    engine.set_linked([int(NAMES(mac)) for mac in present])
    engine.set_uncounted([int(NAMES(mac)) for mac in objecting])
    decoder = NativeDecoder({PLAN.store: PLAN.ap_index}, NAMES)
    standing = [Stand(mac, PLAN.products[0].sku, 0.0, LONG_S) for mac in present]
    for sent, readings in frames(PLAN, standing, LONG_S):
        frame = decoder.decode(f"rayon/{PLAN.store}/readings/c1", payload(sent, readings, ORIGIN), ORIGIN + sent)
        seen |= set(engine.step([frame], ORIGIN + sent).fixes.device.tolist())
    seen |= set(engine.step([], ORIGIN + 1e6).fixes.device.tolist())
    return engine, seen


def test_offers_go_on_and_figures_do_not_know_them() -> None:
    alone, _ = run([ANA], [])
    both, seen = run([ANA, BOB], [BOB])
    assert seen == {int(NAMES(ANA)), int(NAMES(BOB))}
    figures, expected = both.drain(), alone.drain()
    assert [(f.from_zone, f.to_zone, f.count) for f in figures.flows] == [
        (f.from_zone, f.to_zone, f.count) for f in expected.flows
    ]
    assert sum(z.visits for z in figures.zone_hours) == sum(z.visits for z in expected.zone_hours)
    time_s = [sum(h.person_s for h in found.heat) for found in (figures, expected)]
    assert np.isclose(*time_s, rtol=0.05), "the radio map is learnt of both"


def test_who_stays_longer_than_shoppers_is_left_out_and_said_to_be() -> None:
    short = CONFIG.model_copy(update={"presence": CONFIG.presence.model_copy(update={"staff_after_s": 600.0})})
    engine = StoreEngine(PLAN, short)
    at = np.arange(0.0, 900.0, 30.0)
    for t in at.tolist():
        engine._advance(still([1, 2] if t < 300 else [1], ORIGIN + t), ORIGIN + t)
    assert engine.figures()["staff_by_behaviour"] == 1
    assert engine.are_counted(np.array([1, 2], np.uint64)).tolist() == [False, True]
    before = sum(row.person_s for row in engine.drain().heat)
    engine._advance(still([1], ORIGIN + 930.0), ORIGIN + 930.0)
    assert sum(row.person_s for row in engine.drain().heat) == 0.0
    assert before > 600.0


def still(devices: list[int], t: float) -> Fixes:
    """They stand anywhere."""
    engine_cells = len(walkable_cells(PLAN, 1.0))
    return fixes_of(devices, [t] * len(devices), np.full((len(devices), engine_cells), 1.0 / engine_cells))
