"""The page of `rayon score --html`: one file that needs nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup

from api.cli.score.charts import bars, cdf, histogram, scatter
from api.cli.score.floor import COLOURS, STEPS_M, error_map, worst_stretches
from api.cli.score.flows import flow_matrix
from api.cli.score.ledger import Ledger, ledger_part
from api.cli.score.templates import render
from api.cli.score.uplift import intervals
from engine.plan.model import Plan
from engine.referee.run import Scores, Tables
from engine.referee.triggers import Miss
from engine.referee.zones import NO_ZONE, Confusion

LISTED = 15


def score_page(tables: Tables, scores: Scores, ledger: Ledger | None = None) -> str:
    """The page as text: what was found against the truth, for a person to read. The same input, the same bytes."""
    plan, figures = tables.plan, scores.figures()
    clock = _clock(plan)
    triggers = scores.triggers
    pairs = scores.visits.pairs if scores.visits else []
    return render(
        "page.html",
        store=plan.name if plan else "",
        period=_period(tables, clock),
        devices=len(np.unique(tables.truth.device)),
        figures=figures,
        tiles=_tiles(figures),
        cdf=Markup(cdf(scores.errors.errors_m)),
        maps=_maps(plan, scores) if plan else [],
        scale=_scale(),
        tracks=_tracks(tables, scores) if plan else [],
        clock=clock,
        confusion=_confusion(plan, scores.zones) if plan and scores.zones else None,
        zone_names=_names(plan),
        dwell=Markup(scatter([a.dwell_s for a, _ in pairs], [b.dwell_s for _, b in pairs])),
        ledger=ledger_part(ledger) if ledger else None,
        flows=flow_matrix(scores.flows, plan, _names(plan)) if scores.flows else None,
        occupancy=Markup(_occupancy(figures, _names(plan))),
        delays=Markup(histogram([d for v in triggers.delays_s.values() for d in v], "delay, s") if triggers else ""),
        missed=_list_misses(triggers.missed if triggers else [], clock),
        wrong=_list_misses(triggers.wrong if triggers else [], clock),
        intervals=Markup(intervals(figures["uplift"]["by_campaign"]) if "uplift" in figures else ""),
    )


class _Clock:
    """Times as the store's clock shows them."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def __call__(self, t: float, form: str = "%H:%M:%S") -> str:
        return datetime.fromtimestamp(t, self._zone).strftime(form)


def _clock(plan: Plan | None) -> _Clock:
    return _Clock(ZoneInfo(plan.timezone if plan else "UTC"))


def _period(tables: Tables, clock: _Clock) -> str:
    t = tables.truth.t
    if not len(t):
        return ""
    return f"{clock(float(t.min()), '%A %d %B %Y, %H:%M')} to {clock(float(t.max()), '%H:%M')}"


def _tiles(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The few figures to read first: (name, value, what it means)."""
    out = [
        ("median error", _format(figures["median_m"], "m", 2), f"{_format(figures['p90_m'], 'm', 2)} for nine in ten"),
        ("coverage", _share(figures["coverage"]), "of windows have a fix"),
        ("honest sigma", _share(figures["within_1_sigma"]), f"within 1, {_share(figures['within_2_sigma'])} within 2"),
    ]
    if "zones" in figures:
        out.append(("right zone", _share(figures["zones"]["hit_rate"]), "of fixes"))
    if "visits" in figures:
        visits, dwell = figures["visits"], figures["dwell"]
        out.append(("visits found", _share(visits["recall"]), f"{_share(visits['precision'])} of those found are true"))
        out.append(
            ("dwell error", _format(dwell["mean_abs_s"], "s", 1), f"bias {_format(dwell['bias_s'], 's', 1, '+')}")
        )
    if "flows" in figures:
        out.append(("flows between zones", _share(figures["flows"]["common_share"]), "common to true and found"))
    if "triggers" in figures:
        t = figures["triggers"]
        out.append(("triggers in time", _share(t["recall"]), f"{_share(t['precision'])} of those fired are right"))
        out.append(("trigger delay", _format(t["delay_median_s"], "s", 1), "median, after it was due"))
    if "uplift" in figures:
        u = figures["uplift"]
        out.append(("uplift covered", f"{u['covered']} of {u['measured']}", "intervals hold the true uplift"))
    return out


def _format(value: float | None, unit: str, decimals: int, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.{decimals}f} {unit}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _maps(plan: Plan, scores: Scores) -> list[tuple[str, Markup]]:
    seen = set(scores.places.level.tolist())
    levels = sorted((lv for lv in plan.levels if lv.id in seen), key=lambda lv: lv.ordinal)
    return [(lv.name, Markup(error_map(plan, lv.id, scores.places))) for lv in levels]


def _scale() -> list[tuple[str, str]]:
    """Colours of errors with what they stand for."""
    names = [f"to {s:g} m" for s in STEPS_M] + [f"over {STEPS_M[-1]:g} m"]
    return list(zip(COLOURS, names, strict=True))


def _tracks(tables: Tables, scores: Scores) -> list[dict[str, Any]]:
    if tables.plan is None:
        return []
    worst = worst_stretches(tables.plan, tables.truth, tables.fixes, scores.places)
    return [{"said": w, "picture": Markup(w.picture)} for w in worst]


def _names(plan: Plan | None) -> dict[str, str]:
    """Zones by id as people call them; with the level where two have one name."""
    names = {NO_ZONE: "no zone"}
    if plan is None:
        return names
    often = Counter(z.name for z in plan.zones)
    levels = {lv.id: lv.name for lv in plan.levels}
    return names | {z.id: z.name if often[z.name] == 1 else f"{z.name} ({levels[z.level]})" for z in plan.zones}


def _confusion(plan: Plan, zones: Confusion) -> dict[str, Any]:
    """Shares of each true zone's fixes, with a colour: green where right, red where wrong, stronger for more."""
    names, rows = _names(plan), []
    for i, label in enumerate(zones.labels):
        total = int(zones.counts[i].sum())
        cells = []
        for k, n in enumerate(zones.counts[i].tolist()):
            share = n / total if total else 0.0
            rgb = "11,110,79" if i == k else "185,28,28"
            cells.append(
                (f"{share:.0%}" if n else "", f"rgba({rgb},{0.08 + 0.72 * share:.2f})" if n else "", share > 0.55)
            )
        rows.append((names[label], total, cells))
    return {"columns": [names[label] for label in zones.labels], "rows": rows}


def _occupancy(figures: dict[str, Any], names: dict[str, str]) -> str:
    by_zone = figures.get("occupancy", {}).get("by_zone", {})
    rows = [(names.get(z, z), v["true_person_s"] / 60, v["found_person_s"] / 60) for z, v in by_zone.items()]
    return bars(sorted(rows, key=lambda r: -r[1]), "min")


def _list_misses(misses: list[Miss], clock: _Clock) -> dict[str, Any]:
    first = sorted(misses, key=lambda m: (m.t, m.device, m.campaign_id))[:LISTED]
    return {"rows": [(clock(m.t), m.device, m.campaign_id) for m in first], "more": len(misses) - len(first)}
