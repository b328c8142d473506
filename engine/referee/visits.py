"""Scores visits against the truth: which were found, which were made up, and how long they lasted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.config import PresenceConfig
from engine.records import F64
from engine.referee.zones import round_figure

Texts = npt.NDArray[np.str_]
DWELL_STEPS_S = (0.0, 10.0, 30.0, 120.0, float("inf"))


class ZoneStays(Protocol):
    """Stays in zones, each (n,)."""

    @property
    def device(self) -> Texts: ...
    @property
    def zone(self) -> Texts: ...
    @property
    def entered_at(self) -> F64: ...
    @property
    def left_at(self) -> F64: ...


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of one device in one zone."""

    device: str
    zone: str
    entered_at: float
    left_at: float

    @property
    def dwell_s(self) -> float:
        """How long it lasted."""
        return self.left_at - self.entered_at


@dataclass(frozen=True, slots=True)
class VisitReport:
    """Pairs of true and found visits that belong together, and those that stand alone.

    `wanted` are the true stays that a visit should be found for; `passing` found visits overlap a true stay that is too
    short to want one, and are no mistake; `unscored` are of devices without truth.
    """

    wanted: list[Stay]
    found: list[Stay]
    pairs: list[tuple[Stay, Stay]]
    missed: list[Stay]
    wrong: list[Stay]
    passing: int
    unscored: int

    def figures(self) -> dict[str, Any]:
        """Precision and recall of visits; the error of the dwell of those found, in all and by true zone."""
        n, right = len(self.found), len(self.found) - len(self.wrong)
        by_zone: dict[str, list[tuple[Stay, Stay]]] = defaultdict(list)
        for pair in self.pairs:
            by_zone[pair[0].zone].append(pair)
        return {
            "true_visits": len(self.wanted),
            "found_visits": n,
            "precision": round_figure(right / n) if n else None,
            "recall": round_figure(1 - len(self.missed) / len(self.wanted)) if self.wanted else None,
            "recall_by_dwell": self._recall_by_dwell(),
            "unscored_visits": self.unscored,
            "dwell": _dwell(self.pairs) | {"by_zone": {z: _dwell(p) for z, p in sorted(by_zone.items())}},
        }

    def _recall_by_dwell(self) -> dict[str, float | None]:
        """Recall of short, middling and long true visits: passing through is harder to see than standing."""
        out: dict[str, float | None] = {}
        for least_s, below_s in pairwise(DWELL_STEPS_S):
            name = f"from_{least_s:g}_s"
            n, missed = (sum(least_s <= s.dwell_s < below_s for s in stays) for stays in (self.wanted, self.missed))
            out[name] = round_figure(1 - missed / n) if n else None
        return out


def score_visits(
    truth: ZoneStays, found: ZoneStays, devices: Iterable[str], rules: PresenceConfig | None = None
) -> VisitReport:
    """Pairs visits one to one, the longest overlap first, within each device and zone.

    True stays less than `grace_s` apart are one; from `confirm_s` on they want a visit, as the engine's own rules say.
    `devices` are those with truth.
    """
    rules = rules or PresenceConfig()
    known = set(devices)
    true = group_stays(truth, known)
    own = group_stays(found, known)
    wanted, pairs, missed, wrong, passing = [], [], [], [], 0
    for key in sorted(true.keys() | own.keys()):
        stays = join_blinks(true.get(key, []), rules.grace_s)
        long = [s for s in stays if s.dwell_s >= rules.confirm_s]
        together, left_true, left_found = _pair(long, own.get(key, []))
        wanted += long
        pairs += together
        missed += left_true
        stray = [f for f in left_found if not any(_overlap_s(s, f) >= 0 for s in stays)]
        passing += len(left_found) - len(stray)
        wrong += stray
    scored = [f for stays in own.values() for f in stays]
    return VisitReport(wanted, scored, pairs, missed, wrong, passing, len(found.entered_at) - len(scored))


def _dwell(pairs: list[tuple[Stay, Stay]]) -> dict[str, Any]:
    if not pairs:
        return {"pairs": 0, "true_mean_s": None, "bias_s": None, "mean_abs_s": None}
    true_s = np.array([t.dwell_s for t, _ in pairs])
    error = np.array([f.dwell_s for _, f in pairs]) - true_s
    return {
        "pairs": len(pairs),
        "true_mean_s": round_figure(true_s.mean()),
        "bias_s": round_figure(error.mean()),
        "mean_abs_s": round_figure(np.abs(error).mean()),
    }


def group_stays(table: ZoneStays, known: set[str]) -> dict[tuple[str, str], list[Stay]]:
    """The stays of known devices by device and zone, by entry."""
    out: dict[tuple[str, str], list[Stay]] = defaultdict(list)
    columns = (table.device.tolist(), table.zone.tolist(), table.entered_at.tolist(), table.left_at.tolist())
    for row in zip(*columns, strict=True):
        if row[0] in known:
            out[row[0], row[1]].append(Stay(*row))
    for stays in out.values():
        stays.sort(key=lambda s: s.entered_at)
    return out


def join_blinks(stays: list[Stay], gap_s: float) -> list[Stay]:
    """Stays of one device in one zone, by entry; those apart by `gap_s` at most are one."""
    out: list[Stay] = []
    for stay in stays:
        if out and stay.entered_at - out[-1].left_at <= gap_s:
            last = out[-1]
            out[-1] = Stay(last.device, last.zone, last.entered_at, max(last.left_at, stay.left_at))
        else:
            out.append(stay)
    return out


def _overlap_s(a: Stay, b: Stay) -> float:
    return min(a.left_at, b.left_at) - max(a.entered_at, b.entered_at)


def _pair(true: list[Stay], found: list[Stay]) -> tuple[list[tuple[Stay, Stay]], list[Stay], list[Stay]]:
    """Pairs, true stays left over, found ones left over: greedy by overlap, which decides alike for equal input."""
    overlaps = sorted(
        ((_overlap_s(a, b), i, k) for i, a in enumerate(true) for k, b in enumerate(found)),
        key=lambda o: (-o[0], o[1], o[2]),
    )
    of_true: dict[int, int] = {}
    of_found: dict[int, int] = {}
    for overlap_s, i, k in overlaps:
        if overlap_s >= 0 and i not in of_true and k not in of_found:
            of_true[i], of_found[k] = k, i
    pairs = [(true[i], found[k]) for i, k in sorted(of_true.items())]
    alone = [a for i, a in enumerate(true) if i not in of_true], [b for k, b in enumerate(found) if k not in of_found]
    return pairs, *alone
