"""The matrix of transitions on the page of `rayon score --html`: found against true, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.plan.model import Plan
from engine.presence.flows import OUTSIDE
from engine.referee.flows import FlowReport, PairFlow

RIGHT, TOO_FEW, TOO_MANY = "11,110,79", "29,78,137", "185,28,28"
"""Colours as red, green, blue."""


def flow_matrix(report: FlowReport, plan: Plan | None, names: Mapping[str, str]) -> dict[str, Any]:
    """Rows are where people came from, columns where they went; outside stands first. Zones never met are left out."""
    met = {zone for p in report.pairs for zone in (p.from_zone, p.to_zone)}
    known = [z.id for z in plan.zones if z.id in met] if plan else []
    zones = [OUTSIDE, *known, *sorted(met - set(known) - {OUTSIDE})]
    pairs = {(p.from_zone, p.to_zone): p for p in report.pairs}
    most = max((max(p.true, p.found) for p in report.pairs), default=1)
    called = [_zone_name(z, names) for z in zones]
    rows = [
        (name, [_cell(pairs[a, b], most) if (a, b) in pairs else ("", "", False) for b in zones])
        for name, a in zip(called, zones, strict=True)
    ]
    worst = [(_zone_name(p.from_zone, names), _zone_name(p.to_zone, names), p.true, p.found) for p in report.worst()]
    return {"columns": called, "rows": rows, "worst": worst}


def _zone_name(zone: str, names: Mapping[str, str]) -> str:
    return "outside" if zone == OUTSIDE else names.get(zone, zone)


def _cell(pair: PairFlow, most: int) -> tuple[str, str, bool]:
    """Text, colour, and whether the colour is dark: stronger for more, green where less than a fifth is wrong."""
    larger = max(pair.true, pair.found)
    rgb = RIGHT if 5 * abs(pair.error) < larger else TOO_FEW if pair.error < 0 else TOO_MANY
    strength = 0.08 + 0.72 * larger / most
    return f"{pair.found}/{pair.true}", f"rgba({rgb},{strength:.2f})", strength > 0.47
