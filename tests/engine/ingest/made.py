"""Small inputs for the tests of this room."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.records import Readings

APS = {"ap-1": 0, "aabbcc0000a1": 1, "ap-3": 2}  # one of them is known by its MAC
MAC = "02:00:00:00:00:01"
TOPIC = "rayon/boutique/readings/controller-1"


def made(readings: Iterable[tuple[float, int, int]]) -> Readings:
    """Readings of (t, device, ap), all of -60 dBm."""
    t, device, ap = zip(*readings, strict=True) if (readings := list(readings)) else ((), (), ())
    n = len(t)
    nan = np.full(n, np.nan, np.float32)
    return Readings(
        np.array(t, np.float64),
        np.array(device, np.uint64),
        np.array(ap, np.int32),
        np.full(n, -60, np.float32),
        nan,
        nan,
    )


def rows(readings: Readings) -> list[tuple[float, int, int]]:
    """The inverse of `made`."""
    return list(zip(readings.t.tolist(), readings.device.tolist(), readings.ap.tolist(), strict=True))


def reading(**changes: Any) -> dict[str, Any]:
    """A good reading as JSON has it, with changes; a value of `...` takes the key away."""
    good: dict[str, Any] = {"mac": MAC, "ap": "ap-1", "t": 1000.0, "rssi": -60}
    return {key: value for key, value in (good | changes).items() if value is not ...}


def frame(*readings: Any, **changes: Any) -> bytes:
    """A frame sent at 1000 s as bytes."""
    return json.dumps({"sent_at": 1000.0, "readings": list(readings)} | changes).encode()
