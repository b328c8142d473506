"""Self-calibration: access points that hear each other, and the crowd of shoppers, keep the radio map true to the
store, without anybody's survey.

Causal: a map made at time t is made of what was heard before t. Fits come early and then ever more rarely, as there is
less to learn. Each starts anew from the plan, so nothing drifts and a crowd's map that foresees less is simply not
taken. Access points that by what they hear of each other do not hang where the plan says are left out of it all: their
map says nothing of places (`engine.radio.hanging`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.learning.crowd_em import CrowdLearning, Learnt
from engine.positioning.learning.interchanged import (
    ASKED_LIVE,
    LEAST_SOUND,
    Interchange,
    Lost,
    ask_worst,
    find_astray,
    find_contradiction,
)
from engine.positioning.learning.loss_scale import likely_loss_scale
from engine.positioning.learning.tracklets import ScanMemory, Stretches
from engine.positioning.learning.unsummed import WIDTH, Unsummed
from engine.radio.calibrate import Calibration, calibrate
from engine.radio.crossings import PackedCrossings
from engine.radio.evidence_sources import hearings_evidence
from engine.radio.hanging.faults import HearingFaults, find_hearing_faults, forget_places, keep_sound
from engine.radio.law import LawCoefficients
from engine.radio.pathloss import Geometry, cell_geometry, geometry_of, mean_dbm
from engine.radio.radiomap import RadioMap
from engine.radio.ridge import FittedLaw
from engine.radio.soft_fit import SoftLaw
from engine.records import F64, I64, U64, Hearings, Readings, Scans

FIRST_FIT_S = 15.0  # after the first hearing or scan; then each time the span has doubled
SPAN_GROWS = 2.0
LONGEST_SPAN_S = 7200.0  # then at this interval
ASKED_FROM_S = 900.0  # span of a fit that asks whether two are interchanged: shorter ones have few people
MIN_LINKS = 6  # pairs that hear each other; fewer cannot tell power from path loss


@dataclass(frozen=True, slots=True)
class _Known:
    """What a fit is made of."""

    total: F64
    count: I64
    scans: ScanMemory
    seed: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit came to: what the crowd taught, and the map; None where there was not enough. `loss_scale` is all that
    a few phones tell, where there is no crowd and access points do not hear each other. `faults` of what those hear."""

    learnt: Learnt | None
    radio_map: RadioMap | None
    loss_scale: float | None = None
    faults: HearingFaults = field(default_factory=HearingFaults.none)


def links_of(ap_readings: Readings) -> Hearings:
    """Hearings as the wire decoders give them: readings whose `device` is the index of the access point that was
    heard."""
    r = ap_readings
    return Hearings(r.t, r.device.astype(np.int32), r.ap, r.rssi_dbm, r.range_m)


class SelfCalibration:
    """Collects hearings (sums per pair of access points) and scans, and gives a new radio map when one is due.

    `version` counts the maps given; `gain` is what the crowd's share of the last one was worth, in nats per scan, 0
    where there is none.
    """

    def __init__(self, plan: Plan, cells: Cells, geometry: Geometry | None = None) -> None:
        """`geometry` of the plan's cells saves finding it again."""
        self._plan, self._cells = plan, cells
        # what walls and shelves cost is slow to find, and kept small
        self._lost = PackedCrossings.of((geometry or cell_geometry(plan, cells)).lost)
        self._crowd = CrowdLearning(plan, cells)
        n = len(plan.access_points)
        self._sum: F64 = np.zeros((n, n))  # [heard, ap]
        self._count: I64 = np.zeros((n, n), np.int64)
        self._used = (self._sum.copy(), self._count.copy())  # as they were at the last fit
        self._fresh = Unsummed()  # hearings not in the sums yet
        self._scans = ScanMemory(n)
        self._learnt: Learnt | None = None
        self._loss_scale: float | None = None
        self.faults = HearingFaults.none()
        """Of access points, by what they heard of each other until the last fit."""
        self._pending: _Known | None = None
        self._first = np.inf
        self._span = FIRST_FIT_S
        self._new = False  # something was added since the last fit began
        self.version = 0

    @property
    def gain(self) -> float:
        """See the class."""
        return 0.0 if self._learnt is None else self._learnt.gain

    def add(self, hearings: Hearings) -> None:
        """Takes hearings with RSSI; their order does not matter."""
        ok = np.isfinite(hearings.rssi_dbm)
        if not ok.any():
            return
        self._fresh.add(np.column_stack([hearings.t[ok], hearings.heard[ok], hearings.ap[ok], hearings.rssi_dbm[ok]]))
        self._first = min(self._first, float(hearings.t[ok].min()))
        self._new = True

    def add_scans(self, scans: Scans) -> None:
        """Takes shoppers' scans, in the order of time."""
        if len(scans):
            self._scans.add(scans)
            self._first = min(self._first, float(scans.t.min()))
            self._new = True

    def forget(self, devices: U64) -> None:
        """Drops every scan of these devices (n,), but for a fit under way, which ends in seconds."""
        self._scans = self._scans.without(devices)
        if self._pending is not None:
            self._pending = replace(self._pending, scans=self._pending.scans.without(devices))

    @property
    def due_at(self) -> float:
        """When the next map is due (s, UTC); inf before anything was heard."""
        return self._first + self._span

    def begin(self, now: float) -> Callable[[], Fitted] | None:
        """When `now` is at or past `due_at` and something was added since the last fit: the fit to all before `now`,
        a task that may run in another thread. `take` takes what it returns; meanwhile more may be added."""
        if now < self.due_at:
            return None
        self.skip(now)
        if not self._new:
            return None
        self._new = False
        self._add_up(now)
        self._pending = _Known(self._sum.copy(), self._count.copy(), self._scans.before(now), round(self._span))
        return self.pending()

    def skip(self, to: float) -> None:
        """No map is due up to a time."""
        while self.due_at <= to and self._span < LONGEST_SPAN_S:
            self._span *= SPAN_GROWS
        if self.due_at <= to:
            self._span += LONGEST_SPAN_S * (np.floor((to - self.due_at) / LONGEST_SPAN_S) + 1.0)

    def start_anew(self) -> None:
        """The store's time starts anew: what was heard at times that may not come for long is forgotten, what was
        learnt of it is not."""
        self._fresh, self._scans = Unsummed(), ScanMemory(len(self._sum))
        self._first, self._new = np.inf, False

    def _add_up(self, before: float) -> None:
        """Hearings of before a time go into the sums, in their own order: how they came in makes no difference."""
        rows = self._fresh.take_before(before)
        rows = rows[np.lexsort(rows.T[::-1])]
        pair = (rows[:, 1].astype(np.int64), rows[:, 2].astype(np.int64))
        np.add.at(self._sum, pair, rows[:, 3])
        np.add.at(self._count, pair, 1)

    def pending(self) -> Callable[[], Fitted] | None:
        """The task that was begun and not taken, again: after `restore`, for instance. None when there is none."""
        known = self._pending
        return None if known is None else lambda: self._fit(known)

    def take(self, fitted: Fitted) -> RadioMap | None:
        """Ends the task that was begun. Returns the new map, None when there was not enough for one."""
        if self._pending is None:
            raise ValueError("no fit was begun")
        self._used = (self._pending.total, self._pending.count)
        self._pending, self._learnt, self._loss_scale = None, fitted.learnt, fitted.loss_scale
        self.faults = fitted.faults
        self.version += fitted.radio_map is not None
        return fitted.radio_map

    def fit(self, now: float) -> RadioMap | None:
        """`begin` and `take` at once."""
        task = self.begin(now)
        return None if task is None else self.take(task())

    def map_in_use(self) -> RadioMap | None:
        """The map that was taken last, made again: what to give to a locator after `restore`. None: there was none."""
        links, learnt, scale = self._sound(self._links(*self._used), self.faults), self._learnt, self._loss_scale
        if links is None and learnt is None and scale is None and not len(self.faults.misplaced):
            return None
        geometry = self._geometry()
        return self._whole(self._plain(links, geometry), learnt, scale, self.faults, geometry)

    def _fit(self, known: _Known) -> Fitted:
        faults, geometry = self._faults_of(known.total, known.count), self._geometry()
        links = self._sound(self._links(known.total, known.count), faults)
        # what never varies bends the law of all others, and moves who stands near them
        scans = known.scans.without_points(np.union1d(faults.misplaced, known.scans.hardly_varying()))
        rng = np.random.default_rng(known.seed)  # which stretches: another lot each time, the same on replay
        plain, scale = self._plain(links, geometry), None
        learnt = self._crowd.learn(plain.law, scans, rng)
        if learnt is not None and known.seed >= ASKED_FROM_S:
            stretches = self._crowd.draw(scans, np.random.default_rng(known.seed))
            asked = ask_worst(self._crowd.assess(plain.law, None, stretches), ASKED_LIVE)
            alone = len(self._sum) >= LEAST_SOUND
            found = find_astray(self._crowd, plain.law, learnt, stretches, asked, alone)
            if found is not None and (found.sure or self._bends(plain.law, learnt, stretches, asked)):
                return self._fit_without(known, faults, found, asked)
        if links is None and learnt is None:
            scale = likely_loss_scale(geometry, plain.law.p0_dbm, plain.law.exponent, scans)
            if scale is None and not faults.wrong:
                return Fitted(None, None, faults=faults)
        return Fitted(learnt, self._whole(plain, learnt, scale, faults, geometry), scale, faults)

    def _fit_without(
        self, known: _Known, faults: HearingFaults, found: Interchange | Lost, asked: Sequence[int]
    ) -> Fitted:
        """The map without those that hang elsewhere, where it is sure who they are and the others `asked` are where the
        plan says; else without what the crowd taught, which bends around them."""
        links, geometry = self._links(known.total, known.count), self._geometry()
        if found.sure:
            named = replace(faults, by_crowd=found.aps)
            scans = known.scans.without_points(np.union1d(named.misplaced, known.scans.hardly_varying()))
            plain = self._plain(self._sound(links, named), geometry)
            learnt = self._crowd.learn(plain.law, scans, np.random.default_rng(known.seed))
            stretches = self._crowd.draw(scans, np.random.default_rng(known.seed))
            rest = [a for a in asked if a not in found.aps]
            if learnt is None or not self._bends(plain.law, learnt, stretches, rest):
                return Fitted(learnt, self._whole(plain, learnt, None, named, geometry), None, named)
        plain = self._plain(self._sound(links, faults), geometry)
        return Fitted(None, self._whole(plain, None, None, faults, geometry), None, faults)

    def _bends(self, law: FittedLaw, learnt: Learnt, stretches: Stretches, aps: Sequence[int]) -> bool:
        """Whether two of these fit each other's place with the powers that were learnt, too."""
        power_db = learnt.soft.coefficients.ap_power_db
        return find_contradiction(self._crowd.foresee(law), stretches, aps, power_db) is not None

    def _whole(
        self, plain: Calibration, learnt: Learnt | None, scale: float | None, faults: HearingFaults, geometry: Geometry
    ) -> RadioMap:
        """The map of what access points say (`plain`), of the crowd or of what a few phones tell; access points that
        hang elsewhere are anywhere in it."""
        made = self._map(plain, learnt, geometry) if scale is None else self._scale(plain, scale, geometry)
        return forget_places(made, self._cells, faults.misplaced)

    def _scale(self, plain: Calibration, scale: float, geometry: Geometry) -> RadioMap:
        """The plan's map, with walls and shelves that cost so much of what it says."""
        law = plain.law
        mean = mean_dbm(geometry, law.p0_dbm, law.exponent, scale, tall=law.tall)
        return replace(plain.radio_map, mean_dbm=mean.astype(np.float32))

    def _map(self, plain: Calibration, learnt: Learnt | None, geometry: Geometry) -> RadioMap:
        return plain.radio_map if learnt is None else self._crowd.map_of(plain.law, learnt, geometry, plain.radio_map)

    def _plain(self, links: Hearings | None, geometry: Geometry) -> Calibration:
        """What the access points say alone; the prior where they say nothing."""
        evidence = hearings_evidence(self._plan, Hearings.empty() if links is None else links)
        return calibrate(self._plan, self._cells, evidence, geometry=geometry)

    def _geometry(self) -> Geometry:
        c = self._cells
        return geometry_of(self._plan, c.level, c.x_m, c.y_m, lost=self._lost.whole())

    def _links(self, total: F64, count: I64) -> Hearings | None:
        """Means of pairs; None where they are too few."""
        heard, ap = np.nonzero(count)
        if len(heard) < MIN_LINKS:
            return None
        mean = (total[heard, ap] / count[heard, ap]).astype(np.float32)
        nothing = np.full(len(heard), np.nan, np.float32)
        return Hearings(np.zeros(len(heard)), heard.astype(np.int32), ap.astype(np.int32), mean, nothing)

    def _faults_of(self, total: F64, count: I64) -> HearingFaults:
        links = self._links(total, count)
        return HearingFaults.none() if links is None else find_hearing_faults(self._plan, links)

    @staticmethod
    def _sound(links: Hearings | None, faults: HearingFaults) -> Hearings | None:
        """The pairs of which nothing is wrong; None where too few are left."""
        told = None if links is None else keep_sound(links, faults)
        return told if told is not None and len(told) >= MIN_LINKS else None

    def state(self) -> dict[str, Any]:
        """For a checkpoint: a few numbers per pair of access points, the newest scans, and what the crowd taught."""
        used_sum, used_count = self._used
        learnt, pending = self._learnt, self._pending
        return {
            "sum": self._sum.copy(),
            "count": self._count.copy(),
            "fresh": self._fresh.whole(),
            "used_sum": used_sum.copy(),
            "used_count": used_count.copy(),
            "first": float(self._first),
            "span": float(self._span),
            "version": self.version,
            "new": self._new,
            "scans": self._scans.state(),
            "loss_scale": self._loss_scale,
            "learnt": None if learnt is None else _learnt_state(learnt),
            "faults": self.faults.state(),
            "pending": None if pending is None else _known_state(pending),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as if nothing had happened since `state()`."""
        self._sum, self._count = np.array(state["sum"]), np.array(state["count"])
        self._fresh.replace(np.asarray(state["fresh"], np.float64).reshape(-1, WIDTH))
        self._used = (np.array(state["used_sum"]), np.array(state["used_count"]))
        self._first, self._span, self.version = state["first"], state["span"], state["version"]
        self._new, self._loss_scale = state["new"], state["loss_scale"]
        self._scans.restore(state["scans"])
        learnt, pending = state["learnt"], state["pending"]
        # checkpoints of before know of no faults
        self.faults = HearingFaults.of_state(state["faults"]) if "faults" in state else self._faults_of(*self._used)
        self._learnt = None
        if learnt is not None:
            soft = SoftLaw(LawCoefficients(np.array(learnt["theta"])), np.array(learnt["fields"]))
            self._learnt = Learnt(soft, learnt["sigma_db"], learnt["gain"])
        self._pending = None
        if pending is not None:
            scans = ScanMemory(len(self._sum))
            scans.restore(pending["scans"])
            self._pending = _Known(np.array(pending["sum"]), np.array(pending["count"]), scans, pending["seed"])


def _learnt_state(learnt: Learnt) -> dict[str, Any]:
    soft = learnt.soft
    return {
        "theta": soft.coefficients.vector.copy(),
        "fields": soft.fields.copy(),
        "sigma_db": learnt.sigma_db,
        "gain": learnt.gain,
    }


def _known_state(known: _Known) -> dict[str, Any]:
    return {
        "sum": known.total.copy(),
        "count": known.count.copy(),
        "scans": known.scans.state(),
        "seed": known.seed,
    }
