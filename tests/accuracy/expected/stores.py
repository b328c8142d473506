"""What is expected of zones, against the truth of whole days, in shipped stores and drawn ones.

Bars: sums within 10 %, zones inside their own 90 % intervals in 85 to 95 %, dwell's bias within 5 % and its mean
absolute error within 25 %, all time adding up, occupancy by zone and hour, hot verdicts, and the most frequent flows.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from engine.config import Config
from engine.plan.cells import walkable_cells
from engine.presence.flows import OUTSIDE, ZoneStay, leaf_zones, moves_of
from engine.presence.hotzones import HotState, HotZones
from engine.referee.expected import (
    hot_agreement,
    occupancy_correlation,
    score_expected,
    share_of_time,
    true_zones,
)
from engine.runtime.offline import Chain
from tests.accuracy.days import Day, Figures

TOP = 10


def figures_of(day: Day, chain: Chain) -> Figures:
    """All of them by name."""
    zones = leaf_zones(day.plan)
    true = true_zones(zones, day.hours, day.visits, np.unique(day.visits.device).tolist())
    said = score_expected(chain.expected, zones, true).figures()
    agrees, falsely = hot_verdicts(day, chain)
    device_s = sum(stay.last_seen_at - stay.started_at for stay in chain.stays)
    return {name: float(value) for name, value in said.items() if value is not None} | {
        "time": share_of_time(chain.expected, zones, device_s),
        "occupancy": occupancy_correlation(chain.expected, day.hours, zones),
        "hot_agrees": agrees,
        "hot_falsely": falsely,
        "top_flows": float(top_flows(day, chain)),
    }


def top_flows(day: Day, chain: Chain) -> int:
    """How many of the ten most frequent true transitions between zones are among the ten most frequent found."""
    by_device: dict[str, list[ZoneStay]] = {}
    leaves, v = set(leaf_zones(day.plan)), day.visits
    for row in zip(v.device.tolist(), v.zone.tolist(), v.entered_at.tolist(), v.left_at.tolist(), strict=True):
        if row[1] in leaves:
            by_device.setdefault(row[0], []).append(ZoneStay(*row[1:]))
    true = Counter((m.from_zone, m.to_zone) for own in by_device.values() for m in moves_of(own))
    found: Counter[tuple[str, str]] = Counter()
    for flow in chain.flows:
        found[flow.from_zone, flow.to_zone] += flow.count
    first = [{pair for pair, _ in _inner(c).most_common(TOP)} for c in (true, found)]
    return len(first[0] & first[1])


def _inner(counts: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    return Counter({pair: n for pair, n in sorted(counts.items()) if OUTSIDE not in pair})


def hot_verdicts(day: Day, chain: Chain) -> tuple[float, float]:
    """Agreement of verdicts by zone with those of true places, and the share of zones falsely called hot."""
    config = Config()
    tests = HotZones(day.plan, walkable_cells(day.plan, config.positioning.cell_m), config.presence.heat_cell_m)
    leaves = set(leaf_zones(day.plan))
    both = [
        [z.state is HotState.HOT for z in tests.zones(tests.levels(rows)) if z.zone in leaves]
        for rows in (chain.heat, day.heat)
    ]
    return hot_agreement(both[0], both[1])
