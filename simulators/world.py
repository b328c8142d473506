"""One scenario brought to life: a store, its people, their phones and the air, moved on in ticks of fixed length.

Every source of chance has a stream of its own under the scenario's seed, and each tick a stream under its number: the
same seed gives the same world to the byte, however a run is cut into calls, and another radio leaves the people as they
were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.columns import Columns
from engine.plan.model import Plan
from engine.records import F64, I32, Bools
from simulators.air.disruptions import Disruptions
from simulators.air.radio import Air
from simulators.air.ranging import Ranging
from simulators.people.attack import Forger
from simulators.people.crowd import Crowd, Whereabouts
from simulators.people.hours import arrival_rates
from simulators.people.journeys import Journey, Store
from simulators.people.people import draw_people
from simulators.people.phones import (
    BURST_S,
    ScanTimes,
    draw_phones,
    local_mac,
    merge_scan_times,
    one_phones_scans,
    probe_times,
    scan_times,
)
from simulators.people.reactions import What, Wish, replan
from simulators.people.shopping import Outings
from simulators.scenario.scenario import Scenario

TICK_S = 0.5
REACTION_STREAM = 5

Rows = npt.NDArray[np.integer]
Draw = tuple[Bools | slice, np.random.Generator]
"""Some of the rows, and the chance that they get."""


@dataclass(frozen=True, slots=True)
class Heard(Columns):
    """What access points heard in one tick, each (n,), sorted by time.

    `device` is a shopper's index; the number of shoppers plus an access point's index where APs hear one another; and
    beyond both, one number for each probe of a phone that is not connected, then one for each forged phone. Ranges are
    NaN where none was measured.
    """

    t_s: F64
    device: I32
    ap: I32
    rssi_dbm: F64
    range_m: F64
    range_sigma_m: F64


@dataclass(frozen=True, slots=True)
class Changed:
    """When a shopper's journey changed first, and how many times it has."""

    first_s: float
    times: int


class World:
    """A scenario on a plan. Raises OperatorError where the two do not match.

    `journeys`, `crowd`, `scans` and `silences` are always what really happens: `act_upon` changes them.

    `run_s` is how long to run, by default the scenario's duration. A shorter run is the beginning of the whole one; in
    a longer one people go on arriving, which is another draw altogether.
    """

    def __init__(self, scenario: Scenario, plan: Plan, run_s: float | None = None) -> None:
        self.scenario, self.plan = scenario, plan
        self.run_s = scenario.duration_s if run_s is None else run_s
        streams = np.random.SeedSequence(scenario.seed).spawn(9)
        people_rng, walk_rng, phone_rng, air_rng, scan_rng = (np.random.default_rng(s) for s in streams[:5])
        self._tick_seed = int(streams[5].generate_state(1, np.uint64)[0])
        self.shoppers = draw_people(scenario, plan, self.run_s, people_rng)
        rooms = scenario.people.fitting_rooms
        self.store = Store(plan, () if rooms is None else (rooms.zone,))
        until_s, others_rng = max(scenario.duration_s, self.run_s), np.random.default_rng(streams[6])
        rates = arrival_rates(scenario.people, until_s, scenario.starts_at, plan.timezone)
        outings = Outings(self.store, scenario.people, rates, until_s, walk_rng, others_rng)
        self.outings = outings
        self.journeys: list[Journey] = outings.journeys(self.shoppers)
        self.crowd = Crowd(self.journeys)
        self.phones = draw_phones(self.shoppers, scenario.phones, phone_rng, scenario.starts_at.timestamp())
        trouble_rng = np.random.default_rng(streams[7])
        disruptions = Disruptions(plan, scenario.radio, until_s, trouble_rng)
        self.air = Air(plan, scenario.radio, scenario.phones.height_m, air_rng, disruptions)
        rtt = scenario.radio.rtt
        self.ranging = None if rtt is None else Ranging(plan, rtt, len(self.shoppers), trouble_rng)
        scans, self.silences = scan_times(self.crowd, self.phones, scenario.phones, scan_rng)
        first_probe = len(self.shoppers) + len(plan.access_points)
        probes, self._probe_macs = probe_times(self.crowd, self.phones, scenario.phones, first_probe, scan_rng)
        self.scans = merge_scan_times(scans, probes)
        # what would have been without any coupon goes on being drawn, so that nobody else's chance moves
        self._planned = (self.crowd, self.scans)
        self._changed: dict[int, Changed] = {}
        self._drawn_s = 0.0
        forge_rng = np.random.default_rng(streams[8])
        spots = [self.store.ways.spot(f"product {p.sku}") for p in plan.products]
        self._forger = Forger(spots, scenario.attack, forge_rng)
        self._first_forged = first_probe + len(self._probe_macs)
        self._forged_macs = [local_mac(forge_rng) for _ in range(scenario.attack.forged_devices)]

    @property
    def ticks(self) -> int:
        """How many ticks the run lasts: people who are still inside at its end are simply not followed further."""
        return int(np.ceil(self.run_s / TICK_S))

    def tick(self, k: int) -> Heard:
        """Everything heard in [k, k + 1) ticks; a reading's own delay may put it a little after."""
        rng = np.random.default_rng([self._tick_seed, k])
        self._drawn_s = max(self._drawn_s, (k + 1) * TICK_S)
        crowd, scans = self._planned
        parts = self._as_heard(crowd, scans, _rows(scans, k), (slice(None), rng))
        parts += self._elsewhere(k, parts) + self._forge(k)
        every = max(round(self.scenario.radio.ap_scan_s / TICK_S), 1)
        if k % every == 0 and self.plan.access_points:
            count = len(self.plan.access_points)
            heard_ap = len(self.shoppers) + np.arange(count, dtype=np.int32)
            between = self.air.between_aps_dbm(rng, k * TICK_S)
            parts.append(_hear(between, np.full(count, k * TICK_S), heard_ap, rng, None))
        return _sort_by_time(parts)

    def _as_heard(self, crowd: Crowd, scans: ScanTimes, rows: Rows, *draws: Draw) -> list[Heard]:
        """The readings of some scans. Each draw's rows have chance of their own; all else is one numpy call."""
        if not len(rows):
            return []
        t_s, shopper = scans.t_s[rows], scans.shopper[rows]
        at = crowd.at(shopper, t_s)
        sent = self.air.sent_dbm(at, self.phones.offset_db[shopper])
        out = []
        for mine, rng in draws:
            rssi = self.air.received_dbm(sent[mine], rng, t_s[mine])
            ranges = self._ranges(_some(at, mine), shopper[mine], rssi, rng)
            out.append(_hear(rssi, t_s[mine], scans.device[rows][mine], rng, ranges))
        return out

    def _elsewhere(self, k: int, planned: list[Heard]) -> list[Heard]:
        """What is heard of those whose journey has changed by now; their `planned` readings are taken out.

        Each has chance of their own in each tick: however many there are, they take nothing away from one another.
        """
        gone = [i for i, changed in self._changed.items() if changed.first_s <= k * TICK_S]
        if not gone:
            return []
        planned[:] = [h.take(~np.isin(h.device, gone)) for h in planned]
        rows = _rows(self.scans, k)
        rows = rows[np.isin(self.scans.device[rows], gone)]
        device = self.scans.device[rows]
        draws = [(device == i, np.random.default_rng([self._tick_seed, k, 2, i])) for i in np.unique(device).tolist()]
        return self._as_heard(self.crowd, self.scans, rows, *draws)

    def _forge(self, k: int) -> list[Heard]:
        """Forged phones' readings. Chance of their own: without them, the rest of a tick is as it was."""
        t_s, forged = self._forger.times(k * TICK_S, (k + 1) * TICK_S)
        if not len(t_s):
            return []
        rng = np.random.default_rng([self._tick_seed, k, 1])
        rssi = self.air.heard_dbm(self._forger.places(t_s, forged), np.zeros(len(t_s)), rng, t_s)
        return [_hear(rssi, t_s, (self._first_forged + forged).astype(np.int32), rng, None)]

    def act_upon(self, shopper: int, at_s: float, wish: Wish) -> What:
        """A shopper acts upon a coupon for what is wished for, at a scenario time or, where that is drawn already, at
        the next tick: from then on, the journey and all that hangs on it are what they are with the coupon.

        Everybody else's readings stay the same to the bit. Same shopper, same times and wishes: same journey, but for
        the queue at the till, where everybody counts who stands there then. ValueError where there is no phone.
        """
        if not self.phones.connected[shopper]:
            raise ValueError(f"{self.shoppers[shopper].name} has no connected phone to get a coupon on")
        before = self._changed.get(shopper, Changed(np.inf, 0))
        at_s = float(np.ceil(max(at_s, self._drawn_s) / TICK_S - 1e-9)) * TICK_S
        rng = np.random.default_rng([self.scenario.seed, REACTION_STREAM, shopper, before.times])
        walks = bool(rng.random() < self.scenario.phones.walk_to_share)
        what, trip = replan(self.journeys[shopper], at_s, wish, self.outings, self.journeys, rng, walks)
        if trip is not self.journeys[shopper]:
            self._changed[shopper] = Changed(min(before.first_s, at_s), before.times + 1)
            self._replace(shopper, trip, at_s, rng)
        return what

    def _replace(self, shopper: int, trip: Journey, at_s: float, rng: np.random.Generator) -> None:
        self.journeys[shopper] = trip
        self.crowd = self.crowd.replace_journey(shopper, trip)
        # somebody who has just read a coupon has the screen on, and is heard
        system = int(self.phones.system[shopper])
        t_s, more = one_phones_scans(self.scenario.phones, system, at_s, trip.end_s, rng, screen_on=True)
        self.scans = self.scans.replace_scans(shopper, at_s, t_s)
        self.silences[shopper] = (*((a, min(b, at_s)) for a, b in self.silences[shopper] if a < at_s), *more)

    @property
    def changes(self) -> int:
        """How many times anybody's journey has changed."""
        return sum(changed.times for changed in self._changed.values())

    def _ranges(self, at: Whereabouts, shopper: I32, rssi: F64, rng: np.random.Generator) -> tuple[F64, F64] | None:
        if self.ranging is None:
            return None
        in_the_way_db, measures = self.air.in_the_way_db(at), self.ranging.measures[shopper]
        return self.ranging.measure(self.air.distance_m(at), in_the_way_db, np.isfinite(rssi), measures, rng)

    def device_names(self) -> list[str]:
        """Names for offline tables, by `Heard.device`: shoppers, access points by their id, probes, forgeries."""
        probes = [f"probe-{i + 1:06d}" for i in range(len(self._probe_macs))]
        forged = [f"forged-{i + 1:05d}" for i in range(len(self._forged_macs))]
        return [s.name for s in self.shoppers] + [ap.id for ap in self.plan.access_points] + probes + forged

    def device_macs(self) -> list[str]:
        """MACs (ids for access points) for the wire, by `Heard.device`."""
        return [*self.phones.mac, *(ap.id for ap in self.plan.access_points), *self._probe_macs, *self._forged_macs]


def _rows(scans: ScanTimes, k: int) -> Rows:
    """The rows of a tick."""
    rows = scans.between(k * TICK_S, (k + 1) * TICK_S)
    return np.arange(rows.start, rows.stop)


def _some(at: Whereabouts, rows: Bools | slice) -> Whereabouts:
    return Whereabouts(at.level[rows], at.x_m[rows], at.y_m[rows], at.heading_rad[rows])


def _hear(rssi_dbm: F64, t_s: F64, device: I32, rng: np.random.Generator, ranges: tuple[F64, F64] | None) -> Heard:
    rows, ap = np.nonzero(np.isfinite(rssi_dbm))
    t = np.round(t_s[rows] + rng.uniform(0.0, BURST_S, len(rows)), 3)
    none = np.full(len(rows), np.nan)
    range_m, sigma_m = (none, none) if ranges is None else (ranges[0][rows, ap], ranges[1][rows, ap])
    return Heard(t, device[rows], ap.astype(np.int32), rssi_dbm[rows, ap], range_m, sigma_m)


def _sort_by_time(parts: list[Heard]) -> Heard:
    joined = Heard.concat(parts)
    return joined.take(np.lexsort((joined.ap, joined.device, joined.t_s)))
