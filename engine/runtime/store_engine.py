"""One store: new frames in, fixes, visits and triggers out. State only, no input or output, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from scipy import sparse

from engine.config import Config
from engine.ingest.decoders.labels import LABEL_SOURCE
from engine.ingest.decoders.native import Frame
from engine.offers.campaigns import Campaign
from engine.offers.promise import Promise
from engine.offers.triggers import TriggerTimers
from engine.plan.cells import Cells, walkable_cells, zone_membership
from engine.plan.model import Plan
from engine.positioning.labels.lesson import Lesson
from engine.positioning.told import fixes_of
from engine.presence.expected.histories import Histories
from engine.presence.flows import Flows, leaf_zones
from engine.presence.heat import HeatGrid, ZoneHours
from engine.presence.local_hours import hours_in
from engine.presence.place_prior import PlacePrior
from engine.presence.release import Statistics
from engine.presence.stays import StoreVisits
from engine.presence.visits import VisitTracker
from engine.radio.radiomap import RadioMap
from engine.records import (
    F32,
    U64,
    Bools,
    DeviceId,
    Fixes,
    Readings,
    Scans,
    StoreVisit,
    ToldPositions,
    Trigger,
    VisitEvent,
)
from engine.runtime.intake import HeardStep, Intake
from engine.runtime.labels.store_labels import StoreLabels
from engine.runtime.learning_locator import LearningLocator
from engine.runtime.map_fits import Fits, FitsInPlace, MapFits
from engine.runtime.newcomers import Newcomers
from engine.runtime.promised.promises import Promises
from engine.runtime.renaming import rename_devices
from engine.vocabulary import VisitChange

Stayed = TypeVar("Stayed", VisitEvent, StoreVisit)

REMEMBERED_GONE = 1_000  # withdrawn devices of whom readings may still be on their way through the intake: seconds
CARRIED_S = 4 * 3600.0
"""Whose stay began so long before the salt turns at most keeps it; what never leaves (a till, a screen) does not."""


class StoreCount(StrEnum):
    """What is counted of everything that comes through a store."""

    READINGS = "readings"  # new ones of devices
    READINGS_USED = "readings_used"  # those that came in time
    AP_READINGS = "ap_readings"  # access points hearing each other
    FIXES = "fixes"
    VISITS = "visits"  # to zones
    TRIGGERS = "triggers"
    RADIO_MAPS = "radio_maps"  # made and used


@dataclass(frozen=True, slots=True)
class Step:
    """What one step made of what came in. `clock` is the store's event time: everything up to it has been used."""

    clock: float
    fixes: Fixes
    visits: list[VisitEvent]
    triggers: list[Trigger]
    ended: list[StoreVisit]


class StoreEngine:
    """The chain of one store, from frames to triggers.

    Deterministic: the same frames in the same steps give the same result, before and after `state`/`restore`, wherever
    `fits` makes the radio maps that are learnt, as long as that owes no rests, which are measured. A `radio_map` that
    is given is kept instead. What `fits.result` raises comes out of `step`; the engine is then good for nothing.
    `lessons` is where it is worked out what labels come to.
    """

    def __init__(
        self,
        plan: Plan,
        config: Config,
        radio_map: RadioMap | None = None,
        fits: MapFits | None = None,
        lessons: Fits[Lesson] | None = None,
    ) -> None:
        positioning, presence = config.positioning, config.presence
        self.plan = plan
        self.cells: Cells = walkable_cells(plan, positioning.cell_m)
        self._zones: F32 = zone_membership(plan, self.cells)
        zone_ids = [z.id for z in plan.zones]
        self._intake = Intake(config.ingest, len(plan.access_points), positioning.window_s)
        self._locator = LearningLocator(plan, self.cells, positioning, fits or FitsInPlace(), radio_map)
        self._places = PlacePrior(plan, self.cells)
        self._promises = Promises(plan, self.cells, self._zones)
        self.maps = self._locator
        self._labels = StoreLabels(plan, self.cells, self._locator, lessons)
        self._campaigns: tuple[Campaign, ...] = ()
        self._known_places = self._learnt_versions
        self._newcomers = Newcomers(config.ingest.devices_per_store)
        self._silent_s = max(presence.silent_s, presence.gap_max_s)
        silences = {"silent_s": presence.silent_s, "gap_max_s": presence.gap_max_s}
        self._stays = StoreVisits(**silences, k=config.privacy.k)
        self._visits = VisitTracker(zone_ids, presence)
        self._heat = HeatGrid(plan, self.cells, presence.heat_cell_m, **silences)
        local = hours_in(plan.timezone)
        self._hours = ZoneHours(zone_ids, **silences, local=local)
        self._flows = Flows(leaf_zones(plan), local)
        self._histories = Histories(plan, self.cells, **silences, staff_after_s=presence.staff_after_s)
        self._timers = TriggerTimers(gap_max_s=presence.gap_max_s)
        self._linked = np.empty(0, np.uint64)
        self._uncounted = np.empty(0, np.uint64)
        self._gone = np.empty(0, np.uint64)  # what readings under way are called of devices that were withdrawn
        self._counts: Counter[StoreCount] = Counter()

    def step(self, frames: Sequence[Frame], now: float) -> Step:
        """Frames become readings, then scans, fixes, visits and triggers. `now` is the wall clock."""
        self._labels.take(self._intake.take_labels(frames, now))
        heard = self._intake.take([f for f in frames if not f.source.startswith(LABEL_SOURCE)], now)
        self.hear(heard.ap_readings)
        scans = self._admit(heard.scans) if len(heard.scans) else heard.scans
        located = self._locator.locate(scans, heard.clock)
        fixes = self._places.weigh(self._with_told(located, heard.positions))
        self._labels.learn(scans, fixes, heard.clock)
        if self._promises.given and self._known_places != self._learnt_versions:
            self._retarget()
        self._stays.update(fixes.device, fixes.t)
        visits = self._advance(fixes, heard.clock)
        triggers = self._trigger(fixes)
        ended = self._close(heard.clock)
        if heard.clock == np.inf:
            for part in (self._locator, self._places, self._heat, self._hours, self._histories):
                part.start_anew()
        self._histories.end(ended)
        step = Step(heard.clock, fixes, visits, triggers, ended)
        self._count(frames, heard, step)
        return step

    def hear(self, ap_readings: Readings) -> None:
        """Access points hearing each other, on the store's clock; those that come in frames are heard by `step`."""
        self._locator.hear(ap_readings)

    def listen_from(self, now: float) -> None:
        """Nothing could be heard before `now` (s, UTC): that silence says nothing."""
        self._intake.listen_from(now)

    def frontier_after(self, frame: Frame) -> float:
        """Up to when the frame's source will have told everything once a step has it, s UTC."""
        return self._intake.frontier_after(frame)

    def reaches(self, frame: Frame | None, now: float) -> float:
        """How far a step with this frame, or with none, may take the store's time, s UTC."""
        return self._intake.reaches(frame, now)

    @property
    def holds(self) -> bool:
        """Whether readings are held back that become fixes as time goes on. Else all that time brings is silence."""
        return self._intake.holds

    def set_campaigns(self, campaigns: Sequence[Campaign]) -> None:
        """Takes over the campaigns that run; their places become membership over cells."""
        self._campaigns = tuple(campaigns)
        self._retarget()

    @property
    def promises(self) -> Mapping[str, Promise]:
        """What the campaigns that state a precision can promise at their places, by id."""
        return dict(self._promises.given)

    def _retarget(self) -> None:
        """Thresholds anew, by where people pause."""
        targets = self._promises.targets(self._campaigns, self._places, self._labels.triggers)
        self._timers.set_targets(targets)
        self._labels.triggers.set_targets(targets)
        self._known_places = self._learnt_versions

    @property
    def _learnt_versions(self) -> tuple[int, int]:
        """Rise with what thresholds are made of."""
        return self._places.version, self._labels.promised_version

    def set_teaching(self, devices: Sequence[int]) -> None:
        """The devices of shoppers who agreed that their places teach: no other's labels are used."""
        self._labels.set_willing(np.array(sorted(devices), np.uint64))

    def set_linked(self, devices: Sequence[int]) -> None:
        """The devices of shoppers who agreed to offers by location: no other device can trigger."""
        self._linked = np.array(sorted(devices), np.uint64)

    def set_uncounted(self, devices: Sequence[int]) -> None:
        """The devices of shoppers who object to statistics: they get offers, and are part of no figure."""
        self._uncounted = np.array(sorted(devices), np.uint64)
        self._hours.forget(self._uncounted)
        self._histories.forget(self._uncounted)

    def are_counted(self, devices: U64) -> Bools:
        """Which of these devices are part of figures (n,)."""
        return ~np.isin(devices, self._not_counted)

    @property
    def _not_counted(self) -> U64:
        """Who objects to statistics or wears a badge, and who is staff by behaviour."""
        return np.concatenate([self._uncounted, self._histories.staff])

    def withdraw(self, names: Mapping[int, int]) -> None:
        """Devices whose owners take their consent back: their tracks are dropped, and nothing here knows them by their
        name. What they added to figures stays in the sums; the visits under way end, in silence, under a name of
        chance: `names` (old to new), which nothing leads to."""
        gone = np.array(list(names), np.uint64)
        self._locator.withdraw(gone)
        self._labels.withdraw(gone)
        self._timers.forget(gone)
        self._places.forget(gone)
        for part in self._presence().values():
            part.restore(rename_devices(part.state(), names))
        self._intake.restore(rename_devices(self._intake.state(), names))
        self._gone = np.concatenate([self._gone, np.array(list(names.values()), np.uint64)])[-REMEMBERED_GONE:]

    def rename(self, names: Mapping[int, int], now: float) -> None:
        """The salt has turned at `now`: devices go on under new names (old to new).

        Their tracks and visits are not cut, but for those who have been there for more than CARRIED_S: nobody is
        carried over twice.
        """
        staying = self._stays.list_begun_before(now - CARRIED_S)
        carried = {old: new for old, new in names.items() if old not in set(staying.tolist())}
        for part in self._presence().values():
            part.restore(rename_devices(part.state(), carried))
        self._labels.rename(carried)
        self._intake.restore(rename_devices(self._intake.state(), names))
        self._locator.rename(carried)
        self._hours.forget(staying)

    def visit_id(self, device: DeviceId) -> str | None:
        """The name of the device's visit to the store, while it lasts."""
        return self._stays.visit_id(device)

    @property
    def labels(self) -> StoreLabels:
        """What labels taught."""
        return self._labels

    def drain(self) -> Statistics:
        """The statistics since the last call."""
        stays = self._histories.drain()
        moves = [(who, *pair) for who, ways in self._histories.take_ways() for pair in self._flows.add(ways)]
        heat, hours, flows = self._heat.drain(), self._hours.drain(), self._flows.drain()
        return Statistics(heat, hours, flows, stays=stays, moves=moves, stops=self._histories.stops)

    @property
    def counts(self) -> Counter[StoreCount]:
        """How many of each thing there were so far: a copy."""
        maps = {StoreCount.RADIO_MAPS: self._locator.maps_used} if self._locator.maps_used else {}
        return Counter(self._counts | maps)

    @property
    def late(self) -> int:
        """Readings that came too late, ever."""
        return self._intake.late

    @property
    def followed(self) -> int:
        """How many devices have a track."""
        return len(self._locator)

    def figures(self) -> dict[str, Any]:
        """Counts, by reason where something was left out; never who."""
        return {
            "counts": dict(self.counts),
            "no_fix": dict(self._locator.refused),
            "devices": len(self._stays),
            "tracks": len(self._locator),
            **self._locator.distrust(),
            "labels": self._labels.figures(),
            "promises": self._promises.figures(self._campaigns),
            "held_back": self._newcomers.held_back,
            "heard_once_share": self._stays.heard_once_share,
            "staff_by_behaviour": len(self._histories.staff),
        } | self._intake.figures()

    def _admit(self, scans: Scans) -> Scans:
        """The scans of devices that have a track, are linked, or may have one."""
        if len(self._gone):
            scans = scans.take(np.flatnonzero(~np.isin(scans.device, self._gone)))
        known = self._locator.knows(scans.device) | np.isin(scans.device, self._linked)
        return self._newcomers.admit(scans, known, len(self._locator))

    def _admit_told(self, positions: ToldPositions) -> ToldPositions:
        """The positions of devices that are followed already, are linked, or have been told of for a while."""
        if len(self._gone):
            positions = positions.take(np.flatnonzero(~np.isin(positions.device, self._gone)))
        device = positions.device
        known = self._locator.knows(device) | self._stays.knows(device) | np.isin(device, self._linked)
        return self._newcomers.admit_told(positions, known, max(len(self._locator), len(self._stays)))

    def _with_told(self, fixes: Fixes, positions: ToldPositions) -> Fixes:
        """And the fixes that sources told themselves, in the order of time."""
        positions = self._admit_told(positions) if len(positions) else positions
        if not len(positions):
            return fixes
        told = fixes_of(positions, self.cells, large=sparse.issparse(fixes.posterior))
        both = Fixes.concat([fixes, told])
        return both.take(np.argsort(both.t, kind="stable"))

    def _advance(self, fixes: Fixes, clock: float) -> list[VisitEvent]:
        p_zone = fixes.posterior @ self._zones
        events = self._visits.update(fixes, p_zone) + self._visits.close_silent(clock)
        counted = self.are_counted(fixes.device)
        if not counted.all():
            fixes, p_zone = fixes.take(counted), p_zone[counted]
        self._heat.add(fixes)
        self._hours.add(fixes, p_zone)
        self._hours.forget(self._histories.add(fixes))
        self._hours.add_visits(self.filter_counted(events))
        return events

    def zones_of(self, device: int) -> list[tuple[str, float]]:
        """The zones that a device is in now, and since when (s UTC)."""
        return self._visits.zones_of(device)

    def filter_counted(self, events: Sequence[Stayed]) -> list[Stayed]:
        """What is part of figures of these visits."""
        uncounted = set(self._not_counted.tolist())
        return [event for event in events if int(event.device) not in uncounted] if uncounted else list(events)

    def _trigger(self, fixes: Fixes) -> list[Trigger]:
        return self._timers.update(fixes.take(np.isin(fixes.device, self._linked)), self.visit_id)

    def _close(self, clock: float) -> list[StoreVisit]:
        ended = self._stays.close_silent(clock)
        self._locator.forget_silent(clock - self._silent_s)
        self._newcomers.forget(clock)
        if ended:
            gone = np.array([v.device for v in ended], np.uint64)
            self._locator.forget(gone)
            self._timers.forget(gone)
            self._places.forget(gone)
            self._labels.forget(gone)
        return ended

    def _count(self, frames: Sequence[Frame], heard: HeardStep, step: Step) -> None:
        self._counts[StoreCount.READINGS] += heard.new
        self._counts[StoreCount.READINGS_USED] += heard.used
        if hearings := sum(len(frame.ap_readings) for frame in frames):
            self._counts[StoreCount.AP_READINGS] += hearings
        self._counts[StoreCount.FIXES] += len(step.fixes)
        self._counts[StoreCount.VISITS] += sum(e.kind == VisitChange.ENTER for e in step.visits)
        self._counts[StoreCount.TRIGGERS] += len(step.triggers)

    @property
    def settled(self) -> bool:
        """Whether tracks were rounded just now: `state` packs into a hundredth."""
        return self._locator.settled

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on, but for campaigns and links, which the database holds."""
        presence = {name: part.state() for name, part in self._presence().items()}
        rest = {"counts": dict(self._counts), "labels": self._labels.state()}
        return presence | self._intake.state() | self._locator.state() | rest

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        for name, part in self._presence().items():
            if name in state or part not in (self._places, self._histories):  # checkpoints of before know of neither
                part.restore(state[name])
        self._intake.restore(state)
        self._locator.restore(state)
        if "labels" in state:  # checkpoints of before know of none
            self._labels.restore(state["labels"])
        if self._campaigns:
            self._retarget()
        self._counts = Counter({StoreCount(what): n for what, n in state["counts"].items()})

    def _presence(self) -> dict[str, Any]:
        return {
            "stays": self._stays,
            "visits": self._visits,
            "heat": self._heat,
            "hours": self._hours,
            "flows": self._flows,
            "histories": self._histories,
            "timers": self._timers,
            "places": self._places,
            "newcomers": self._newcomers,
        }
