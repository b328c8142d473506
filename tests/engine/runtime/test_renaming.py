"""The salt turns while phones are in the store: they go on as if they had had their new names from the beginning."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.runtime.renaming import rename_devices
from engine.runtime.store_engine import CARRIED_S, Step, StoreEngine
from engine.runtime.stored.packing import pack, unpack
from tests.engine.runtime.test_store_engine import PLAN, T0, decoded

GIVEN = decoded()
OLD = sorted({int(d) for frame in GIVEN for d in frame.readings.device})
NEW = {old: (old * 0x9E3779B97F4A7C15 + 1) % 2**64 for old in OLD}


def renamed(frame: Frame) -> Frame:
    device = np.array([NEW[int(d)] for d in frame.readings.device], np.uint64)
    return replace(frame, readings=replace(frame.readings, device=device))


def said(step: Step) -> Any:
    """Everything a step says, in an order that no name decides."""
    order = np.lexsort((step.fixes.device, step.fixes.t))
    fixes = [getattr(step.fixes, f.name)[order].tobytes() for f in fields(step.fixes)]
    visits = sorted(step.visits, key=lambda e: (e.at, e.device, e.zone))
    return step.clock, fixes, visits, sorted(step.ended, key=lambda v: v.device)


def run(chain: StoreEngine, frames: list[Frame]) -> list[Any]:
    out = [said(chain.step([frame], frame.received_at)) for frame in frames]
    return [*out, *(said(chain.step([], frames[-1].received_at + s)) for s in (20.0, 200.0, 400.0))]


@pytest.mark.parametrize("cut", [3, 40])
def test_they_go_on_as_if_they_had_always_been_called_so(cut: int) -> None:
    turned, always = StoreEngine(PLAN, Config()), StoreEngine(PLAN, Config())
    for frame in GIVEN[:cut]:
        turned.step([frame], frame.received_at)
        always.step([renamed(frame)], frame.received_at)
    turned.rename(NEW, GIVEN[cut].received_at)
    rest = [renamed(frame) for frame in GIVEN[cut:]]
    assert run(turned, rest) == run(always, rest)
    assert turned.figures()["counts"] == always.figures()["counts"]


def test_no_old_name_is_left_where_it_could_lead_to_anybody() -> None:
    chain = StoreEngine(PLAN, Config())
    for frame in GIVEN:
        chain.step([frame], frame.received_at)
    chain.rename(NEW, GIVEN[-1].received_at)
    state = unpack(pack(chain.state()))
    del state["calibration"]  # scans of places without a way from one day to the next
    assert rename_devices(state, dict.fromkeys(OLD, 1)).keys() == state.keys()
    assert pack(rename_devices(state, dict.fromkeys(OLD, 1))) == pack(state)


def test_what_never_leaves_is_not_followed_from_day_to_day() -> None:
    chain = StoreEngine(PLAN, Config())
    for frame in GIVEN[:40]:
        chain.step([frame], frame.received_at)
    chain.rename(NEW, T0 + CARRIED_S + 60.0)
    frame = renamed(GIVEN[40])
    step = chain.step([frame], frame.received_at)
    later = [chain.step([renamed(f)], f.received_at) for f in GIVEN[41:]]
    ended = chain.step([], GIVEN[-1].received_at + 400.0).ended
    assert {int(v.device) for v in ended} == {*OLD, *NEW.values()}, "two stays each, with nothing in common"
    assert not step.ended
    assert not [v for s in later for v in s.ended]
    peak = {row.zone: row.persons_peak for row in chain.drain().zone_hours}
    assert max(peak.values()) <= len(OLD), "and none of them is counted twice at the turn"
