"""Histories of P(zone), kept until a device's stay in the store is over: then they become what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from engine.plan.cells import Cells, zone_membership
from engine.plan.model import Plan
from engine.presence.expected.kept import held_state, restore_held
from engine.presence.expected.levels import VISIT_S, Runs, levels_above, mostly, runs_of
from engine.presence.expected.likely import likely_ways
from engine.presence.expected.products import STOP_RUN_S, product_places
from engine.presence.expected.rows import FLOOR, PRODUCT, TILL, ExpectedRow, StayHistory, expected_rows, stay_row
from engine.presence.expected.stops import LikelyStop, MadeStop
from engine.presence.expected.thinning import SECONDTHS, TICKS, Held, thin
from engine.presence.expected.ways import CAME, LEAST, find_reached, way_rows, wholes_of
from engine.presence.flows import ZoneStay, leaf_zones
from engine.presence.intervals import CAP_S, SILENT_S, FixIntervals
from engine.presence.local_hours import hours_in
from engine.presence.places import around_opening
from engine.presence.rhythm import GAP_MAX_S
from engine.presence.staff.behaviour import STAFF_S, StaffByBehaviour
from engine.records import F32, F64, I64, U64, Bools, Fixes, StoreVisit

LEAST_P = 0.01  # traces below it go to the floor between zones
LEAST_STOP_P = 0.03  # at a product: far fewer are near one than in a zone
CHANCES = 250
"""Of certainty. Histories are whole numbers, as a checkpoint holds them all."""


class Histories:
    """The stays that go on, in one store. Adding fixes costs one product; the rest is done when they are drained."""

    def __init__(
        self,
        plan: Plan,
        cells: Cells,
        *,
        cap_s: float = CAP_S,
        silent_s: float = SILENT_S,
        gap_max_s: float = GAP_MAX_S,
        staff_after_s: float = STAFF_S,
    ) -> None:
        leaves = leaf_zones(plan)
        self._leaves = len(leaves)
        tills, places = till_membership(plan, cells), product_places(plan, cells)
        products, self._within = places.near, places.within
        self.zones = (*leaves, *tills, *products, FLOOR)
        self._least_s: F64 = np.array([STOP_RUN_S if z in products else VISIT_S for z in self.zones[:-1]])
        self._least_p: F64 = np.array([LEAST_STOP_P if z in products else LEAST_P for z in self.zones[:-1]])
        zones = zone_membership(plan, cells)[:, [plan.zone_index[z] for z in leaves]]
        nowhere = zones.sum(axis=1) == 0
        # of zones, of tills, and of the floor between: one product of posteriors costs less than two
        self._members: F32 = np.column_stack([zones, *tills.values(), nowhere]).astype(np.float32)
        facing = np.array(list(products.values()), np.float32).reshape(len(products), len(cells))
        self._facing = sparse.csr_array(facing.T)
        self._local = hours_in(plan.timezone)
        self._silent_s = max(silent_s, gap_max_s)
        self._intervals = FixIntervals(cap_s, silent_s, gap_max_s=gap_max_s, local=self._local)
        self._staff = StaffByBehaviour(staff_after_s)
        self._held = _nothing(len(self.zones))
        self._fresh: list[Held] = []
        self._ended: list[tuple[int, float]] = []
        self._likely: list[tuple[int, list[list[ZoneStay]]]] = []  # of what was drained, not taken yet
        self.stops: list[MadeStop] = []
        """Of the stays that the last `drain` was of: who stopped at which products, and how likely."""

    def add(self, fixes: Fixes) -> U64:
        """Takes in fixes. Returns the devices that are staff from now on: nothing of them is counted."""
        if not len(fixes):
            return np.empty(0, np.uint64)
        found = np.asarray(fixes.posterior @ self._members, np.float32)
        inside, floor = np.hstack([found[:, :-1], self._face(fixes)]), found[:, -1]
        inside[inside < self._least_p] = 0.0
        chances, rest = np.rint(inside * CHANCES), np.rint(floor * CHANCES)
        left = CHANCES - chances[:, : self._leaves].sum(axis=1)  # none, where zones overlap
        p = sparse.csr_array(np.column_stack([chances, np.maximum(left, rest)]).astype(np.uint8))
        seconds = self._intervals.seconds(fixes.device, fixes.t)
        self._fresh.append((fixes.device.copy(), _whole(fixes.t, TICKS), _whole(seconds, SECONDTHS), p))
        staff = self._staff.add(fixes.device, fixes.t, seconds)
        if len(staff):
            self.forget(staff)
        return staff

    def _face(self, fixes: Fixes) -> F32:
        """How likely each fix is at each product (n, P)."""
        if not self._facing.shape[1]:  # which takes scipy 0.14 ms all the same
            return np.empty((len(fixes), 0), np.float32)
        found = fixes.posterior @ self._facing
        return np.asarray(found.toarray() if sparse.issparse(found) else found, np.float32)

    @property
    def staff(self) -> U64:
        """Whoever is staff by behaviour, ascending."""
        return self._staff.staff

    def end(self, stays: Sequence[StoreVisit]) -> None:
        """These stays are over."""
        self._ended += [(int(stay.device), stay.last_seen_at) for stay in stays]

    def start_anew(self) -> None:
        """The store's time begins anew: no fix stands for the time since one before that."""
        self._intervals.start_anew()

    def drain(self) -> list[tuple[int, ExpectedRow]]:
        """What is expected of the stays that ended since the last call, with the device of each row."""
        self._gather()
        device, t, seconds, p = self._held
        out: list[tuple[int, ExpectedRow]] = []
        gone = np.zeros(len(t), np.bool_)
        self.stops = []
        for who, until in self._ended:
            first, last = (
                np.searchsorted(device, np.uint64(who), side="left"),
                np.searchsorted(device, np.uint64(who), side="right"),
            )
            mine = np.flatnonzero((t[first:last] <= round(until * TICKS)) & ~gone[first:last]) + first
            gone[mine] = True
            out += [(who, row) for row in self._expect(who, t[mine] / TICKS, seconds[mine] / SECONDTHS, p[mine])]
        self._ended = []
        self._held = (device[~gone], t[~gone], seconds[~gone], p[~gone])
        return out

    def take_ways(self) -> list[tuple[int, list[list[ZoneStay]]]]:
        """The likely ways through leaf zones of the stays that were drained since the last call, with their devices."""
        likely, self._likely = self._likely, []
        return likely

    def _expect(self, who: int, t: F64, seconds: F64, p: sparse.csr_array) -> list[ExpectedRow]:
        if not len(t):
            return []
        stay = stay_row(float(t[0]), float(t[-1] - t[0]), self._local)
        if len(t) < 2:  # heard once: nobody knows for how long
            return [stay]
        gap = np.diff(t, prepend=t[0])
        seconds = np.minimum(seconds, gap)  # what came before its first fix belongs to the stay before
        floor = len(self.zones) - 1
        seen = np.append(np.unique(p.indices[p.indices < floor]), floor)
        history = StayHistory(t, seconds, gap - seconds, p[:, seen].toarray() / CHANCES)
        names, smooth = tuple(self.zones[z] for z in seen.tolist()), history.smooth()
        runs = self._visits(history, smooth, seen[:-1])
        leaves = seen < self._leaves
        likely = likely_ways(t, seconds, smooth[:, leaves | (seen == floor)], [self.zones[z] for z in seen[leaves]])
        self._likely.append((who, likely))
        rows = [stay, *expected_rows(history, names, self._local, smooth, runs)]
        if stay.zone in CAME:
            places = find_reached(runs, names)
            rows += way_rows(places, self._within, stay.hour_start)
            stops = {n.removeprefix(PRODUCT): at for n, at in places.items() if n.startswith(PRODUCT)}
            known = {sku: at for sku, at in stops.items() if at.chance >= LEAST}
            self.stops += [MadeStop(who, sku, LikelyStop(at.first_at, at.chance)) for sku, at in known.items()]
        return rows

    def _visits(self, history: StayHistory, smooth: F64, seen: I64) -> Runs:
        """At each threshold; `seen` are the zones, tills and products (m,) of the first columns of P and `smooth`."""
        n, least_s = len(seen), self._least_s[seen]
        stops = least_s == STOP_RUN_S  # too short for the median; what the mean makes of them is allowed for
        inside = mostly(history.t, history.seconds, levels_above(history.p[:, :n]))
        inside[stops] = levels_above(smooth[:, :n][:, stops])
        return runs_of(history.t, history.seconds, inside, least_s)

    def _gather(self) -> None:
        parts = [self._held, *self._fresh]
        device = np.concatenate([part[0] for part in parts])
        t, seconds = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
        p = sparse.csr_array(sparse.vstack([part[3] for part in parts], format="csr"))
        order = np.lexsort((t, device))
        self._held, self._fresh = thin((device[order], t[order], seconds[order], p[order])), []

    def forget(self, devices: U64) -> None:
        """Nothing of what these devices (m,) did in stays that go on is counted."""
        self._gather()
        kept = ~np.isin(self._held[0], devices)
        device, t, seconds, p = self._held
        self._held = (device[kept], t[kept], seconds[kept], p[kept])

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        self._gather()
        who, until = zip(*self._ended, strict=True) if self._ended else ((), ())
        return {
            "zones": list(self.zones),
            "intervals": self._intervals.state(),
            "staff": self._staff.state(),
            "held": held_state(self._held),
            "ended": {"device": np.array(who, np.uint64), "until": np.array(until, np.float64)},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned; of another plan's zones nothing: the stays begin anew."""
        if tuple(state["zones"]) != self.zones:
            return
        self._intervals.restore(state["intervals"])
        self._staff.restore(state["staff"])
        held = state["held"]
        self._held, self._fresh = restore_held(held if isinstance(held, Mapping) else state, len(self.zones)), []
        ended = state["ended"]
        until: list[float] = np.asarray(ended["until"]).tolist()
        self._ended = list(zip(np.asarray(ended["device"], np.uint64).tolist(), until, strict=True))


def _nothing(width: int) -> Held:
    rows = sparse.csr_array(np.empty((0, width), np.uint8))
    return np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64), rows


def _whole(values: F64, parts: int) -> I64:
    return np.rint(values * parts).astype(np.int64)


def till_membership(plan: Plan, cells: Cells) -> dict[str, Bools]:
    """Where people queue at each till (C,), under its row's name."""
    tills = [opening for opening in plan.openings if opening.category == "checkout"]
    found = {TILL + till.id: around_opening(plan, cells, till) for till in tills}
    return {name: around for name, around in found.items() if around.any()}


def tills_within(plan: Plan, cells: Cells) -> dict[str, frozenset[str]]:
    """The rows of tills that stand in each leaf zone, if only by a part: a zone less its till must hide as well."""
    zones, tills = zone_membership(plan, cells) > 0, till_membership(plan, cells)
    return {
        zone: frozenset(name for name, around in tills.items() if (around & zones[:, plan.zone_index[zone]]).any())
        for zone in leaf_zones(plan)
    }


def steps_within(plan: Plan, cells: Cells) -> dict[str, tuple[str, ...]]:
    """Of which rows stops at products and steps of people's ways are parts."""
    places = product_places(plan, cells)
    return wholes_of(leaf_zones(plan), places.within, [name.removeprefix(PRODUCT) for name in places.near])
