"""A site folder written by hand: four access points in the corners of a room, one phone that walks, a law we know."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from engine.records import F64

CORNERS = ((0.5, 0.5), (11.5, 0.5), (0.5, 7.5), (11.5, 7.5))
SURVEYED = [(x, y) for x in (2.0, 5.0, 8.0, 10.0) for y in (2.0, 4.0, 6.0)]
EPOCH_S = 1_600_000_000.0  # a window's start, less one second
NAMES = [f"02:00:00:00:00:0{i}" for i in range(4)]


def write_site(folder: Path, seed: int = 1, seconds: int = 60, p0_dbm: float = -40.0, exponent: float = 2.0) -> Path:
    """Readings `walk` with ranges, and a survey `points`."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    (folder / "plan.geojson").write_text(json.dumps(_plan(folder.name)))
    t = EPOCH_S + np.arange(seconds, dtype=np.float64)
    x, y = 6.0 + 4.0 * np.cos(t / 15.0), 4.0 + 2.5 * np.sin(t / 15.0)
    rows = _readings(rng, x, y, p0_dbm, exponent)
    _write(
        folder / "readings-walk.csv", ("t", "device", "ap", "rssi_dbm", "range_m"), [(t[i], "p", *r) for i, r in rows]
    )
    truth = [(t[i], "p", "0", x[i], y[i]) for i in range(seconds)]
    _write(folder / "truth-walk.csv", ("t", "device", "level", "x_m", "y_m"), truth)
    sx, sy = np.array(SURVEYED).T
    places = [(sx[i], sy[i], "0", *r) for i, r in _readings(rng, sx, sy, p0_dbm, exponent)]
    _write(folder / "survey-points.csv", ("x_m", "y_m", "level", "ap", "rssi_dbm", "range_m"), places)
    (folder / "folds.json").write_text(json.dumps([[None, "walk"], ["points", "walk"]]))
    return folder


def write_readings(
    folder: Path, name: str, rng: np.random.Generator, phones: dict[str, tuple[F64, F64, F64, float]], exponent: float
) -> None:
    """A file of readings; of each phone t, x and y (n,) and what it hears at 1 m."""
    rows = []
    for phone, (t, x, y, p0_dbm) in phones.items():
        rows += [(t[i], phone, *r) for i, r in _readings(rng, x, y, p0_dbm, exponent)]
    header = ("t", "device", "ap", "rssi_dbm", "range_m")
    _write(folder / f"readings-{name}.csv", header, sorted(rows))


def _readings(
    rng: np.random.Generator, x: F64, y: F64, p0_dbm: float, exponent: float
) -> list[tuple[int, tuple[str, float, float]]]:
    out = []
    for name, (ax, ay) in zip(NAMES, CORNERS, strict=True):
        d = np.sqrt((x - ax) ** 2 + (y - ay) ** 2 + 1.3**2)
        rssi = p0_dbm - 10 * exponent * np.log10(d) + rng.normal(0.0, 2.0, len(d))
        far = d + 0.5 + rng.normal(0.0, 0.3, len(d))
        out += [(i, (name, round(float(rssi[i]), 1), round(float(far[i]), 3))) for i in range(len(d))]
    return sorted(out)


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def _plan(store: str) -> dict[str, object]:
    ring = [[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0], [0.0, 0.0]]
    level = {"feature_type": "level", "id": "0", "name": "0", "ordinal": 0, "height_m": 3.0}
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(place)},
            "properties": {"feature_type": "access_point", "id": name, "level": "0", "z_m": 2.5},
        }
        for name, place in zip(NAMES, CORNERS, strict=True)
    ]
    shape = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": level}
    said = {"version": 1, "store": store, "name": store, "timezone": "Europe/Paris", "currency": "EUR", "anchor": None}
    return {"type": "FeatureCollection", "rayon": said, "features": [shape, *points]}
