"""Everything that can be scored of one run's tables, true and found side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.plan.model import Plan
from engine.presence.expected.rows import ExpectedRow
from engine.presence.flows import FlowRow, leaf_zones
from engine.referee.expected import ExpectedReport, score_expected, true_zones
from engine.referee.flows import FlowReport, score_flows
from engine.referee.places import ErrorReport, PlacesWithSigma, score_fixes
from engine.referee.triggers import DueCoupons, TriggerReport, score_triggers
from engine.referee.true_places import PlaceColumns, TruePlaces, true_places
from engine.referee.uplift import Fates, TakenDecisions, UpliftReport, score_uplift
from engine.referee.visits import VisitReport, ZoneStays, score_visits
from engine.referee.zones import Confusion, ZoneHourColumns, score_hours, zone_confusion, zone_of


@dataclass(frozen=True, slots=True)
class Tables:
    """What one run left, read; None where a table is not there."""

    truth: PlaceColumns
    fixes: PlacesWithSigma
    visits: tuple[ZoneStays, ZoneStays] | None
    hours: tuple[ZoneHourColumns, ZoneHourColumns] | None
    decisions: tuple[DueCoupons, TakenDecisions] | None
    plan: Plan | None
    shoppers: set[str] | None  # None: every phone counts as consenting
    flows: tuple[list[FlowRow], list[FlowRow]] | None = None
    potential: Fates | None = None
    holdout_share: Mapping[str, float] = field(default_factory=dict)
    expected: list[ExpectedRow] | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """All reports of a run; None where its tables are not there."""

    errors: ErrorReport
    places: TruePlaces
    zones: Confusion | None
    visits: VisitReport | None
    hours: dict[str, Any] | None
    triggers: TriggerReport | None
    flows: FlowReport | None = None
    uplift: UpliftReport | None = None
    expected: ExpectedReport | None = None

    def figures(self) -> dict[str, Any]:
        """The figures of positions by name, then one group a report."""
        out = self.errors.figures()
        if self.zones is not None:
            out["zones"] = self.zones.figures()
        if self.visits is not None:
            visits = self.visits.figures()
            out |= {"dwell": visits.pop("dwell"), "visits": visits}
        if self.hours is not None:
            out["occupancy"] = self.hours
        if self.expected is not None:
            out["expected"] = self.expected.figures()
        if self.flows is not None:
            out["flows"] = self.flows.figures()
        if self.triggers is not None:
            out |= self.triggers.figures()
        if self.uplift is not None:
            out["uplift"] = self.uplift.figures()
        return out


def score_tables(tables: Tables, window_s: float) -> Scores:
    """Every report that the tables allow."""
    truth, fixes = tables.truth, tables.fixes
    devices = np.unique(truth.device).tolist()
    places = true_places(truth, fixes)
    return Scores(
        score_fixes(truth, fixes, window_s),
        places,
        _confusion(tables.plan, places, fixes) if tables.plan else None,
        score_visits(*tables.visits, devices) if tables.visits else None,
        score_hours(*tables.hours) if tables.hours else None,
        _triggers(tables, devices),
        score_flows(*tables.flows) if tables.flows else None,
        _uplift(tables),
        _score_expected(tables, devices),
    )


def _score_expected(tables: Tables, devices: Iterable[str]) -> ExpectedReport | None:
    if tables.expected is None or tables.visits is None or tables.hours is None or tables.plan is None:
        return None
    zones = leaf_zones(tables.plan)
    return score_expected(tables.expected, zones, true_zones(zones, tables.hours[0], tables.visits[0], devices))


def _triggers(tables: Tables, devices: Iterable[str]) -> TriggerReport | None:
    """Fates are of all campaigns that were simulated, those of which nothing was due as well."""
    if tables.decisions is None:
        return None
    simulated = np.unique(tables.potential.campaign_id).tolist() if tables.potential is not None else ()
    return score_triggers(*tables.decisions, devices, tables.shoppers, campaigns=simulated)


def _uplift(tables: Tables) -> UpliftReport | None:
    if tables.decisions is None or tables.potential is None:
        return None
    return score_uplift(tables.decisions[1], tables.potential, tables.holdout_share)


def _confusion(plan: Plan, places: TruePlaces, fixes: PlaceColumns) -> Confusion:
    row = places.row
    true = zone_of(plan, places.level, places.x_m, places.y_m)
    return zone_confusion(plan, true, zone_of(plan, fixes.level[row], fixes.x_m[row], fixes.y_m[row]))
