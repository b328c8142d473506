"""What is expected of zones, against the truth of whole days, in shipped stores and drawn ones.

Bars: sums within 10 %, zones inside their own 90 % intervals in 85 to 95 %, dwell's bias within 5 % and its mean
absolute error within 25 %, all time adding up, occupancy by zone and hour, hot verdicts, and the most frequent flows.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from engine.config import Config
from engine.plan.cells import walkable_cells
from engine.presence.expected.levels import JOIN_S, VISIT_S
from engine.presence.flows import OUTSIDE, ZoneStay, leaf_zones, moves_of
from engine.presence.hotzones import HotState, HotZones
from engine.referee.expected import (
    hot_agreement,
    occupancy_correlation,
    score_expected,
    share_of_time,
    true_zones,
)
from engine.referee.visits import group_stays, join_blinks
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
    """How many of the ten most frequent transitions found between zones are among the ten most frequent true ones, or
    as frequent as the tenth of those."""
    true, found = true_flows(day), Counter[tuple[str, str]]()
    for flow in chain.flows:
        found[flow.from_zone, flow.to_zone] += flow.count
    pairs, inner = [pair for pair, _ in _inner(found).most_common(TOP)], _inner(true)
    tenth = min((n for _, n in inner.most_common(TOP)), default=0)
    return sum(inner[pair] >= max(tenth, 1) for pair in pairs)


def true_flows(day: Day) -> Counter[tuple[str, str]]:
    """Transitions between the visits that count as such, of everybody whose phone was heard."""
    by_device: dict[str, list[ZoneStay]] = {}
    leaves = set(leaf_zones(day.plan))
    for (device, zone), own in group_stays(day.visits, set(day.visits.device.tolist())).items():
        long = [s for s in join_blinks(own, JOIN_S) if s.dwell_s >= VISIT_S and zone in leaves]
        by_device.setdefault(device, []).extend(ZoneStay(zone, s.entered_at, s.left_at) for s in long)
    return Counter((m.from_zone, m.to_zone) for own in by_device.values() for m in moves_of(own))


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
