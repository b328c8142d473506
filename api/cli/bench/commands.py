"""How long commands take as whole processes, the start of Python and all imports included."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from api.cli.bench.paired import figures_of
from engine.records import F64

RAYON = (sys.executable, "-m", "api.cli.main")
ROUNDS = 5
CROWD_S, LOOK_CROWD_S = 600.0, 30.0
"""So long lasts the scenario `crowd-300`; and so much of it is written for a look."""


def measure_commands(rounds: int = ROUNDS, crowd_s: float = CROWD_S) -> dict[str, Any]:
    """Milliseconds of commands that are typed all the time, and how many times as fast as time the simulator writes the
    first `crowd_s` of 300 shoppers: medians and ranges over rounds in which the commands take turns."""
    with as_file(files("floorplans") / "supermarket") as store, tempfile.TemporaryDirectory() as folder:
        commands = {
            "version_ms": ("--version",),
            "help_ms": ("--help",),
            "plan_check_ms": ("plan", "check", str(store)),
            "crowd": ("simulate", "crowd-300", "-o", folder, "--seconds", f"{crowd_s:g}"),
        }
        taken_s = {name: np.empty(rounds) for name in commands}
        for k in range(rounds):
            for name, command in commands.items():
                taken_s[name][k] = _seconds(command)
    crowd: F64 = taken_s.pop("crowd")
    out: dict[str, Any] = {}
    for name, taken in taken_s.items():
        out |= figures_of(name, taken * 1000.0)
    return out | figures_of("simulate_crowd_300_times_real_time", crowd_s / crowd)


def _seconds(command: tuple[str, ...]) -> float:
    start = time.perf_counter()
    subprocess.run([*RAYON, *command], check=True, capture_output=True)
    return time.perf_counter() - start
