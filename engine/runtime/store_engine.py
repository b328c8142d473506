"""One store: new frames in, fixes, visits and triggers out. State only, no input or output, no clock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.ingest.time.clocks import SourceClocks, shifted
from engine.ingest.time.dedup import Dedup
from engine.ingest.time.order import Reorder
from engine.offers.campaigns import Campaign
from engine.offers.triggers import Target, TriggerTimers
from engine.plan.cells import Cells, near_membership, walkable_cells, zone_membership
from engine.plan.model import Plan
from engine.positioning.learning.self_calibration import Fitted, SelfCalibration, links_of
from engine.positioning.locator import Locator
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.positioning.windows import ScanWindows
from engine.presence.flows import FlowRow, Flows, leaf_zones
from engine.presence.heat import HeatGrid, HeatRow, ZoneHourRow, ZoneHours
from engine.presence.stays import StoreVisits
from engine.presence.visits import VisitTracker
from engine.radio.radiomap import RadioMap
from engine.records import F32, Fixes, Readings, Scans, StoreVisit, Trigger, VisitEvent

AHEAD_S = 60.0  # no clock error that is corrected leaves the store's time this far ahead of ours
QUIET_S = 30.0
FITTING_S = (
    10.0  # from the beginning of a radio map's fit to its use, a fit being 1 to 5 s of a core; less than between fits
)
LONG_SILENCE_S = 86_400.0  # in which nobody looks for what might be learnt
STOP_LOOK_S = 0.2  # who waits for a fit looks so often whether to stop
_ONE_FIT = threading.Lock()  # at a time, for all stores: a fit takes a whole core


class FitGivenUp(Exception):
    """The engine is to stop while it waits for a radio map: this step has not been done."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step made of what came in. `clock` is the store's event time: everything up to it has been used."""

    clock: float
    fixes: Fixes
    visits: list[VisitEvent]
    triggers: list[Trigger]
    ended: list[StoreVisit]


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Statistics since the last drain: they name no one."""

    heat: list[HeatRow]
    zone_hours: list[ZoneHourRow]
    flows: list[FlowRow]


class StoreEngine:
    """The chain of one store, from frames to triggers.

    Deterministic: the same frames in the same steps give the same result, before and after `state`/`restore`. Once
    `stopping` is set, a step that would wait for a radio map raises FitGivenUp; the engine is then good for nothing.
    """

    def __init__(
        self,
        plan: Plan,
        config: Config,
        radio_map: RadioMap | None = None,
        stopping: threading.Event | None = None,
    ) -> None:
        self.plan = plan
        self._stopping = threading.Event() if stopping is None else stopping
        self.cells: Cells = walkable_cells(plan, config.positioning.cell_m)
        self.zones: F32 = zone_membership(plan, self.cells)
        zone_ids = [z.id for z in plan.zones]
        presence = config.presence
        self._ingest, self._window_s = config.ingest, config.positioning.window_s
        self._heard_at = -np.inf
        self.clocks = SourceClocks(config.ingest.clock_tolerance_s)
        self.dedup = Dedup(config.ingest.dedup_s)
        self.order = Reorder(config.ingest.reorder_s)
        self.windows = self._new_windows()
        settings = replace(DEFAULT_SETTINGS, vague_share=config.positioning.vague_share)
        self.locator = Locator(plan, self.cells, radio_map, config.positioning.method, settings)
        self.calibration = SelfCalibration(plan, self.cells)
        self._map_given = radio_map is not None  # a map that was asked for is kept
        self._fitting: Future[Fitted] | None = None
        self._use_at = np.inf
        self.stays = StoreVisits(presence.silent_s)
        self.visits = VisitTracker(zone_ids, presence)
        self.heat = HeatGrid(plan, self.cells, presence.heat_cell_m, silent_s=presence.silent_s)
        self.hours = ZoneHours(zone_ids, silent_s=presence.silent_s)
        self.flows = Flows(leaf_zones(plan))
        self.timers = TriggerTimers()
        self.counts: Counter[str] = Counter()
        self._linked = np.empty(0, np.uint64)

    def step(self, frames: Sequence[Frame], now: float) -> Step:
        """Frames become readings, then scans, fixes, visits and triggers. `now` is the wall clock."""
        over = self._recording_ended(now)
        rest = self._start_anew() if over else Readings.empty()
        readings = self._fresh(frames)
        self.order.push(readings, now)
        self._heard_at = now if frames else self._heard_at
        in_order, clock = (rest, np.inf) if over else (self.order.release(now), self.order.released_to)
        scans = self.windows.push(in_order, clock)
        self.windows = self._new_windows() if over else self.windows
        fixes = self._locate(scans, clock)
        self.stays.update(fixes.device, fixes.t)
        visits = self._advance(fixes, clock)
        triggers = self._trigger(fixes)
        ended = self._close(clock)
        self.flows.add(visits, ended)
        self._count(readings, in_order, fixes, visits, triggers)
        return Step(clock, fixes, visits, triggers, ended)

    def set_campaigns(self, campaigns: Sequence[Campaign]) -> None:
        """Takes over the campaigns that run; their places become membership over cells."""
        self.timers.set_targets([self._target(c) for c in campaigns])

    def set_linked(self, devices: Sequence[int]) -> None:
        """The devices of shoppers who agreed to offers by location: no other device can trigger."""
        self._linked = np.array(sorted(devices), np.uint64)

    def drain(self) -> Aggregates:
        """The statistics since the last call."""
        return Aggregates(self.heat.drain(), self.hours.drain(), self.flows.drain())

    def _fresh(self, frames: Sequence[Frame]) -> Readings:
        """New readings of all frames, on our clock."""
        parts = []
        for frame in frames:
            offset_s = self.clocks.offset_s(frame.source, frame.sent_at, frame.received_at)
            parts.append(self.dedup.fresh(shifted(frame.readings, offset_s)))
            if len(frame.ap_readings) and not self._map_given:
                self.calibration.add(links_of(self.dedup.fresh(shifted(frame.ap_readings, offset_s))))
        return Readings.concat(parts)

    def _locate(self, scans: Scans, clock: float) -> Fixes:
        """Fixes of these scans, each with the radio map of its time.

        A map is fitted to what was heard before a time that is set, in a thread of its own, and used from FITTING_S
        later by the readings' own clock, done or not: however the same readings come in, they give the same fixes.
        """
        parts: list[Fixes] = []
        while not self._map_given:
            turn = self._use_at if self._fitting else self.calibration.due_at
            k = int(np.searchsorted(scans.t, turn))
            if k == len(scans) and not turn + self._window_s <= clock < np.inf:
                break
            parts.append(self._located(scans.take(slice(0, k))))
            scans = scans.take(slice(k, None))
            self._turn(turn, float(scans.t[0]) if len(scans) else clock)
        return Fixes.concat([*parts, self._located(scans)])

    def _located(self, scans: Scans) -> Fixes:
        if not self._map_given:
            self.calibration.add_scans(scans)
        return self.locator.locate(scans)

    def _turn(self, turn: float, then: float) -> None:
        """A fit begins, or the one that was begun is used. `then` is when more was heard, or may be."""
        if self._fitting is None:
            self._begin_fit(self.calibration.begin(turn), turn + FITTING_S)
            if self._fitting is None and then - turn > LONG_SILENCE_S:
                self.calibration.skip(then)
            return
        radio_map = self.calibration.take(self._fitted(self._fitting))
        self._fitting = None
        if radio_map is not None:
            self.locator.use_map(radio_map)
            self.counts["radio_maps"] += 1

    def _begin_fit(self, task: Callable[[], Fitted] | None, use_at: float) -> None:
        if task is not None:
            self._fitting, self._use_at = _in_background(task), use_at

    def _fitted(self, fitting: Future[Fitted]) -> Fitted:
        while not wait([fitting], STOP_LOOK_S).done:
            if self._stopping.is_set():
                raise FitGivenUp
        return fitting.result()

    def _recording_ended(self, now: float) -> bool:
        """A recording played fast left the store's time ahead of ours, and nothing has come for a while."""
        return self.order.watermark - now > AHEAD_S and now - self._heard_at > QUIET_S

    def _start_anew(self) -> Readings:
        """Makes room for the present: what comes next would be late for ever after. Returns what was still held."""
        rest = self.order.flush()
        late, duplicates = self.order.late, self.dedup.duplicates
        self.order, self.dedup = Reorder(self._ingest.reorder_s), Dedup(self._ingest.dedup_s)
        self.order.late, self.dedup.duplicates = late, duplicates
        return rest

    def _new_windows(self) -> ScanWindows:
        return ScanWindows(len(self.plan.access_points), self._window_s)

    def _advance(self, fixes: Fixes, clock: float) -> list[VisitEvent]:
        p_zone = fixes.posterior @ self.zones
        events = self.visits.update(fixes, p_zone) + self.visits.close_silent(clock)
        self.heat.add(fixes)
        self.hours.add(fixes, p_zone)
        self.hours.add_visits(events)
        return events

    def _trigger(self, fixes: Fixes) -> list[Trigger]:
        return self.timers.update(_rows(fixes, np.isin(fixes.device, self._linked)), self.stays.visit_id)

    def _close(self, clock: float) -> list[StoreVisit]:
        ended = self.stays.close_silent(clock)
        if ended:
            gone = np.array([v.device for v in ended], np.uint64)
            self.locator.forget(gone)
            self.timers.forget(gone)
        return ended

    def _count(
        self, readings: Readings, in_order: Readings, fixes: Fixes, visits: list[VisitEvent], triggers: list[Trigger]
    ) -> None:
        self.counts["readings"] += len(readings)
        self.counts["readings_used"] += len(in_order)
        self.counts["fixes"] += len(fixes)
        self.counts["visits"] += sum(e.kind == "enter" for e in visits)
        self.counts["triggers"] += len(triggers)

    def _target(self, campaign: Campaign) -> Target:
        place = campaign.place
        if place.product is not None and place.radius_m is not None:
            p = self.plan.product_by_sku[place.product]
            member = near_membership(self.plan, self.cells, p.level, p.x_m, p.y_m, place.radius_m)
        elif place.zone is not None:
            member = self.zones[:, self.plan.zone_index[place.zone]]
        else:
            member = np.ones(self.cells.x_m.shape[0], np.float32)
        return Target(campaign.id, member, campaign.min_probability, campaign.min_dwell_s)

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on, but for campaigns and links, which the database holds."""
        parts = {name: part.state() for name, part in self._parts().items()}
        return parts | {
            "counts": dict(self.counts),
            "heard_at": float(self._heard_at),
            "use_at": float(self._use_at),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        for name, part in self._parts().items():
            part.restore(state[name])
        radio_map = self.calibration.map_in_use()
        if radio_map is not None:
            self.locator.use_map(radio_map)
        self._fitting = None
        self._begin_fit(self.calibration.pending(), float(state["use_at"]))
        self.counts = Counter(state["counts"])
        self._heard_at = float(state["heard_at"])

    def _parts(self) -> dict[str, Any]:
        names = (
            "clocks", "dedup", "order", "windows", "calibration", "locator", "stays", "visits", "heat", "hours",
            "flows", "timers",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def _in_background(task: Callable[[], Fitted]) -> Future[Fitted]:
    """Runs a fit in a thread that does not keep the process from ending."""
    future: Future[Fitted] = Future()

    def run() -> None:
        with _ONE_FIT:
            try:
                future.set_result(task())
            except Exception as error:  # noqa: BLE001  whoever waits for the fit gets it
                future.set_exception(error)

    threading.Thread(target=run, name="radio-map", daemon=True).start()
    return future


def _rows(fixes: Fixes, index: np.ndarray[Any, Any]) -> Fixes:
    return Fixes(
        fixes.t[index], fixes.device[index], fixes.level[index], fixes.x_m[index], fixes.y_m[index],
        fixes.cov_m2[index], fixes.n_ap[index], fixes.posterior[index],
    )  # fmt: skip
