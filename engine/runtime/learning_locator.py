"""A locator whose radio map is learnt as it goes: each scan is located with the map of its time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.config import PositioningConfig
from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.doubting.live_stuck import LiveStuck
from engine.positioning.doubting.live_units import LiveUnits
from engine.positioning.learning.kept_maps import with_own_rest
from engine.positioning.learning.self_calibration import FIRST_FIT_S, Fitted, SelfCalibration, links_of
from engine.positioning.locator import Locator, NoFix
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.pathloss import cell_geometry
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import U64, Bools, Fixes, Readings, Scans
from engine.runtime.map_fits import MapFits
from engine.runtime.renaming import rename_devices

FITTING_S = 10.0  # from the beginning of a fit to its use, a fit being 1 to 5 s of a core; less than between fits
POSTPONED_S = 60.0  # where a map is not made by then, and nobody waits for it
SETTLE_S = 5.0  # between two roundings of all tracks
WITNESSES = 5  # phones that hear an access point, before it is said that it contradicts the others
LONG_SILENCE_S = 86_400.0  # in which nobody looks for what might be learnt


class LearningLocator:
    """A map is fitted to what was heard before a time that is set, and used from FITTING_S later by the readings' own
    clock, done or not: however the same readings come in, they give the same fixes. Tracks are rounded at times that
    are set, too. Just after, they take a hundredth of the bytes: a checkpoint is best made then.

    A `radio_map` that is given is kept, and nothing is learnt; of one that is a survey's in part only, the rest is.
    `fits` is where fits are made; one that comes due while it owes a rest is left out, as the next will be made of all
    that was heard too. Where `fits` are not waited for, a map that is not made in time is used POSTPONED_S later:
    whoever wants the same fixes all the same asks `needs_no_map_until`, and keeps later readings back for a while.
    """

    def __init__(
        self, plan: Plan, cells: Cells, config: PositioningConfig, fits: MapFits, radio_map: RadioMap | None = None
    ) -> None:
        settings = replace(DEFAULT_SETTINGS, vague_share=config.vague_share)
        geometry = cell_geometry(plan, cells)  # what is slow to find, once for all that ask for it
        self._plan = plan
        by_plan = prior_map(plan, cells, geometry=geometry)
        self._base = radio_map or by_plan
        self._in_part = (radio_map, by_plan) if radio_map is not None and radio_map.kept < 1.0 else None
        self._locator = Locator(plan, cells, self._base, config.method, settings)
        self._calibration = SelfCalibration(plan, cells, geometry)
        self._units, self._stuck = LiveUnits(plan), LiveStuck(len(plan.access_points))
        self._window_s = config.window_s
        self._settle_every_s = math.ceil(SETTLE_S / config.window_s) * config.window_s
        self._settle_at = -np.inf
        self.settled = False
        """Whether nothing was located since tracks were rounded."""
        self._given = radio_map is not None and self._in_part is None
        self.map_version = 0
        """Rises with each map that is learnt and used: corrections of the one before it do not hold for it."""
        self._fits = fits
        self._fitting = False
        self._use_at = np.inf
        self._rests_until = -np.inf

    def __len__(self) -> int:
        """How many devices have a track."""
        return len(self._locator)

    @property
    def refused(self) -> Mapping[NoFix, int]:
        """Scans without a fix by reason, as `Locator` counts them."""
        return self._locator.refused

    def contradicting(self) -> dict[str, float]:
        """Access points that contradict the others, as `Locator` says; nothing of what fewer than WITNESSES hear."""
        return self._locator.contradicting(WITNESSES)

    def distrust(self) -> dict[str, dict[str, float] | dict[str, str]]:
        """Access points by what is wrong with them, and by their id: by what phones say of them now, and by what they
        heard of each other until the last fit; the level, dBm, that one says of everybody; and 1 for the unit for which
        all ranges are left aside."""
        at = zip(self._plan.access_points, self._stuck.at.tolist(), strict=True)
        return {
            "contradicting_aps": self.contradicting(),
            **self._calibration.faults.figures(self._plan),
            "stuck_aps": {point.id: level for point, level in at if math.isfinite(level)},
            "range_units": {self._units.unit: 1.0} if self._units.unit else {},
        }

    @property
    def maps_used(self) -> int:
        """How many maps have been learnt and used so far."""
        return self._calibration.version

    def hear(self, ap_readings: Readings) -> None:
        """Takes what access points hear of each other: readings whose `device` is the index of the one heard."""
        if len(ap_readings) and not self._given:
            self._calibration.add(links_of(ap_readings))

    def locate(self, scans: Scans, clock: float) -> Fixes:
        """Fixes of these scans, which are in the order of time. `clock` is how far the store's time is."""
        parts: list[Fixes] = []
        while True:
            k = int(np.searchsorted(scans.t, self._settle_at))
            if k == len(scans) and not (self._settle_at <= clock and math.isfinite(clock)):
                break
            parts.append(self._locate_and_learn(scans.take(slice(0, k)), min(clock, self._settle_at + self._window_s)))
            scans = scans.take(slice(k, None))
            self._settle(float(scans.t[0]) if len(scans) else clock)
        self.settled &= not len(scans)
        return Fixes.concat([*parts, self._locate_and_learn(scans, clock)])

    def _settle(self, then: float) -> None:
        self._locator.settle()
        self._settle_at = (math.floor(then / self._settle_every_s) + 1) * self._settle_every_s
        self.settled = True

    def _locate_and_learn(self, scans: Scans, clock: float) -> Fixes:
        parts: list[Fixes] = []
        while not self._given:
            turn = self._use_at if self._fitting else self._calibration.due_at
            k = int(np.searchsorted(scans.t, turn))
            if k == len(scans) and not turn + self._window_s <= clock < np.inf:
                break
            parts.append(self._locate(scans.take(slice(0, k))))
            scans = scans.take(slice(k, None))
            self._turn(turn, float(scans.t[0]) if len(scans) else clock)
        return Fixes.concat([*parts, self._locate(scans)])

    @property
    def lacks_map(self) -> bool:
        """Whether a map is being made that is not done."""
        return self._fitting and not self._fits.ready

    def needs_no_map_until(self, first: float) -> float:
        """Readings of before this time (s UTC) need no map that is still to be made, if the first is of `first`."""
        if self._given:
            return np.inf
        if self.lacks_map:
            return self._use_at
        due_at = self._calibration.due_at
        return (due_at if math.isfinite(due_at) else first + FIRST_FIT_S) + FITTING_S

    def postpone_map(self, after: float) -> None:
        """The map that is being made is used POSTPONED_S later, and not before `after` (s UTC)."""
        self._use_at = max(self._use_at, after) + POSTPONED_S
        self._calibration.skip(self._use_at)

    def forget(self, devices: U64) -> None:
        """Drops the tracks of devices that have left."""
        self._locator.forget(devices)

    def withdraw(self, devices: U64) -> None:
        """Drops the tracks of devices whose owners take their consent back, and the scans that maps are learnt from."""
        self._locator.forget(devices)
        self._calibration.forget(devices)

    def rename(self, names: Mapping[int, int]) -> None:
        """Tracks go on under new names (old to new). What was learnt keeps the old ones, which lead to nobody."""
        self._locator.restore(rename_devices(self._locator.state(), names))

    def start_anew(self) -> None:
        """The store's time starts anew: a fit under way is used as soon as there is a scan, or time goes on."""
        self._calibration.start_anew()
        self._units.start_anew()
        self._stuck.start_anew()
        self._use_at = self._settle_at = self._rests_until = -np.inf

    def _locate(self, scans: Scans) -> Fixes:
        scans = self._stuck.without_stuck(self._units.in_metres(scans))
        if not self._given:
            self._calibration.add_scans(scans)
        return self._locator.locate(scans)

    def _turn(self, turn: float, then: float) -> None:
        """A fit begins, or the one that was begun is used. `then` is when more was heard, or may be."""
        if self.lacks_map:
            self.postpone_map(then)
            return
        if self._fitting:
            self._use(self._calibration.take(self._fits.result()))
            self._fitting = False
            self._rests_until = self._use_at - FITTING_S + self._fits.owed_s
            return
        if turn < self._rests_until:
            self._calibration.skip(turn)
            return
        self._begin(self._calibration.begin(turn), turn + FITTING_S)
        if not self._fitting and then - turn > LONG_SILENCE_S:
            self._calibration.skip(then)

    def _begin(self, task: Callable[[], Fitted] | None, use_at: float) -> None:
        if task is not None:
            self._fits.begin(task)
            self._fitting, self._use_at = True, use_at

    def _use(self, radio_map: RadioMap | None) -> None:
        if radio_map is not None:
            self._base = radio_map if self._in_part is None else with_own_rest(*self._in_part, radio_map)
            self.map_version += 1
            self._locator.use_map(self._base)

    @property
    def base_map(self) -> RadioMap:
        """The map that is in use, before anybody corrects it."""
        return self._base

    def correct(self, radio_map: RadioMap) -> None:
        """Goes on with this correction of `base_map`, until another map is learnt."""
        self._locator.use_map(radio_map)

    def knows(self, devices: U64) -> Bools:
        """Which of these devices have a track (n,)."""
        return self._locator.knows(devices)

    def forget_silent(self, before: float) -> None:
        """Drops the tracks of devices not heard since `before`, whether they ever had a fix or not."""
        self._locator.forget_silent(before)

    def state(self) -> dict[str, Any]:
        """Tracks, what was learnt, and the fit under way, for a checkpoint."""
        return {
            "calibration": self._calibration.state(),
            "locator": self._locator.state(),
            "use_at": float(self._use_at),
            "settle_at": float(self._settle_at),
            "rests_until": float(self._rests_until),
            "range_units": self._units.state(),
            "stuck": self._stuck.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on as if nothing had happened since `state()`: a fit that was under way begins again."""
        self._calibration.restore(state["calibration"])
        self._locator.restore(state["locator"])
        self._settle_at = float(state["settle_at"])
        self._rests_until = float(state.get("rests_until", -np.inf))  # checkpoints of before know of no rests
        if "range_units" in state:  # checkpoints of before know of none
            self._units.restore(state["range_units"])
        if "stuck" in state:
            self._stuck.restore(state["stuck"])
        self._use(self._calibration.map_in_use())
        self._fitting = False
        self._begin(self._calibration.pending(), float(state["use_at"]))
