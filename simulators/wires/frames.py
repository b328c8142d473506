"""A scenario's frames as bytes with the times they arrive, so that wire decoders can be tried without a broker."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.files.write import whole_file
from simulators.people.phones import BURST_S
from simulators.wires.controllers import Controllers
from simulators.wires.native import Arrival
from simulators.world import TICK_S, World

FRAMES = "frames.jsonl"


def write_frames(world: World, folder: Path, on_tick: Callable[[], None] = lambda: None) -> int:
    """Writes `frames.jsonl` into a folder that is there; returns how many frames. OperatorError where it cannot.

    One JSON object per line, in the order of arrival: `received_at` (epoch seconds), `topic`, and the bytes as
    `payload` where they are UTF-8, else as `payload_base64`. These are the messages of a live run on the scenario's
    wire, troubles included, were it to start at `starts_at`; the same seed gives the same bytes.
    """
    count, start_t = 0, world.scenario.starts_at.timestamp()
    with whole_file(folder / FRAMES) as draft, draft.open("wb") as stream:
        for arrival in _arrivals(world, start_t, on_tick):
            stream.write(msgspec.json.encode(_to_row(arrival, start_t)) + b"\n")
            count += 1
    return count


def _arrivals(world: World, start_t: float, on_tick: Callable[[], None]) -> Iterator[Arrival]:
    controllers = Controllers(world, start_t)
    for ticks in controllers.batches():
        heard = []
        for k in ticks:
            heard.append(world.tick(k))
            on_tick()
        yield from controllers.collect_arrivals(heard, ticks.stop * TICK_S)
    yield from controllers.rest()


def _to_row(arrival: Arrival, start_t: float) -> dict[str, Any]:
    said = {"received_at": round(start_t + arrival.t_s + BURST_S, 3), "topic": arrival.message.topic}
    payload = arrival.message.payload
    try:
        return said | {"payload": payload.decode("utf-8")}
    except UnicodeDecodeError:
        return said | {"payload_base64": base64.b64encode(payload).decode("ascii")}
