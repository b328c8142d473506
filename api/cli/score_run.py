"""The tables of one run, true and found side by side, and everything that can be scored of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import OperatorError, Problem, together
from engine.offers.scoring import TriggerReport, score_triggers
from engine.offers.uplift_scoring import UpliftReport, score_uplift
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.positioning.scoring import ErrorReport, score_fixes
from engine.positioning.true_places import TruePlaces, true_places
from engine.presence.flow_scoring import FlowReport, score_flows
from engine.presence.flows import FlowRow
from engine.presence.scoring import VisitReport, score_visits
from engine.presence.zone_scoring import Confusion, score_hours, zone_confusion, zone_of
from engine.tables import FixTable, TruthTable, read_fixes, read_truth
from engine.tables.experiments import PotentialTable, read_experiments, read_potential
from engine.tables.flows import read_flows
from engine.tables.outcomes import (
    CouponTable,
    DecisionTable,
    HourTable,
    VisitTable,
    consenting,
    read_coupons,
    read_decisions,
    read_hours,
    read_sessions,
    read_visits,
)

Pair = tuple[Path, Path]
"""A true table and the found one."""

TRUTH_AND_FIXES = ("truth.csv", "fixes.csv")
VISITS = ("visits.csv", "found_visits.csv")
HOURS = ("hours.csv", "found_hours.csv")
FLOWS = ("flows.csv", "found_flows.csv")
DECISIONS = ("coupons.csv", "decisions.csv")
PAIRS = (("visits", VISITS), ("hours", HOURS), ("flows", FLOWS), ("decisions", DECISIONS))
PLAN = "plan.geojson"
POTENTIAL, EXPERIMENTS = "potential_outcomes.csv", "experiments.csv"


@dataclass(frozen=True, slots=True)
class Files:
    """Which files to score; only positions are always there. `plan` is a store's folder.

    `potential` goes with `decisions`, and `experiments` with it: who is held out of what.
    """

    positions: Pair
    visits: Pair | None = None
    hours: Pair | None = None
    decisions: Pair | None = None
    plan: Path | None = None
    sessions: Path | None = None
    flows: Pair | None = None
    potential: Path | None = None
    experiments: Path | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """The same, read."""

    truth: TruthTable
    fixes: FixTable
    visits: tuple[VisitTable, VisitTable] | None
    hours: tuple[HourTable, HourTable] | None
    decisions: tuple[CouponTable, DecisionTable] | None
    plan: Plan | None
    shoppers: set[str] | None  # None: every phone counts as consenting
    flows: tuple[list[FlowRow], list[FlowRow]] | None = None
    potential: PotentialTable | None = None
    holdout_share: Mapping[str, float] = field(default_factory=dict)


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
        if self.flows is not None:
            out["flows"] = self.flows.figures()
        if self.triggers is not None:
            out |= self.triggers.figures()
        if self.uplift is not None:
            out["uplift"] = self.uplift.figures()
        return out


def files_of_run(folder: Path, plan: Path | None, sessions: Path | None = None) -> Files:
    """What lies in a run's folder. Raises OperatorError when positions or one of a pair of tables are missing."""
    problems = []
    found: dict[str, Pair | None] = {}
    for name, (true, own) in PAIRS:
        pair = folder / true, folder / own
        there = [p.is_file() for p in pair]
        found[name] = pair if all(there) else None
        if there == [False, True]:
            problems.append(Problem(str(pair[0]), "(whole file)", f"{own} has no truth to compare with", "the truth"))
    for name in TRUTH_AND_FIXES:
        if not (folder / name).is_file():
            fix = "rayon simulate writes the truth, rayon decide --tables the fixes, into one folder"
            problems.append(Problem(str(folder / name), "(whole file)", "is missing", fix))
    if problems:
        raise OperatorError(problems)
    own_plan = folder if (folder / PLAN).is_file() else None
    truth, fixes = (folder / name for name in TRUTH_AND_FIXES)
    fates, shares = (path if path.is_file() else None for path in (folder / POTENTIAL, folder / EXPERIMENTS))
    return Files((truth, fixes), plan=plan or own_plan, sessions=sessions, potential=fates, experiments=shares, **found)


def read_files(files: Files) -> Tables:
    """Reads all tables. Raises one OperatorError with the problems of all."""
    visits, hours, flows, decisions = files.visits, files.hours, files.flows, files.decisions
    plan, sessions, potential, experiments = files.plan, files.sessions, files.potential, files.experiments
    read = together(
        lambda: read_truth(files.positions[0]),
        lambda: read_fixes(files.positions[1]),
        lambda: together(lambda: read_visits(visits[0]), lambda: read_visits(visits[1])) if visits else None,
        lambda: together(lambda: read_hours(hours[0]), lambda: read_hours(hours[1])) if hours else None,
        lambda: (
            together(lambda: read_coupons(decisions[0]), lambda: read_decisions(decisions[1])) if decisions else None
        ),
        lambda: load_plan(plan) if plan else None,
        lambda: consenting(read_sessions(sessions)) if sessions else None,
        lambda: together(lambda: read_flows(flows[0]), lambda: read_flows(flows[1])) if flows else None,
        lambda: read_potential(potential) if potential else None,
        lambda: read_experiments(experiments) if experiments else {},
    )
    return Tables(*read)


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
        score_triggers(*tables.decisions, devices, tables.shoppers) if tables.decisions else None,
        score_flows(*tables.flows) if tables.flows else None,
        _uplift(tables),
    )


def _uplift(tables: Tables) -> UpliftReport | None:
    if tables.decisions is None or tables.potential is None:
        return None
    return score_uplift(tables.decisions[1], tables.potential, tables.holdout_share)


def _confusion(plan: Plan, places: TruePlaces, fixes: FixTable) -> Confusion:
    row = places.row
    true = zone_of(plan, places.level, places.x_m, places.y_m)
    return zone_confusion(plan, true, zone_of(plan, fixes.level[row], fixes.x_m[row], fixes.y_m[row]))
