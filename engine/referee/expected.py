"""Scores expected visits and dwell of zones against the truth, and whether their intervals hold what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.presence.expected.figures import Figure, ZoneFigures, ZoneSums, zone_figures
from engine.presence.expected.levels import JOIN_S, VISIT_S
from engine.presence.expected.rows import FLOOR, UNKNOWN, ExpectedRow
from engine.records import F64, Bools
from engine.referee.visits import Stay, ZoneStays, group_stays, join_blinks
from engine.referee.zones import ZoneHourColumns, round_figure

LEAST_VISITS = 3
"""A zone with fewer true visits has no mean dwell to speak of."""


@dataclass(frozen=True, slots=True)
class TrueZone:
    """What truly happened in a zone."""

    person_s: float
    visits: int
    mean_dwell_s: float


def true_zones(
    zones: Sequence[str], hours: ZoneHourColumns, visits: ZoneStays, devices: Iterable[str]
) -> list[TrueZone]:
    """Of each zone; a visit is what `engine.presence.expected.levels` counts as one."""
    stays: dict[str, list[Stay]] = {zone: [] for zone in zones}
    for (_, zone), own in group_stays(visits, set(devices)).items():
        if zone in stays:
            stays[zone] += [s for s in join_blinks(own, JOIN_S) if s.dwell_s >= VISIT_S]
    return [
        TrueZone(
            float(hours.person_s[hours.zone == zone].sum()),
            len(stays[zone]),
            float(np.mean([s.dwell_s for s in stays[zone]])) if stays[zone] else 0.0,
        )
        for zone in zones
    ]


@dataclass(frozen=True, slots=True)
class ExpectedReport:
    """True and found figures of each zone."""

    true: list[TrueZone]
    found: list[ZoneFigures]

    def figures(self) -> dict[str, Any]:
        """Sums found over true ones, dwell's bias and mean absolute error as shares of the true, and how many zones lie
        inside their own 90 % interval."""
        pairs = [
            (t.mean_dwell_s, f.mean_dwell_s)
            for t, f in zip(self.true, self.found, strict=True)
            if t.visits >= LEAST_VISITS and f.mean_dwell_s is not None
        ]
        off = np.array([f.value - t for t, f in pairs])
        dwell = float(sum(t for t, _ in pairs))
        both = list(zip(self.true, self.found, strict=True))
        return {
            "zones": len(self.true),
            "person_s": _share(sum(f.person_s.value for f in self.found), sum(t.person_s for t in self.true)),
            "visits": _share(sum(f.visits.value for f in self.found), sum(t.visits for t in self.true)),
            "dwell_bias": _share(float(off.sum()), dwell),
            "dwell_off": _share(float(np.abs(off).sum()), dwell),
            "person_s_inside": _inside([(t.person_s, f.person_s) for t, f in both]),
            "visits_inside": _inside([(float(t.visits), f.visits) for t, f in both]),
            "dwell_inside": _inside(pairs),
        }


def score_expected(rows: Sequence[ExpectedRow], zones: Sequence[str], true: Sequence[TrueZone]) -> ExpectedReport:
    """Of these zones, over all hours."""
    found = [zone_figures(ZoneSums.of(row for row in rows if row.zone == zone)) for zone in zones]
    return ExpectedReport(list(true), found)


def share_of_time(rows: Sequence[ExpectedRow], zones: Sequence[str], device_s: float) -> float:
    """Time in zones, on the floor between and of unknown place over the time of the devices: 1 where they add up."""
    counted = {*zones, FLOOR, UNKNOWN}
    return sum(row.person_s for row in rows if row.zone in counted) / device_s


def occupancy_correlation(rows: Sequence[ExpectedRow], truth: ZoneHourColumns, zones: Sequence[str]) -> float:
    """Pearson's, over person-seconds of all zones and hours of either."""
    found = {(row.hour_start, row.zone): row.person_s for row in rows}
    true: Mapping[tuple[float, str], float] = dict(
        zip(zip(truth.hour_start.tolist(), truth.zone.tolist(), strict=True), truth.person_s.tolist(), strict=True)
    )
    hours = {hour for hour, _ in (*found, *true)}
    keys = [(hour, zone) for hour in sorted(hours) for zone in zones]
    pairs: F64 = np.array([[found.get(key, 0.0), true.get(key, 0.0)] for key in keys])
    off = pairs - pairs.mean(axis=0)
    return float((off[:, 0] * off[:, 1]).mean() / (off[:, 0].std() * off[:, 1].std()))


def hot_agreement(found: Sequence[bool], true: Sequence[bool]) -> tuple[float, float]:
    """The share of zones whose verdicts agree, and of those that are not truly hot the share that is called hot."""
    own: Bools = np.array(found, np.bool_)
    right: Bools = np.array(true, np.bool_)
    cold = ~right
    return float((own == right).mean()), float(own[cold].mean()) if cold.any() else 0.0


def _inside(pairs: Sequence[tuple[float, Figure]]) -> float | None:
    if not pairs:
        return None
    return round_figure(float(np.mean([figure.low <= true <= figure.high for true, figure in pairs])))


def _share(part: float, whole: float) -> float | None:
    return round_figure(part / whole) if whole else None
