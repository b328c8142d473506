"""What a manager is told unasked: a figure that changed, an access point or a source that went silent, a queue.

Whoever is told of nothing too often stops reading. Each rule is set so that all of them together are wrong at most once
a month in a store: a day's figures are tested together, at a hundredth; silence is held against how often a thing is
heard, never against a fixed time; a queue must be longer than the limit by more than its own error, for minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import expm1, log1p

from engine.indicators.comparison import PeriodDifference, against_usual, control_false_discoveries
from engine.offers.measured.intervals import wilson
from engine.presence.expected.figures import LEVEL, Figure, Spread

CHANGE_Q = 0.01
LEAST_SHARE = 0.2  # a smaller change is no reason to walk over
LEAST_PERIODS = 6  # weekdays before it
DEAD_P = 1e-6
COMPANIONS = 2.0  # devices come together: two of them say as much as one alone
LEAST_GAPS = 20
PATIENCE = 3.0
SILENT_S = 300.0
QUEUE_S = 300.0


class AlertKind(StrEnum):
    """What happened."""

    CHANGE = "change"
    DEAD_ACCESS_POINT = "dead_access_point"
    SILENT_SOURCE = "silent_source"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to look at. `about` names the figure, access point, source or till; `figure` is what was found, if it
    is a number, `usual` what was to be expected."""

    kind: AlertKind
    about: str
    at: float
    figure: Figure | None = None
    usual: Figure | None = None


@dataclass(frozen=True, slots=True)
class PointHeard:
    """An access point: how many of `devices` in the days before it heard, and since it heard anything at all, how many
    others heard."""

    heard: int
    devices: int
    devices_since: int


def changes(now: Mapping[str, float | None], before: Mapping[str, Sequence[float | None]], at: float) -> list[Alert]:
    """The figures of a day that are not those of the same weekdays before, tested together.

    They are compared by their logarithms (of one more than each, as a count may be 0): what moves days, weather or a
    holiday, multiplies them. What is withheld (None) is no nought: it is in no comparison, and no alert is made of it.
    """
    known = {name: value for name, value in now.items() if value is not None}
    found: dict[str, PeriodDifference] = {}
    for name, value in known.items():
        days = [day for day in before.get(name, ()) if day is not None]
        difference = against_usual(log1p(value), [log1p(d) for d in days]) if len(days) >= LEAST_PERIODS else None
        if difference is not None:
            found[name] = difference
    return [
        Alert(AlertKind.CHANGE, name, at, Figure(known[name], known[name], known[name]), _usual(known[name], d))
        for name, d in control_false_discoveries(found).items()
        if d.q < CHANGE_Q and abs(expm1(d.change.value)) >= LEAST_SHARE
    ]


def dead_points(points: Mapping[str, PointHeard], at: float) -> list[Alert]:
    """Access points that would have heard somebody by now.

    With a share s of devices usually heard (its lower limit), n devices that others heard pass it by with (1 - s)^n.
    """
    out = []
    for name, point in points.items():
        if not point.devices:
            continue
        low, _ = wilson(point.heard, point.devices, LEVEL)
        missed = (1.0 - float(low)) ** (point.devices_since / COMPANIONS)
        if missed < DEAD_P:
            out.append(Alert(AlertKind.DEAD_ACCESS_POINT, name, at))
    return out


def is_silent(since_s: float, gaps_s: Sequence[float]) -> bool:
    """Whether a source that last spoke `since_s` ago is silent, by its gaps at this hour of the week before.

    Three times its longest, and five minutes at least; of a source that hardly spoke nobody knows.
    """
    return len(gaps_s) >= LEAST_GAPS and since_s > max(SILENT_S, PATIENCE * max(gaps_s))


def silent_sources(since_s: Mapping[str, float], gaps_s: Mapping[str, Sequence[float]], at: float) -> list[Alert]:
    """The sources that are silent. When all are, it is the network or the broker: that is said once, of all (`*`)."""
    silent = [name for name, since in since_s.items() if is_silent(since, gaps_s.get(name, ()))]
    if len(silent) > 1 and len(silent) == len(since_s):
        silent = ["*"]
    return [Alert(AlertKind.SILENT_SOURCE, name, at) for name in silent]


def long_queue(till: str, samples: Sequence[tuple[float, Spread]], limit: float) -> Alert | None:
    """Whether more people than `limit` have surely been waiting for the last `QUEUE_S`: (t, waiting), oldest first."""
    if not samples:
        return None
    at, last = samples[-1]
    recent = [(t, spread.figure()) for t, spread in samples if t >= at - QUEUE_S]
    lasted = any(t <= at - QUEUE_S for t, _ in samples)
    if not lasted or any(figure.low <= limit for _, figure in recent):
        return None
    return Alert(AlertKind.QUEUE, till, at, last.figure(), Figure(limit, limit, limit))


def _usual(now: float, d: PeriodDifference) -> Figure:
    """What would have been usual: less what it changed by."""
    value, low, high = (max(0.0, expm1(log1p(now) - by)) for by in (d.change.value, d.change.high, d.change.low))
    return Figure(value, low, high)
