"""How long a track takes to come back: half a minute of readings from a wrong place (a spoofed or a mixed-up device),
then true ones."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.locator import Locator
from engine.records import F64, Scans
from tests.accuracy.airs import MeanDbm
from tests.accuracy.stores import AIRS, PHONE_M, SENSITIVITY_DBM, hall

PHONES = 100
WRONG_S, TRUE_S = 30.0, 90.0
APART_M = 12.0  # of the wrong place from the true one, at least
BACK_M = 4.0
SAME_M = 1.0  # from the fix of a track that was never misled: no nearer can be asked for


@dataclass(frozen=True)
class Recovery:
    """Seconds from the first true reading until each phone's fix is back (n,), inf where it never is; and `lost_m`,
    the median error of its first fix after the true readings began."""

    seconds: F64
    lost_m: float

    @property
    def median_s(self) -> float:
        """Half of the phones are back by then."""
        return float(np.sort(self.seconds)[len(self.seconds) // 2])

    @property
    def p90_s(self) -> float:
        """Nine in ten of the phones are back by then."""
        return float(np.sort(self.seconds)[int(len(self.seconds) * 0.9)])


def recovery(air: str, interval_s: float, seed: int) -> Recovery:
    """One store and PHONES phones that stand, in the air that the locator does not know; no survey."""
    plan, rng = hall(), np.random.default_rng(seed)
    cells = walkable_cells(plan, 0.5)
    radio = _Radio(plan, AIRS[air](plan, rng), rng.normal(0.0, 6.0, (PHONES, 1)), rng)
    true, wrong = _places(np.column_stack([cells.x_m, cells.y_m]), rng)
    misled, right = Locator(plan, cells), Locator(plan, cells)
    times = np.arange(0.0, WRONG_S + TRUE_S, interval_s)
    at_true, at_wrong = radio.mean_dbm(true), radio.mean_dbm(wrong)
    for t in times[times < WRONG_S].tolist():
        misled.locate(radio.scans(at_wrong, t))
        right.locate(radio.scans(at_true, t))
    back, lost = np.full(PHONES, np.inf), np.nan
    start = float(times[times >= WRONG_S][0])
    for t in times[times >= WRONG_S].tolist():
        heard = radio.scans(at_true, t)
        at, best = _fixes(misled, heard), _fixes(right, heard)
        error = np.hypot(*(at - true).T)
        lost = float(np.nanmedian(error)) if t == start else lost
        now = (error < BACK_M) | (np.hypot(*(at - best).T) < SAME_M)
        back[now & np.isinf(back)] = t - start
    return Recovery(back, lost)


class _Radio:
    """What the access points hear of phones that stand: 4 dB of noise, a tenth lost, whole dB."""

    def __init__(self, plan: Plan, mean_dbm: MeanDbm, offset_db: F64, rng: np.random.Generator) -> None:
        self._mean_dbm, self._offset_db, self._rng = mean_dbm, offset_db, rng
        self._ap = np.array([(p.x_m, p.y_m, p.z_m) for p in plan.access_points])

    def mean_dbm(self, at: F64) -> F64:
        """(phones, access points) of phones that stand at places (phones, 2)."""
        phone = np.column_stack([at, np.full(len(at), PHONE_M)])
        return np.asarray(self._mean_dbm(self._ap, phone) + self._offset_db, np.float64)

    def scans(self, mean_dbm: F64, t: float) -> Scans:
        rssi = mean_dbm + self._rng.normal(0.0, 4.0, mean_dbm.shape)
        rssi[(rssi < SENSITIVITY_DBM) | (self._rng.random(rssi.shape) < 0.1)] = np.nan
        none = np.full(rssi.shape, np.nan, np.float32)
        device = np.arange(len(rssi), dtype=np.uint64)
        value = np.round(rssi).astype(np.float32)
        return Scans(np.full(len(rssi), t), device, value, none, none, np.zeros(rssi.shape, np.float32))


def _places(floor: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Where each phone is, and where its readings come from at first (PHONES, 2)."""
    true = floor[rng.integers(len(floor), size=PHONES)]
    wrong = floor[rng.integers(len(floor), size=PHONES)]
    while (near := np.hypot(*(true - wrong).T) < APART_M).any():
        wrong[near] = floor[rng.integers(len(floor), size=int(near.sum()))]
    return true, wrong


def _fixes(locator: Locator, scans: Scans) -> F64:
    """(n, 2), NaN where there is no fix."""
    fixes = locator.locate(scans)
    out = np.full((len(scans), 2), np.nan)
    out[fixes.device.astype(np.int64)] = np.column_stack([fixes.x_m, fixes.y_m])
    return out


def figures(seeds: int = 6) -> str:
    """A line a case: how far off the misled tracks were, and when half, nine in ten and ninety-nine in a hundred were
    back."""
    lines = []
    for air in AIRS:
        for interval_s in (1.0, 3.0, 10.0):
            runs = [recovery(air, interval_s, seed) for seed in range(1, seeds + 1)]
            seconds = np.sort(np.concatenate([r.seconds for r in runs]))
            half, most, nearly = (seconds[int(len(seconds) * q)] for q in (0.5, 0.9, 0.99))
            lost_m = np.median([r.lost_m for r in runs])
            lines.append(
                f"{air:12s} every {interval_s:4.0f} s: {lost_m:5.1f} m off; back after {half:3.0f} s (half),"
                f" {most:3.0f} s (90 %), {nearly:3.0f} s (99 %)"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(figures() + "\n")
