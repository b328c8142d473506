"""A store of two sources and four phones, whose clocks may be told wrong: what its intake makes of it, without a plan.

Every source sends twice a second what it has heard since; every phone is heard by every source twice a second. All
times are true ones, seconds from the beginning; disturbances say what the clocks show at them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.config import IngestConfig
from engine.ingest.decoders.native import Frame
from engine.records import Readings
from engine.runtime.intake import HeardStep, Intake
from engine.runtime.stored.packing import pack, unpack

T0 = 1_800_000_000.0
EVERY_S = 0.5
PHONES = 4
SOURCES = ("c1", "c2")
TICK_S = 0.5
DELAY_S = 0.05

Clock = Callable[[float], float]
"""From a true time (s since the beginning) to how many seconds a clock is ahead then."""


def right(_: float) -> float:
    """A clock that is right."""
    return 0.0


@dataclass(frozen=True)
class Stepped:
    """A clock that is put ahead by `by_s` for a while."""

    at_s: float
    by_s: float
    for_s: float = np.inf

    def __call__(self, t: float) -> float:
        return self.by_s if self.at_s <= t < self.at_s + self.for_s else 0.0


@dataclass(frozen=True)
class Drifting:
    """A clock that gains `rate` seconds a second."""

    rate: float

    def __call__(self, t: float) -> float:
        return self.rate * t


@dataclass(frozen=True)
class World:
    """What the clocks show, how late each source's frames come (s, by the time they are sent), and what is forged.
    Nothing comes of the `silent`."""

    sources: dict[str, Clock] = field(default_factory=dict)
    wall: Clock = right
    delays: dict[str, Clock] = field(default_factory=dict)
    extra: Sequence[tuple[float, Frame]] = ()
    seconds: float = 120.0
    silent: Sequence[str] = ()

    def arrivals(self) -> Iterator[tuple[float, Frame]]:
        """(true time of arrival, frame) in order."""
        coming: list[tuple[float, int, Frame]] = [(at, -k, f) for k, (at, f) in enumerate(self.extra)]
        for k in range(int(self.seconds / EVERY_S)):
            for i, source in enumerate(SOURCES):
                if source in self.silent:
                    continue
                sent = (k + 1) * EVERY_S + 0.1 * i
                ahead = self.sources.get(source, right)(sent)
                at = sent + DELAY_S + self.delays.get(source, right)(sent)
                readings = heard(sent - EVERY_S, i, ahead)
                frame = frame_of(source, sent + ahead, at + self.wall(at), readings)
                coming.append((at, len(coming), frame))
        heapq.heapify(coming)
        while coming:
            at, _, frame = heapq.heappop(coming)
            yield at, frame


@dataclass
class Outcome:
    """What came out: (device, window) pairs in scans, in how many of them an access point is, the intake's counts."""

    scans: int = 0
    used: int = 0
    by_ap: dict[int, int] = field(default_factory=dict)
    late: int = 0
    steps: list[HeardStep] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)  # true time of a scan's step minus its newest reading's


def heard(from_s: float, ap: int, ahead_s: float = 0.0) -> Readings:
    """Half a second of readings of all phones by one access point, at the times that a clock ahead shows."""
    n = PHONES
    nan = np.full(n, np.nan, np.float32)
    part = (np.arange(n) + 0.2 + 0.6 * (np.sin(from_s) ** 2)) / n  # no two frames alike
    t = T0 + from_s + part * EVERY_S + ahead_s
    rssi = np.full(n, -60, np.float32)
    return Readings(t, np.arange(1, n + 1, dtype=np.uint64), np.full(n, ap, np.int32), rssi, nan, nan)


def frame_of(source: str, sent_s: float, received_s: float, readings: Readings, *, replay: bool = False) -> Frame:
    """A frame that says it was sent at `sent_s`."""
    return Frame("shop", source, T0 + sent_s, T0 + received_s, readings, Readings.empty(), {}, replay)


def intake() -> Intake:
    """One with the shipped configuration."""
    return Intake(IngestConfig(), len(SOURCES), 1.0)


def run(world: World, *, made: Intake | None = None, restore_at: float = np.inf) -> Outcome:
    """Plays the world to its end and half a minute of silence more. At `restore_at` a checkpoint is taken and used."""
    made, out = made or intake(), Outcome()
    arrivals = list(world.arrivals())
    at = 0
    for k in range(1, int((world.seconds + 30.0) / TICK_S)):
        true = k * TICK_S
        now = T0 + true + world.wall(true)
        if restore_at <= true < restore_at + TICK_S:
            state = unpack(pack(made.state()))
            made = intake()
            made.restore(state)
            made.listen_from(now)
        upto = at
        while upto < len(arrivals) and arrivals[upto][0] <= true:
            upto += 1
        step = made.take([frame for _, frame in arrivals[at:upto]], now)
        at = upto
        _count(out, step, T0 + true)
    out.late = made.figures()["late"]
    return out


def _count(out: Outcome, step: HeardStep, now: float) -> None:
    out.steps.append(step)
    out.scans += len(step.scans)
    out.used += step.used
    out.waited_s += (now - step.scans.t).tolist()
    for ap in range(len(SOURCES)):
        seen = int(np.isfinite(step.scans.rssi_dbm[:, ap]).sum())
        out.by_ap[ap] = out.by_ap.get(ap, 0) + seen
