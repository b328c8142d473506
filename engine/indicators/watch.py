"""The alerts of one store as time goes by: each is told once, when it begins, and is over when what it says is.

A store is looked at every `STEP_S`. What is usual it learns by itself: of each source the gaps at each hour of the day;
of each access point in which share of the looks at which anybody was heard it heard somebody, and how many it missed in
a row at most at each hour. Nothing is said of what is not known for `LEAST_GAPS` or `LEAST_LOOKS`, nor of an hour in
which a point was never heard; a store that is closed at night, or on Sundays, is as silent every time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.indicators.alerts import (
    LEAST_GAPS,
    SILENT_S,
    Alert,
    AlertKind,
    PointHeard,
    dead_points,
    long_queue,
    silent_sources,
)
from engine.presence.expected.figures import Spread
from engine.presence.local_hours import LocalHours

STEP_S = 300.0
KEPT_GAPS = 400
"""Of each source and hour of the day."""
LEAST_LOOKS = 100
"""Eight open hours: of less nothing follows."""
SURE_LOOKS = 2_000
"""A week or two of open hours: what an access point hears differs by day, so of fewer looks less follows."""
LEAST_MISSED = 8
"""Looks: of fewer nothing follows, however much an access point usually hears."""
RUNS = 2.0
"""So many times the most that a point ever missed in a row at this hour it has to miss."""
RUN_FADE = 0.995
"""Of that most, with each look of the hour at which the point is heard: it halves in some twelve days."""
HALF_LIFE_LOOKS = 10_000.0
"""What was so long ago counts half: shops are refitted."""


@dataclass(frozen=True, slots=True)
class Look:
    """A store at `at` (s UTC): when each source spoke last and each access point was heard from last (0: never), and
    how many people waited at each till, with when, oldest first."""

    at: float
    sources: Mapping[str, float]
    points: Mapping[str, float]
    waiting: Mapping[str, Sequence[tuple[float, Spread]]] = field(default_factory=dict)


@dataclass
class _Point:
    heard: float = 0.0
    looks: float = 0.0
    missed: int = 0  # looks at which others were heard, since it was
    since: float = 0.0  # when it was heard last
    longest: dict[int, float] = field(default_factory=dict)  # missed in a row, by `_hour`

    def see(self, heard: bool, at: float, local: LocalHours) -> None:
        if not heard:
            self.missed += 1
            return
        # what it missed until now was chance: it lives
        fade = 0.5 ** (1 / HALF_LIFE_LOOKS)
        self.heard = self.heard * fade + 1.0
        self.looks = self.looks * fade + 1.0 + self.missed
        hours = {_hour(local, at)} | ({_hour(local, t) for t in _hourly(self.since, at)} if self.missed else set())
        for hour in hours:
            self.longest[hour] = max(float(self.missed), self.longest.get(hour, 0.0) * RUN_FADE)
        self.missed, self.since = 0, at

    def judge(self, hour: int) -> PointHeard | None:
        """What is known of it, where it has missed more than it ever does at this hour."""
        if self.looks < LEAST_LOOKS or self.missed < LEAST_MISSED:
            return None
        if hour not in self.longest or self.missed <= RUNS * self.longest[hour]:
            return None
        sure = min(1.0, self.looks / SURE_LOOKS) ** 0.5
        return PointHeard(round(self.heard), round(self.looks), round(self.missed * sure))


class AlertWatch:
    """What is known of one store. `limit` is how many people may wait at a till."""

    def __init__(self, local: LocalHours, limit: float) -> None:
        self._local, self._limit = local, limit
        self._spoke: dict[str, float] = {}
        self._gaps: dict[tuple[str, int], deque[float]] = {}
        self._points: dict[str, _Point] = {}
        self._last = 0.0
        self._going_on: dict[tuple[AlertKind, str], Alert] = {}

    @property
    def looked_at(self) -> float:
        """When the last look was (s UTC); 0 before the first."""
        return self._last

    @property
    def going_on(self) -> list[Alert]:
        """The alerts that are not over, by when they began."""
        return sorted(self._going_on.values(), key=lambda a: (a.at, a.kind, a.about))

    def see(self, look: Look) -> list[Alert]:
        """Takes in a look, later than those before. Returns the alerts that begin with it."""
        found = [*self._silent(look), *self._dead(look)]
        for till, samples in look.waiting.items():
            alert = long_queue(till, samples, self._limit)
            found += [] if alert is None else [alert]
        self._last = look.at
        now = {(alert.kind, alert.about): alert for alert in found}
        begun = [alert for key, alert in now.items() if key not in self._going_on]
        was = self._going_on
        self._going_on = {key: replace(alert, at=was[key].at if key in was else alert.at) for key, alert in now.items()}
        return begun

    def state(self) -> dict[str, Any]:
        """What was learnt, as JSON: of gaps how many there were and the longest."""
        return {
            "last": self._last,
            "spoke": self._spoke,
            "gaps": [[name, hour, len(gaps), max(gaps)] for (name, hour), gaps in self._gaps.items()],
            "points": {
                name: [p.heard, p.looks, p.missed, p.since, sorted(p.longest.items())]
                for name, p in self._points.items()
            },
            "going_on": [[a.kind.value, a.about, a.at] for a in self.going_on],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._last = float(state["last"])
        self._spoke = {str(name): float(at) for name, at in state["spoke"].items()}
        for name, hour, n, longest in state["gaps"]:
            known = [0.0] * (min(int(n), LEAST_GAPS + 1) - 1) + [float(longest)]
            self._gaps[str(name), int(hour)] = deque(known, maxlen=KEPT_GAPS)
        self._points = {str(name): _point(*kept) for name, kept in state["points"].items()}
        alerts = [Alert(AlertKind(kind), str(about), float(at)) for kind, about, at in state["going_on"]]
        self._going_on = {(alert.kind, alert.about): alert for alert in alerts}

    def _silent(self, look: Look) -> list[Alert]:
        hour = self._local.hour(look.at)
        since = {name: look.at - at for name, at in look.sources.items() if at > 0}
        long = {name for name, s in since.items() if s > SILENT_S}
        gaps = {name: self._gaps.get((name, hour), ()) for name in long}
        found = silent_sources(since, gaps, look.at)
        for name, at in look.sources.items():
            before = self._spoke.get(name, 0.0)
            if before > 0 and at > before:
                self._learn_gap(name, before, at)
            self._spoke[name] = max(before, at)
        return found

    def _learn_gap(self, name: str, begun: float, ended: float) -> None:
        """A gap is one of every hour that it had a part in: whoever closes at nine is silent at ten as well."""
        hours = {self._local.hour(t) for t in (ended, *_steps(begun, ended))}
        for hour in hours:
            self._gaps.setdefault((name, hour), deque(maxlen=KEPT_GAPS)).append(ended - begun)

    def _dead(self, look: Look) -> list[Alert]:
        lately = {name: at > self._last for name, at in look.points.items()}
        if self._last > 0 and any(lately.values()):
            for name, heard in lately.items():
                self._points.setdefault(name, _Point()).see(heard, look.at, self._local)
        hour = _hour(self._local, look.at)
        known = {name: p.judge(hour) for name, p in self._points.items() if name in look.points}
        found = dead_points({name: point for name, point in known.items() if point is not None}, look.at)
        told = {about for kind, about in self._going_on if kind is AlertKind.DEAD_ACCESS_POINT}
        told -= {alert.about for alert in found}
        # At an hour at which it is often missed it is no more alive: a dead point is dead until it is heard.
        still = sorted(name for name in told if name in look.points and self._points[name].missed)
        return found + [Alert(AlertKind.DEAD_ACCESS_POINT, name, look.at) for name in still]


def _point(
    heard: float, looks: float, missed: int, since: float = 0.0, longest: Sequence[tuple[int, float]] = ()
) -> _Point:
    """As `AlertWatch.state` wrote it; an earlier version knew less."""
    return _Point(float(heard), float(looks), int(missed), float(since), {int(h): float(n) for h, n in longest})


def _hour(local: LocalHours, t: float) -> int:
    """The hour of the store's clock, 0 to 23, and 24 more on Sundays."""
    clock = local.clock(t)
    return clock.hour + 24 * (clock.weekday() == 6)


def _hourly(begun: float, ended: float) -> list[float]:
    """A time in each hour of a week at most."""
    return [begun + 3600.0 * i for i in range(min(168, int((ended - begun) // 3600.0) + 1))]


def _steps(begun: float, ended: float) -> list[float]:
    """A time in each hour of a day at most that a gap goes over."""
    n = min(24, int((ended - begun) // 3600.0) + 1)
    return [begun + 3600.0 * i for i in range(n)]
