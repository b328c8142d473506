"""The libraries that people would take instead, on the same scans: `localization`, `easy-trilateration`, `filterpy`.

They come with the extra `bench` and are measured where they are installed. Ranges are made from RSSI by the true path
loss, which flatters them: in a store nobody tells it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.records import F64

Peer = Callable[[F64, F64], F64]
"""(places of the access points (A, 2), ranges (n, A)) -> places (n, 2)."""


def installed_peers() -> dict[str, Peer]:
    """The positioning libraries that are installed, by distribution name."""
    known: dict[str, tuple[str, Peer]] = {
        "localization": ("localization", _localization),
        "easy-trilateration": ("easy_trilateration", _easy_trilateration),
    }
    return {name: peer for name, (module, peer) in known.items() if importlib.util.find_spec(module)}


def _localization(at: F64, ranges: F64) -> F64:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its sources hold invalid escapes
        import localization
    out = []
    for row in ranges.tolist():
        project = localization.Project(mode="2D", solver="LSE")
        for i, (x, y) in enumerate(at.tolist()):
            project.add_anchor(f"ap{i}", (x, y))
        target, _ = project.add_target()
        for i, range_m in enumerate(row):
            target.add_measure(f"ap{i}", range_m)
        with contextlib.redirect_stdout(io.StringIO()):  # it prints a line per fix
            project.solve()
        out.append((target.loc.x, target.loc.y))
    return np.array(out, np.float64)


def _easy_trilateration(at: F64, ranges: F64) -> F64:
    from easy_trilateration.least_squares import easy_least_squares
    from easy_trilateration.model import Circle

    start = Circle(*at.mean(axis=0).tolist(), 0.0)
    out = []
    for row in ranges.tolist():
        heard = [Circle(x, y, r) for (x, y), r in zip(at.tolist(), row, strict=True)]
        found, _ = easy_least_squares(heard, start)
        out.append((found.center.x, found.center.y))
    return np.array(out, np.float64)


def kalman_step(places: F64) -> Callable[[], object] | None:
    """One predict and update of a constant-velocity filter per place (n, 2); None without filterpy.

    What trackers add on top of a position: compare with tracked updates, which include the position.
    """
    if importlib.util.find_spec("filterpy") is None:
        return None
    from filterpy.kalman import KalmanFilter

    filters: list[Any] = []
    for _ in places:
        made = KalmanFilter(dim_x=4, dim_z=2)
        made.F = np.array([[1, 0, 3, 0], [0, 1, 0, 3], [0, 0, 1, 0], [0, 0, 0, 1]], np.float64)
        made.H = np.eye(2, 4)
        made.R *= 9.0
        made.Q *= 0.1
        filters.append(made)

    def step() -> None:
        for kalman, place in zip(filters, places, strict=True):
            kalman.predict()
            kalman.update(place)

    return step
