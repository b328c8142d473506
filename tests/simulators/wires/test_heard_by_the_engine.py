"""A simulated shop over vendors' wires, as far as the engine's frames: who was heard where, and who is placed where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.config import SourceConfig
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.native import Frame
from engine.ingest.sources.declared import declare
from engine.ingest.sources.naming import Naming
from engine.privacy.pseudonyms import Pseudonyms
from simulators.wires.formats import wire_of
from simulators.world import World
from tests.simulators.made import all_ticks
from tests.simulators.wires.test_frames import world

START = 1795860000.0
SECONDS = 65.0  # one POST of those who speak once a minute
KEY = b"of a shop that does not exist..."


def frames_of(made: World, kind: str, **declared: Any) -> list[Frame]:
    """What the engine's names make of all messages, each received when it was sent."""
    plans = {made.plan.store: made.plan}
    said = {"name": "it", "kind": kind, "stores": [made.plan.store], "topic": f"in/{kind}/+", **declared}
    (source,) = declare([SourceConfig.model_validate(said)], plans, {})
    naming = Naming(plans, {made.plan.store: Pseudonyms(KEY, START)})
    wire, frames = wire_of(made, np.random.default_rng(1)), []
    for k, tick in enumerate(all_ticks(made)):
        sent_at = START + (k + 1) * 0.5 + 0.2
        for message in wire.frames([tick], START, sent_at):
            assert source.pattern is not None
            assert source.pattern.fullmatch(message.topic)
            body = VendorMessage(message.payload, sent_at, message.topic)
            frames += naming.name(source, body, source.decoder(body, source.told)).frames
    return frames


def phones_heard(made: World) -> set[tuple[int, int, int]]:
    """(phone, access point, second) of all that was heard of phones, by the numbers that the engine has."""
    names, aps = Pseudonyms(KEY, START), {ap.id for ap in made.plan.access_points}
    macs = made.device_macs()
    return {
        (int(names(macs[device])), ap, int(START + t))
        for tick in all_ticks(made)
        for device, ap, t in zip(tick.device.tolist(), tick.ap.tolist(), tick.t_s.tolist(), strict=True)
        if macs[device] not in aps
    }


def told(frames: list[Frame]) -> set[tuple[int, int, int]]:
    """The same, of what came."""
    return {
        (device, ap, int(t))
        for frame in frames
        for device, ap, t in zip(
            frame.readings.device.tolist(), frame.readings.ap.tolist(), frame.readings.t.tolist(), strict=True
        )
    }


@pytest.mark.parametrize(("kind", "off_s"), [("mist", 1.0), ("aruba-iot", 1.2)])
def test_all_that_is_heard_comes_within_a_second(kind: str, off_s: float) -> None:
    made = world(20.0, format=kind)
    frames = frames_of(made, kind)
    assert [frame.refused for frame in frames if frame.refused] == []
    assert {row[:2] for row in told(frames)} == {row[:2] for row in phones_heard(made)}
    late_s = [frame.received_at - frame.readings.t.min() for frame in frames if len(frame.readings)]
    assert 0 <= max(late_s) <= off_s


def test_a_minute_of_scanning_comes_at_its_end_second_by_second() -> None:
    made = world(SECONDS, format="meraki-scanning-v3")
    frames = frames_of(made, "meraki-scanning-v3")
    assert len(frames) == 1
    assert set(frames[0].refused) <= {"duplicate"}  # the latest record says again what a place said
    whole_s = int(frames[0].received_at) - 1  # of the last second not all was heard yet
    assert {row for row in told(frames) if row[2] < whole_s} == {row for row in phones_heard(made) if row[2] < whole_s}
    assert 55 < frames[0].received_at - frames[0].readings.t.min() < 65


def test_places_of_cmx_lie_in_the_shop() -> None:
    made = world(120.0, format="cisco-cmx")
    level = made.plan.levels[0]
    left_m, bottom_m, right_m, top_m = level.polygon.bounds
    corners = [{"theirs": (0, 0), "ours": (left_m, top_m)},
               {"theirs": (right_m - left_m, top_m - bottom_m), "ours": (right_m, bottom_m)}]  # fmt: skip
    maps = [{"map": "*", "level": level.id, "y_down": True, "points": corners}]
    frames = frames_of(made, "cisco-cmx", maps=maps)
    x_m, y_m, sigma_m = (
        np.concatenate([getattr(f.positions, name) for f in frames]) for name in ("x_m", "y_m", "sigma_m")
    )
    names = Pseudonyms(KEY, START)
    shoppers = {int(names(mac)): i for i, mac in enumerate(made.phones.mac)}
    t = np.concatenate([f.positions.t for f in frames])
    who = np.array([shoppers[int(d)] for f in frames for d in f.positions.device], np.int32)
    at = made.crowd.at(who, t - START)
    off_m = np.hypot(x_m - at.x_m, y_m - at.y_m)
    assert len(off_m) > 100
    assert np.mean(off_m <= sigma_m) == pytest.approx(0.63, abs=0.1)  # Rayleigh's share within the radial sigma
    assert [f.refused for f in frames if f.refused and set(f.refused) != {"off_plan"}] == []
