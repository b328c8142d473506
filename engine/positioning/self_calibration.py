"""Self-calibration: access points that hear each other keep the radio map true to the store, without anybody's survey.

Causal: a map made at time t is made of hearings before t. Fits come early and then ever more rarely, as there is less
to learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.expectation import PackedMatrix
from engine.radio.calibrate import calibrate
from engine.radio.crossings import crossing_losses_db
from engine.radio.evidence_sources import Hearings, hearings_evidence
from engine.radio.pathloss import Geometry, geometry_of
from engine.radio.radiomap import RadioMap
from engine.records import F32, F64, I32, I64, Readings

FIRST_FIT_S = 15.0  # after the first hearing; then each time the span has tripled
SPAN_GROWS = 3.0
LONGEST_SPAN_S = 7200.0  # then at this interval
MIN_LINKS = 6  # pairs that hear each other; fewer cannot tell power from path loss


@dataclass(frozen=True, slots=True)
class _Links:
    """Mean hearings of pairs, as `Hearings`."""

    t: F64
    heard: I32
    ap: I32
    rssi_dbm: F32
    range_m: F32


def links_of(ap_readings: Readings) -> Hearings:
    """Hearings as the wire decoders give them: readings whose `device` is the index of the access point that was
    heard."""
    r = ap_readings
    return _Links(r.t, r.device.astype(np.int32), r.ap, r.rssi_dbm, r.range_m)


class SelfCalibration:
    """Collects hearings (sums per pair of access points) and gives a new radio map when one is due."""

    def __init__(self, plan: Plan, cells: Cells) -> None:
        self._plan, self._cells = plan, cells
        # what walls and shelves cost is slow to find, and kept in two bytes an entry: it can be 80 x 80,000 of them
        self._losses = tuple(map(PackedMatrix.of, crossing_losses_db(plan, cells.level, cells.x_m, cells.y_m)))
        n = len(plan.access_points)
        self._sum: F64 = np.zeros((n, n))  # [heard, ap]
        self._count: I64 = np.zeros((n, n), np.int64)
        self._used = (self._sum.copy(), self._count.copy())  # as they were at the last fit
        self._first = np.inf
        self._span = FIRST_FIT_S

    def add(self, hearings: Hearings) -> None:
        """Takes hearings with RSSI; their order does not matter."""
        ok = np.isfinite(hearings.rssi_dbm)
        if not ok.any():
            return
        pair = (hearings.heard[ok], hearings.ap[ok])
        np.add.at(self._sum, pair, hearings.rssi_dbm[ok].astype(np.float64))
        np.add.at(self._count, pair, 1)
        self._first = min(self._first, float(hearings.t[ok].min()))

    @property
    def due_at(self) -> float:
        """When the next map is due (s, UTC); inf before any hearing."""
        return self._first + self._span

    def fit(self, now: float) -> RadioMap | None:
        """The map of all hearings taken so far, when `now` is at or past `due_at`, and enough pairs were heard."""
        if now < self.due_at:
            return None
        while self.due_at <= now and self._span < LONGEST_SPAN_S:
            self._span *= SPAN_GROWS
        if self.due_at <= now:
            self._span += LONGEST_SPAN_S * (np.floor((now - self.due_at) / LONGEST_SPAN_S) + 1.0)
        self._used = (self._sum.copy(), self._count.copy())
        return self.map_in_use()

    def map_in_use(self) -> RadioMap | None:
        """The map of the last fit, made again: what to give to a locator after `restore`. None when there was none."""
        total, count = self._used
        heard, ap = np.nonzero(count)
        if len(heard) < MIN_LINKS:
            return None
        mean = (total[heard, ap] / count[heard, ap]).astype(np.float32)
        nothing = np.full(len(heard), np.nan, np.float32)
        links = _Links(np.zeros(len(heard)), heard.astype(np.int32), ap.astype(np.int32), mean, nothing)
        evidence = hearings_evidence(self._plan, links)
        return calibrate(self._plan, self._cells, evidence, geometry=self._geometry()).radio_map

    def _geometry(self) -> Geometry:
        c = self._cells
        walls_db, fixtures_db = (packed.whole().astype(np.float64) for packed in self._losses)
        return geometry_of(self._plan, c.level, c.x_m, c.y_m, losses_db=(walls_db, fixtures_db))

    def state(self) -> dict[str, Any]:
        """For a checkpoint: a few numbers per pair of access points."""
        used_sum, used_count = self._used
        return {
            "sum": self._sum.copy(),
            "count": self._count.copy(),
            "used_sum": used_sum.copy(),
            "used_count": used_count.copy(),
            "first": float(self._first),
            "span": float(self._span),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as if nothing had happened since `state()`."""
        self._sum, self._count = np.array(state["sum"]), np.array(state["count"])
        self._used = (np.array(state["used_sum"]), np.array(state["used_count"]))
        self._first, self._span = state["first"], state["span"]
