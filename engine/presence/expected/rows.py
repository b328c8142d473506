"""What is expected of a zone in an hour: visits and their dwell, with what is known of their errors, to be added up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from enum import StrEnum

import numpy as np

from engine.presence.expected.levels import LEVELS, Runs, smooth_over
from engine.presence.local_hours import LocalHours
from engine.records import F64, I64

FLOOR = "-"
"""Stands for the floor that is in no zone."""
UNKNOWN = "?"
"""Stands for nowhere: time of devices that were in the store, and not heard."""

TILL = ":till "
"""Before a till's id: what is expected of it has rows like those of a zone."""
PRODUCT = ":product "
"""Before a product's SKU: so have stops at it."""


class StayLength(StrEnum):
    """Stays in the store by their length: each is of one kind, and has a row under its name."""

    PASSED = ":passed"
    SHORT = ":short"
    MIDDLE = ":middle"
    LONG = ":long"


STAY_STEPS_S = (60.0, 300.0, 900.0)
"""Where one kind ends and the next begins."""


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """A zone (till, `FLOOR`, `UNKNOWN`, kind of stay) in the hour of the store's clock that began at `hour_start`, s.

    All figures are sums over stays of devices, to be added to those before. `person_s` is time in the zone in the hour;
    `visits` are those expected to have begun in it, `dwell_s` their time. `ambiguous_s` is time that is as likely
    elsewhere: the sum of P(zone) (1 - P(zone)) over time. `visits_var`, `dwell_var` and `cross_var` say how little the
    history knows; `visits_sq`, `dwell_sq`, `cross_sq` are sums of squares over stays, of which the error of a sample
    is made.
    """

    hour_start: float
    zone: str
    person_s: float
    visits: float
    dwell_s: float
    ambiguous_s: float
    visits_var: float
    dwell_var: float
    cross_var: float
    visits_sq: float
    dwell_sq: float
    cross_sq: float


@dataclass(frozen=True, slots=True)
class StayHistory:
    """One device's stay in the store: ascending times (n,), the time each fix stands for and the time before it that
    is not known (n,), P (n, Z) of leaf zones and tills and at last of the floor between zones."""

    t: F64
    seconds: F64
    unknown_s: F64
    p: F64

    def smooth(self) -> F64:
        """P over `SMOOTH_S`."""
        return smooth_over(self.t, self.seconds, self.p)


def expected_rows(
    history: StayHistory, zones: tuple[str, ...], local: LocalHours, p: F64, runs: Runs
) -> list[ExpectedRow]:
    """What one stay adds, by hour and zone; `zones` names the columns of its smoothed `p`, `runs` are its visits.
    Traces are left out."""
    t, seconds = history.t, history.seconds
    hour_starts, hour = np.unique(np.concatenate([local.starts(t), local.starts(runs.started_at)]), return_inverse=True)
    h, n, width = len(hour_starts), len(t), p.shape[1]
    of_fix, of_run = hour[:n], hour[n:]
    time = np.zeros((h, width, 2))
    np.add.at(time[:, :, 0], of_fix, seconds[:, None] * p)
    np.add.at(time[:, :, 1], of_fix, seconds[:, None] * p * (1.0 - p))
    at = (of_run, runs.zone, runs.level)
    count, dwell = np.zeros((2, h, width, LEVELS))
    np.add.at(count, at, 1.0)
    np.add.at(dwell, at, runs.dwell_s)
    figures = np.concatenate([time, _moments(count, dwell)], axis=2)
    found = [
        ExpectedRow(float(hour_starts[i]), zones[z], *figures[i, z, [0, 2, 3, 1, 4, 5, 6, 7, 8, 9]].tolist())
        for i, z in zip(*np.nonzero(time[:, :, 0] > 0), strict=True)
    ]
    return found + _unknown(of_fix, hour_starts, history.unknown_s)


def _moments(count: F64, dwell: F64) -> F64:
    """(H, Z, 8): means over levels, their (co)variances with the stay's own totals, and products likewise.

    An hour's part goes with the whole stay's, so that hours that are added up give the whole stay's variance.
    """
    n, d = count.mean(axis=2), dwell.mean(axis=2)
    all_n, all_d = count.sum(axis=0), dwell.sum(axis=0)  # (Z, L)
    off_n, off_d = all_n - all_n.mean(axis=1, keepdims=True), all_d - all_d.mean(axis=1, keepdims=True)
    cross = ((count * off_d).mean(axis=2) + (dwell * off_n).mean(axis=2)) / 2
    squares = (n * n.sum(axis=0), d * d.sum(axis=0), (n * d.sum(axis=0) + d * n.sum(axis=0)) / 2)
    return np.stack([n, d, (count * off_n).mean(axis=2), (dwell * off_d).mean(axis=2), cross, *squares], axis=2)


def _unknown(of_fix: I64, hour_starts: F64, unknown_s: F64) -> list[ExpectedRow]:
    by_hour = np.bincount(of_fix, weights=unknown_s, minlength=len(hour_starts))
    whole = float(by_hour.sum())
    nothing = (0.0, 0.0, 0.0, 0.0)
    return [
        ExpectedRow(float(hour_starts[i]), UNKNOWN, s, 0.0, s, *nothing, 0.0, s * whole, 0.0)
        for i, s in enumerate(by_hour.tolist())
        if s > 0
    ]


def stay_row(started_at: float, stay_s: float, local: LocalHours) -> ExpectedRow:
    """The stay itself, counted in the hour in which it began."""
    kind = tuple(StayLength)[sum(stay_s >= step for step in STAY_STEPS_S)]
    figures = (0.0, 1.0, stay_s, 0.0, 0.0, 0.0, 0.0, 1.0, stay_s**2, stay_s)
    return ExpectedRow(local.start(started_at), kind.value, *figures)


def add_up(rows: Iterable[ExpectedRow]) -> list[ExpectedRow]:
    """One row for each hour and zone, in this order."""
    sums: dict[tuple[float, str], list[float]] = {}
    for row in rows:
        hour, zone, *figures = astuple(row)
        into = sums.setdefault((hour, zone), [0.0] * len(figures))
        for i, value in enumerate(figures):
            into[i] += value
    return [ExpectedRow(*key, *figures) for key, figures in sorted(sums.items())]
