"""What a store's statistics let out: sums of blocks that k people stand behind (`engine.privacy.k_anonymity`).

Three kinds of figure wait in blocks of their own. *Heat* is cut along the floor and gives zones their person-seconds,
so that zones, squares and store add up and none can be taken from another. *Visits* of a zone, with their dwell and
the most people at once: those of a zone that holds others also wait until whoever was in it and not in its parts is
nobody, or k. *Transitions* wait by pair of zones. Both are counts, and go in whole ks: what is left waits on, so that
no sum of zones, pairs or hours tells what is kept back. A block ends where the clock passes a multiple of `block_s`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.plan.cells import Cells, zone_membership
from engine.plan.model import Plan
from engine.presence.expected.histories import steps_within, tills_within
from engine.presence.expected.rows import ExpectedRow, add_up
from engine.presence.expected.stops import MadeStop
from engine.presence.expected.waiting import ExpectedWaiting
from engine.presence.flows import FlowRow, zones_within
from engine.presence.frames import heat_frames, squares_of_cells
from engine.presence.heat import HeatRow
from engine.presence.local_hours import LocalHours, hours_in
from engine.presence.zonehours import ZoneHourRow
from engine.privacy.k_anonymity import BlockPeople, Presences, cut_floor, lay_ks, weights, whole_ks
from engine.records import F64, I64, U64, Fixes, VisitEvent
from engine.vocabulary import VisitChange

ALL = 1
"""With a k of one everything is let out at once, as it comes."""
LONGEST_S = 2 * 86_400.0
"""A block that waited for longer is laid over the last two days; a clock that moves by more is another recording's."""
LONGEST_DAYS = 8
"""What is kept by days is laid over so many at most."""
_PAIR = ""  # the one part of a pair of zones


@dataclass(frozen=True, slots=True)
class Statistics:
    """Rows to be added to the store's tables. They name no one, but for three that go no further than to `Release`.

    `stays`, what each device adds to what is expected of zones, comes out of it as `expected`; `moves`, who went from
    which zone to which, as `flows`; `stops`, where somebody stopped, is kept of people who agreed to it, and of nobody
    else.
    """

    heat: list[HeatRow] = field(default_factory=list)
    zone_hours: list[ZoneHourRow] = field(default_factory=list)
    flows: list[FlowRow] = field(default_factory=list)
    expected: list[ExpectedRow] = field(default_factory=list)
    stays: list[tuple[int, ExpectedRow]] = field(default_factory=list)
    moves: list[tuple[int, str, str]] = field(default_factory=list)
    stops: list[MadeStop] = field(default_factory=list)

    def anonymous(self) -> Statistics:
        """The same with all stays added up."""
        expected = add_up([*self.expected, *(row for _, row in self.stays)])
        return Statistics(self.heat, self.zone_hours, self.flows, expected)


@dataclass
class Block:
    """A zone's visits, or a pair's transitions, not let out yet, and who is behind them."""

    since: float
    n: int = 0
    dwell_s: float = 0.0
    peak: float = 0.0
    crowd: BlockPeople = field(default_factory=BlockPeople)


class Release:
    """What waits of one store. With `k` 1 nothing does."""

    def __init__(self, plan: Plan, cells: Cells, heat_cell_m: float, *, k: int, block_s: float) -> None:
        self.k, self._block_s = k, block_s
        self._local = hours_in(plan.timezone)
        self._frames = heat_frames(plan, heat_cell_m)
        to_squares = squares_of_cells(self._frames, cells)
        self._floor_m2: F64 = np.asarray(to_squares.sum(axis=1), np.float64).ravel() * cells.cell_m**2
        zone_m2 = np.asarray(to_squares @ zone_membership(plan, cells).astype(np.float64)) * cells.cell_m**2
        floor = self._floor_m2[:, None]
        self._zone_part: F64 = np.divide(zone_m2, floor, out=np.zeros_like(zone_m2), where=floor > 0)
        self._places = _places(self._frames)
        self._zones = [zone.id for zone in plan.zones]
        self._parts = zones_within(plan)
        self._tried: float | None = None
        self._heard = 0.0
        self._begun = 0.0
        self._heat: F64 = np.zeros((2, self._floor_m2.shape[0]))  # person-seconds, fixes
        self._heat_since = 0.0
        self._presences = Presences.none()
        self._visits: dict[str, Block] = {}
        self._moves: dict[tuple[str, str], Block] = {}
        self._ended: dict[str, float] = {}  # when the last block of a zone or pair ended
        self._expected = ExpectedWaiting(
            k,
            lambda since, until: hours_of(since, until, self._local),
            tills_within(plan, cells),
            steps_within(plan, cells) if k != ALL else {},
            lambda since, until: days_of(since, until, self._local),
        )

    def see(self, fixes: Fixes, visits: Sequence[VisitEvent]) -> None:
        """Who is behind what the next `take` brings."""
        if self.k == ALL:
            return
        if len(fixes):
            self._presences = self._presences.join(fixes.device, self._squares(fixes))
        for event in visits:
            if event.kind == VisitChange.LEAVE:
                self._see_visit(event)

    def _see_visit(self, event: VisitEvent) -> None:
        """A visit to a zone, and one to a part of each zone that holds it."""
        for zone in self._zones:
            if zone == event.zone or event.zone in self._parts[zone]:
                block = self._visits.setdefault(zone, self._new(zone))
                block.crowd.add(event.zone, int(event.device))
        mine = self._visits[event.zone]
        mine.n, mine.dwell_s = mine.n + 1, mine.dwell_s + event.dwell_s

    def see_moves(self, moves: Iterable[tuple[int, str, str]]) -> None:
        """Who went from which zone to which."""
        for device, a, b in moves if self.k != ALL else ():
            block = self._moves.setdefault((a, b), self._new(_pair(a, b)))
            block.crowd.add(_PAIR, int(device))
            block.n += 1

    def take(self, drained: Statistics, clock: float) -> Statistics:
        """What may be let out at `clock` (s, UTC, the store's own); the rest of `drained` waits."""
        if self.k == ALL:
            return drained.anonymous()
        self._keep(drained)
        if clock <= 0:  # nothing was heard yet
            return Statistics()
        end, heard, self._heard = clock // self._block_s * self._block_s, self._heard, clock
        if self._tried is None or end < self._tried:  # it begins, or the store's clock was ahead and came back
            self._begin(end)
        if self._tried is not None and end <= self._tried:
            return Statistics()
        if clock - heard <= LONGEST_S:
            return self._let_out(end)
        out = self._let_out(heard // self._block_s * self._block_s + self._block_s)  # a recording is over
        self._tried = None
        self._begin(end)
        return out

    def _let_out(self, end: float) -> Statistics:
        self._tried = end
        heat, zones = self._release_heat(end)
        hours, moves = zones + self._release_visits(end), self._release_moves(end)
        return Statistics(heat, hours, moves, self._expected.release(end))

    def _keep(self, drained: Statistics) -> None:
        first = {frame.level: frame for frame in self._frames}
        for row in drained.heat:
            frame = first[row.level]
            self._heat[:, frame.first + row.row * frame.cols + row.col] += row.person_s, row.fixes
        for z in drained.zone_hours:
            if z.zone in self._visits or z.persons_peak > 0:
                block = self._visits.setdefault(z.zone, self._new(z.zone))
                block.peak = max(block.peak, z.persons_peak)
        self.see_moves(drained.moves)
        self._expected.keep(drained.stays, self._begun)

    def _new(self, name: str) -> Block:
        return Block(self._ended.get(name, self._begun))

    def _begin(self, end: float) -> None:
        """No block goes on from before its beginning, nor begins later than now."""
        first = self._tried is None
        self._tried = end
        self._begun, self._heat_since = (end if first else min(t, end) for t in (self._begun, self._heat_since))
        self._ended = {name: min(t, end) for name, t in self._ended.items()}
        for block in (*self._visits.values(), *self._moves.values()):
            block.since = end if first else min(block.since, end)
        self._expected.begin(end, first=first)

    def _squares(self, fixes: Fixes) -> I64:
        """The square of each fix's own point, (n,)."""
        out = np.zeros(len(fixes), np.int64)
        for i, frame in enumerate(self._frames):
            on = fixes.level == i
            col = np.floor((fixes.x_m[on] - frame.x0_m) / frame.heat_cell_m).astype(np.int64)
            row = np.floor((fixes.y_m[on] - frame.y0_m) / frame.heat_cell_m).astype(np.int64)
            out[on] = frame.first + np.clip(row, 0, frame.rows - 1) * frame.cols + np.clip(col, 0, frame.cols - 1)
        return out

    def _release_heat(self, end: float) -> tuple[list[HeatRow], list[ZoneHourRow]]:
        if self._presences.people() < self.k:
            return [], []
        even = np.zeros_like(self._heat)
        for piece in cut_floor(self._presences, self._places, self._floor_m2 > 0, self.k):
            even[:, piece] = self._heat[:, piece].sum(axis=1)[:, None] * weights(self._floor_m2[piece])
        zones = even[0] @ self._zone_part
        hours = hours_of(self._heat_since, end, self._local)
        self._heat[:], self._presences, self._heat_since = 0.0, Presences.none(), end
        rows = [row for hour, share in hours for row in self._heat_rows(hour, even * share)]
        spent = [(z, s) for z, s in zip(self._zones, zones.tolist(), strict=True) if s > 0]
        return rows, [ZoneHourRow(hour, z, s * share, 0, 0.0, 0.0) for hour, share in hours for z, s in spent]

    def _heat_rows(self, hour: float, heat: F64) -> list[HeatRow]:
        out: list[HeatRow] = []
        for frame in self._frames:
            mine = heat[:, frame.first : frame.first + frame.size]
            at = np.flatnonzero(mine[0] > 0)
            row, col = np.divmod(at, frame.cols)
            columns = (col.tolist(), row.tolist(), mine[0, at].tolist(), mine[1, at].tolist())
            out += [HeatRow(hour, frame.level, *values) for values in zip(*columns, strict=True)]
        return out

    def _release_visits(self, end: float) -> list[ZoneHourRow]:
        rows: list[ZoneHourRow] = []
        for zone in [z for z in self._zones if z in self._visits]:
            block = self._visits[zone]
            if block.n >= self.k and block.crowd.hides(zone, self._parts[zone], self.k):
                told = whole_ks(block.n, self.k)
                hours = hours_of(block.since, end, self._local)
                rows += [
                    ZoneHourRow(hour, zone, 0.0, n, block.dwell_s * n / block.n, block.peak)
                    for (hour, _), n in zip(hours, lay_ks(told, [share for _, share in hours], self.k), strict=True)
                ]
                self._ended[zone] = end
                del self._visits[zone]
                if told < block.n:
                    rest = block.n - told
                    self._visits[zone] = Block(end, rest, block.dwell_s * rest / block.n)
        return rows

    def _release_moves(self, end: float) -> list[FlowRow]:
        sums: Counter[tuple[float, str, str]] = Counter()
        ready = [pair for pair, block in self._moves.items() if block.crowd.hides(_PAIR, (), self.k)]
        for a, b in sorted(ready):
            block = self._moves.pop((a, b))
            told = whole_ks(block.n, self.k)
            hours = hours_of(block.since, end, self._local)
            for (hour, _), n in zip(hours, lay_ks(told, [share for _, share in hours], self.k), strict=True):
                sums[hour, a, b] += n
            self._ended[_pair(a, b)] = end
            if told < block.n:
                self._moves[a, b] = Block(end, block.n - told)
        return [FlowRow(*key, n) for key, n in sorted(sums.items()) if n]

    def forget(self, devices: U64) -> None:
        """These devices (n,) stand behind nothing any more: what they added stays in the sums, which wait on."""
        gone = set(devices.tolist())
        self._presences = self._presences.without(devices)
        for block in (*self._visits.values(), *self._moves.values()):
            block.crowd.forget(gone)
        self._expected.forget(gone)

    def turn(self) -> None:
        """The salt has turned: numbers stay, no pseudonym does."""
        self._presences = self._presences.turn()
        for block in (*self._visits.values(), *self._moves.values()):
            block.crowd.turn()
        self._expected.turn()

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on. It holds pseudonyms, and sums with fewer than k people."""
        who = self._presences
        return {
            "tried": self._tried,
            "heard": self._heard,
            "begun": self._begun,
            "heat": self._heat,
            "heat_since": self._heat_since,
            "presences": {"device": who.device, "square": who.square, "salt": who.salt},
            "visits": [[zone, *_block_state(block)] for zone, block in sorted(self._visits.items())],
            "moves": [[a, b, *_block_state(block)] for (a, b), block in sorted(self._moves.items())],
            "ended": dict(self._ended),
            "expected": self._expected.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned, of the same plan and grid."""
        who = state["presences"]
        self._tried = None if state["tried"] is None else float(state["tried"])
        self._heard = float(state["heard"])
        self._begun, self._heat_since = float(state["begun"]), float(state["heat_since"])
        self._heat = np.array(state["heat"], np.float64)
        self._presences = Presences(who["device"], who["square"], who["salt"])
        self._visits = {zone: _block(rest) for zone, *rest in state["visits"]}
        self._moves = {(a, b): _block(rest) for a, b, *rest in state["moves"]}
        self._ended = {str(name): float(t) for name, t in state["ended"].items()}
        if "expected" in state:  # not in what an earlier version kept
            self._expected.restore(state["expected"])


def hours_of(since: float, until: float, local: LocalHours) -> list[tuple[float, float]]:
    """(hour_start, share) of the store's hours in [since, until), by the time of each in it; shares sum to 1.

    Where it is longer than LONGEST_S, of the last ones.
    """
    since = max(since, until - LONGEST_S)
    out, begun = [], local.start(since)
    while begun < until:
        end = local.end(begun)
        out.append((begun, (min(until, end) - max(since, begun)) / (until - since)))
        begun = end
    return out


def days_of(since: float, until: float, local: LocalHours) -> list[tuple[float, float]]:
    """(midnight, share) of the store's days in [since, until), by the time of each; of the last `LONGEST_DAYS`."""
    day = local.clock(until).date()
    out: list[tuple[float, float]] = []
    end = until
    for _ in range(LONGEST_DAYS):
        begun = local.midnight(day)
        out.append((begun, end - max(since, begun)))
        if begun <= since:
            break
        day, end = day - dt.timedelta(days=1), begun
    whole = sum(seconds for _, seconds in out)
    return [(begun, seconds / whole) for begun, seconds in reversed(out) if seconds > 0]


def _pair(a: str, b: str) -> str:
    return f"{a} > {b}"


def _block_state(block: Block) -> list[Any]:
    parts = {name: np.array(sorted(seen), np.uint64) for name, seen in block.crowd.parts.items()}
    return [block.since, block.n, block.dwell_s, block.peak, block.crowd.salt, parts]


def _block(state: Sequence[Any]) -> Block:
    since, n, dwell_s, peak, salt, parts = state
    read = {str(name): {(a, b) for a, b in seen.tolist()} for name, seen in parts.items()}
    return Block(float(since), int(n), float(dwell_s), float(peak), BlockPeople(read, int(salt)))


def _places(frames: Sequence[Any]) -> tuple[I64, I64, I64]:
    """Level, row and column of each square, (S,) each, in flat order."""
    level = np.concatenate([np.full(frame.size, i) for i, frame in enumerate(frames)])
    rows, cols = zip(*[np.divmod(np.arange(frame.size), frame.cols) for frame in frames], strict=True)
    return level, np.concatenate(rows), np.concatenate(cols)
