"""`readings.csv`, written piece by piece: memory stays small, and a run that was cut off goes on where it was.

Ticks have streams of chance of their own, so the file is the same to the byte however often it was cut off.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from engine.files.write import whole_file
from simulators.truth.table_bytes import Cells, fixed_cells, name_cells, table_bytes
from simulators.world import Heard, World

UNFINISHED = "unfinished.json"
"""Beside the tables while they are being written: how far they are, and of which world."""

TICKS_AT_ONCE = 600


def write_world_readings(world: World, folder: Path, start_t: float, on_tick: Callable[[], None]) -> int:
    """All readings of a world; returns how many. Goes on with a file of the same world that was not finished.

    The folder is marked as unfinished before anything in it changes, and stays so: call `finish` when everything else
    is written. Raises OSError, and OperatorError where it cannot be marked.
    """
    path, note = folder / "readings.csv", folder / UNFINISHED
    world_print = fingerprint(world)
    done = _progress(note, path, world_print)
    ranges = world.ranging is not None
    if not done["tick"]:
        _mark(note, {"world": world_print, **done})
    header = ("t", "device", "ap", "rssi_dbm") + (("range_m", "range_sigma_m") if ranges else ())
    with path.open("r+b" if done["tick"] else "wb") as stream:
        stream.seek(done["bytes"])
        stream.truncate()
        if not done["tick"]:
            stream.write(",".join(header).encode() + b"\n")
        for _ in range(done["tick"]):
            on_tick()
        for first in range(done["tick"], world.ticks, TICKS_AT_ONCE):
            heard = []
            for k in range(first, min(first + TICKS_AT_ONCE, world.ticks)):
                heard.append(world.tick(k))
                on_tick()
            piece = Heard.concat(heard)
            stream.writelines(table_bytes(_columns(piece, world, start_t)))
            stream.flush()
            os.fsync(stream.fileno())
            done = {"tick": first + len(heard), "bytes": stream.tell(), "readings": done["readings"] + len(piece)}
            _mark(note, {"world": world_print, **done})
    return int(done["readings"])


def finish(folder: Path) -> None:
    """Everything is written."""
    (folder / UNFINISHED).unlink(missing_ok=True)


def fingerprint(world: World) -> str:
    """Two worlds of one fingerprint give the same readings: same scenario, people, phones, plan and simulator."""
    known = hashlib.sha256(world.scenario.model_dump_json(exclude={"folder"}).encode())
    known.update(f"{world.run_s} {world.device_names()[-1:]} {[ap.id for ap in world.plan.access_points]}".encode())
    known.update(world.scans.t_s.tobytes() + world.scans.shopper.tobytes() + world.crowd.end_s.tobytes())
    somebody = np.arange(len(world.journeys), dtype=np.int32)
    known.update(np.round(world.air.expected_dbm(world.crowd.at(somebody, world.crowd.start_s + 60.0)), 6).tobytes())
    return known.hexdigest()


def _columns(heard: Heard, world: World, start_t: float) -> list[Cells]:
    columns = [
        fixed_cells(start_t + heard.t_s, 3),
        name_cells(world.device_names(), heard.device),
        name_cells([ap.id for ap in world.plan.access_points], heard.ap),
        fixed_cells(heard.rssi_dbm, 2),
    ]
    if world.ranging is not None:
        columns += [fixed_cells(heard.range_m, 3), fixed_cells(heard.range_sigma_m, 3)]
    return columns


def _progress(note: Path, path: Path, world_print: str) -> dict[str, int]:
    nothing = {"tick": 0, "bytes": 0, "readings": 0}
    if not note.is_file() or not path.is_file():
        return nothing
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        return nothing  # not ours, or of a machine that went down: begin anew
    if not isinstance(told, dict) or told.get("world") != world_print or path.stat().st_size < told["bytes"]:
        return nothing
    return {key: int(told[key]) for key in nothing}


def _mark(note: Path, told: Mapping[str, object]) -> None:
    with whole_file(note) as draft:
        draft.write_text(json.dumps(told), encoding="utf-8")
