"""Two radios that share nothing with the locator's own model. Each gives the mean dBm between points of one store.

`statistical`: log-distance with an exponent, shelf losses and shadows of its own, correlated over metres. `traced`: the
direct wave and the first reflections from walls, floor and ceiling (method of images), through boxes of goods of a
given height, added as waves over the channel's width, so that fading comes out of the geometry.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.plan.model import Plan
from engine.records import F64

SHELF_HEIGHT_M = 1.9
MeanDbm = Callable[[F64, F64], F64]  # (A, 3) antennas, (n, 3) phones, metres -> (n, A) dBm


def statistical(plan: Plan, rng: np.random.Generator) -> MeanDbm:
    """Exponent 2.7, 4 dB per metre of goods up to 20 dB, shadows of 3 dB that change over 4 m."""
    boxes = shelf_boxes(plan)
    waves = [rng.normal(0.0, 1 / 4.0, (64, 2)) for _ in range(16)]
    phases = [rng.uniform(0, 2 * np.pi, 64) for _ in range(16)]

    def mean_dbm(ap: F64, phone: F64) -> F64:
        out = np.empty((len(phone), len(ap)))
        for a, antenna in enumerate(ap):
            distance = np.maximum(np.linalg.norm(phone - antenna, axis=1), 0.5)
            shadow = 3.0 * np.sqrt(2 / 64) * np.cos(phone[:, :2] @ waves[a].T + phases[a]).sum(axis=1)
            goods = np.minimum(4.0 * inside_m(boxes, antenna, phone), 20.0)
            out[:, a] = -39.0 - 27.0 * np.log10(distance) - goods + shadow
        return out

    return mean_dbm


def traced(plan: Plan, rng: np.random.Generator) -> MeanDbm:
    """2.437 GHz over 16 MHz: nine frequencies, six images; reflections lose 8 dB; 5 dB per metre of goods up to 25."""
    boxes = shelf_boxes(plan)
    x0, y0, x1, y1 = plan.levels[0].polygon.bounds
    mirrors = ((0, x0), (0, x1), (1, y0), (1, y1), (2, 0.0), (2, plan.levels[0].height_m))
    wave_number = 2 * np.pi * np.linspace(2.429e9, 2.445e9, 9) / 299_792_458.0

    def mean_dbm(ap: F64, phone: F64) -> F64:
        # waves are centimetres long: where exactly a phone is held is chance
        held = phone + rng.normal(0.0, 0.05, phone.shape)
        out = np.empty((len(phone), len(ap)))
        for a, antenna in enumerate(ap):
            field = _wave(antenna, held, 0.0, inside_m(boxes, antenna, held), wave_number)
            for axis, place in mirrors:
                image = antenna.copy()
                image[axis] = 2 * place - antenna[axis]
                share = (place - held[:, axis]) / (image[axis] - held[:, axis])
                point = held + share[:, None] * (image - held)
                goods = inside_m(boxes, antenna, point) + inside_m(boxes, held, point)
                field += _wave(image, held, 8.0, goods, wave_number)
            out[:, a] = -40.0 + 10 * np.log10((np.abs(field) ** 2).mean(axis=1))
        return out

    return mean_dbm


def _wave(source: F64, phone: F64, lost_db: float, goods_m: F64, wave_number: F64) -> F64:
    """(n, frequencies) complex amplitude, 1 at one metre in the open."""
    distance = np.maximum(np.linalg.norm(phone - source, axis=1), 0.5)
    gain = 10 ** (-(lost_db + np.minimum(5.0 * goods_m, 25.0)) / 20) / distance
    return np.asarray(gain[:, None] * np.exp(-1j * distance[:, None] * wave_number))


def shelf_boxes(plan: Plan) -> F64:
    """(B, 2, 3) corners of the fixtures' boxes."""
    out = []
    for fixture in plan.fixtures:
        x0, y0, x1, y1 = fixture.polygon.bounds
        out.append(((x0, y0, 0.0), (x1, y1, SHELF_HEIGHT_M)))
    return np.array(out).reshape(-1, 2, 3)


def inside_m(boxes: F64, start: F64, end: F64) -> F64:
    """(n,) metres of each straight line that lie in boxes (Kay and Kajiya's slabs); `start` (3,) or (n, 3)."""
    way = end - start
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    total = np.zeros(len(end))
    for low, high in boxes:
        one, other = (low - start) / way, (high - start) / way
        enter = np.minimum(one, other).max(axis=1).clip(0, 1)
        leave = np.maximum(one, other).min(axis=1).clip(0, 1)
        total += np.maximum(leave - enter, 0.0)
    return np.asarray(total * np.linalg.norm(way, axis=1))
