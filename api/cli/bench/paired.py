"""Calls timed side by side: in rounds, every call in every round, so that what slows the machine slows all of them.

Figures are medians over the rounds with their range; a ratio is the median of the rounds' ratios, so that it holds on
another machine of the same kind even where the rates do not.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.positioning.kernels.choice import kernels_in_words
from engine.records import F64

ROUNDS, LOOK_ROUNDS = 9, 2
FAIR_S = 1.0
"""Who gives each figure less time than this wants a look, not a comparison: two rounds do, commands are run once."""

Timed = tuple[Callable[[], object], int]
"""A call, and how many fixes it makes."""


def measure_rates(
    calls: Mapping[str, Timed],
    seconds: float,
    rounds: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, F64]:
    """Fixes per second of each call, (rounds,); each is timed for about `seconds` in all, after one call to warm up.
    With `time.process_time` as the clock, seconds are those of the processor: other work on the machine counts less."""
    rounds = rounds_in(seconds) if rounds is None else rounds
    for call, _ in calls.values():
        call()
    turns = [[_rate(*timed, seconds / rounds, clock) for timed in calls.values()] for _ in range(rounds)]
    return {name: np.array(rates) for name, rates in zip(calls, zip(*turns, strict=True), strict=True)}


def rounds_in(seconds: float) -> int:
    """How many rounds a figure has that is given so much time."""
    return ROUNDS if seconds >= FAIR_S else LOOK_ROUNDS


def figures_of(name: str, rates: F64) -> dict[str, Any]:
    """The median under `name`, the least and the most under `name_range`."""
    return {name: float(np.median(rates)), f"{name}_range": [float(rates.min()), float(rates.max())]}


def machine() -> dict[str, Any]:
    """What the figures were measured on; thread settings of BLAS as they stand in the environment."""
    threads = {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "kernels": kernels_in_words(),
        "threads": threads,
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _rate(call: Callable[[], object], fixes: int, seconds: float, clock: Callable[[], float]) -> float:
    """Fixes per second over at least one call and about `seconds`."""
    start, calls, now = clock(), 0, 0.0
    while now <= 0.0 or now < seconds:  # the processor's clock may stand still during a quick call
        call()
        calls += 1
        now = clock() - start
    return fixes * calls / now


def _processor() -> str:
    """The model as Linux names it, which platform.processor() does not say there."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
