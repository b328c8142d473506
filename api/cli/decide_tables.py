"""What the offline chain found, as tables: decisions, visits, zone hours, fixes; all in an order of their own. And the
folder that they go to, with the plan beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from api.cli.inputs import is_same_file, refuse_overwriting
from engine.config import Config
from engine.errors import OperatorError, Problem
from engine.files import FixTable, write_fixes
from engine.files.expected import write_expected
from engine.files.experiments import write_experiments
from engine.files.flows import write_flows
from engine.files.outcomes import DecisionLogTable, HourTable, ZoneVisitTable, write_hours, write_visits
from engine.files.write import whole_file
from engine.offers.campaigns import Campaign, CampaignState
from engine.plan.load import PLAN_FILE, PRODUCTS_FILE
from engine.plan.model import Plan
from engine.runtime.offline import Chain
from engine.vocabulary import VisitChange

FIXES, VISITS, HOURS, FLOWS = "fixes.csv", "found_visits.csv", "found_hours.csv", "found_flows.csv"
EXPECTED = "expected.csv"
EXPERIMENTS = "experiments.csv"
_STORE_FILES = (PLAN_FILE, PRODUCTS_FILE)


def table_files(folder: Path) -> tuple[Path, ...]:
    """All that is written into the folder of tables."""
    return tuple(folder / name for name in (FIXES, VISITS, HOURS, FLOWS, EXPECTED, EXPERIMENTS, *_STORE_FILES))


def refuse_tables(folder: Path, store: Path, inputs: Sequence[Path | None]) -> None:
    """Raises OperatorError where the tables cannot go to `folder`, before minutes of work: something of what is there
    is read, is a folder itself, or is the plan of another store; or nobody may write there."""
    try:
        _refuse_no_room(folder)
        for path in table_files(folder):
            if path.name not in _STORE_FILES or not is_same_file(path, store / path.name):
                refuse_overwriting("--tables", path, *inputs)
        alien = _find_alien(store, folder)
    except OSError as error:
        raise _no_place(folder, error.strerror or str(error)) from error
    if alien:
        reason, fix = (
            "is of another store: it would be lost",
            "give another folder: the plan that was used goes there, too",
        )
        raise OperatorError([Problem(str(path), "--tables", reason, fix) for path in alien])


def _refuse_no_room(folder: Path) -> None:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists() or path.is_symlink())
    if not there.is_dir():
        raise _no_place(there, "is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise _no_place(there, "cannot be written to")
    for path in table_files(folder):
        if path.is_dir():
            raise _no_place(path, "is a folder")


def _find_alien(store: Path, folder: Path) -> list[Path]:
    """Files of the plan in `folder` that are neither this store's nor a copy of them."""
    ours = _store_of(store / PLAN_FILE)
    if ours is None or _store_of(folder / PLAN_FILE) == ours:
        return []  # of a plan that cannot be read, more is said where it is
    pairs = [(store / name, folder / name) for name in _STORE_FILES]
    return [kept for own, kept in pairs if own.is_file() and kept.is_file() and own.read_bytes() != kept.read_bytes()]


def _store_of(plan: Path) -> object:
    """The store that a plan names; None of what names none."""
    try:
        told = json.loads(plan.read_bytes()) if plan.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None
    head = told.get("rayon") if isinstance(told, dict) else None
    return head.get("store") if isinstance(head, dict) else None


def _no_place(path: Path, reason: str) -> OperatorError:
    return OperatorError([Problem(str(path), "--tables", reason, "give a place to write")])


def write_chain(folder: Path, chain: Chain, plan: Plan, config: Config, campaigns: Sequence[Campaign]) -> None:
    """Fixes, visits, hours, flows, what is expected and experiments, as `rayon score --run` looks for them. Raises
    OperatorError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_place(folder, error.strerror or str(error)) from error
    write_fixes(folder / FIXES, fix_table(chain, plan, config))
    write_visits(folder / VISITS, visit_table(chain))
    write_hours(folder / HOURS, hour_table(chain))
    write_flows(folder / FLOWS, chain.flows)
    write_expected(folder / EXPECTED, chain.expected)
    write_experiments(folder / EXPERIMENTS, [c for c in campaigns if c.state is CampaignState.RUNNING])


def keep_plan(store: Path, folder: Path) -> None:
    """The floor plan beside the tables, so that they can be read on their own. Raises OperatorError."""
    for name in _STORE_FILES:
        own, kept = store / name, folder / name
        if own.is_file() and not is_same_file(own, kept):
            with whole_file(kept, "--tables") as draft:
                draft.write_bytes(own.read_bytes())


def decision_table(chain: Chain, campaigns: Sequence[Campaign]) -> DecisionLogTable:
    """The decisions in the order of the clock, then of device and campaign."""
    places = {c.id: c.place.product or c.place.zone or "store" for c in campaigns}
    rows = sorted(chain.decisions, key=lambda d: (d.at, chain.names[d.trigger.device], d.trigger.campaign_id))
    triggers = [d.trigger for d in rows]
    return DecisionLogTable(
        t=np.array([d.at for d in rows], np.float64),
        device=np.array([chain.names[t.device] for t in triggers], np.str_),
        campaign_id=np.array([t.campaign_id for t in triggers], np.str_),
        outcome=np.array([d.outcome for d in rows], np.str_),
        reason=np.array([d.reason for d in rows], np.str_),
        probability=np.array([t.probability for t in triggers], np.float64),
        since=np.array([t.since for t in triggers], np.float64),
        visit_id=np.array([t.visit_id for t in triggers], np.str_),
        place=np.array([places[t.campaign_id] for t in triggers], np.str_),
        caused_by_t=np.array([t.caused_by_t for t in triggers], np.float64),
    )


def visit_table(chain: Chain) -> ZoneVisitTable:
    """The ended visits to zones, by entry."""
    ended = [e for e in chain.visits if e.kind == VisitChange.LEAVE]
    ended.sort(key=lambda e: (e.started_at, chain.names[e.device], e.zone))
    return ZoneVisitTable(
        device=np.array([chain.names[e.device] for e in ended], np.str_),
        zone=np.array([e.zone for e in ended], np.str_),
        entered_at=np.array([e.started_at for e in ended], np.float64),
        left_at=np.array([e.started_at + e.dwell_s for e in ended], np.float64),
    )


def hour_table(chain: Chain) -> HourTable:
    """Zones by hour."""
    rows = chain.zone_hours
    return HourTable(
        hour_start=np.array([r.hour_start for r in rows], np.float64),
        zone=np.array([r.zone for r in rows], np.str_),
        person_s=np.array([r.person_s for r in rows], np.float64),
        visits=np.array([r.visits for r in rows], np.float64),
        dwell_s=np.array([r.dwell_s_sum for r in rows], np.float64),
        persons_peak=np.array([r.persons_peak for r in rows], np.float64),
    )


def fix_table(chain: Chain, plan: Plan, config: Config) -> FixTable:
    """The fixes behind the decisions."""
    f = chain.fixes
    levels = np.array([lv.id for lv in plan.levels], np.str_)
    names = np.array([chain.names[device] for device in f.device.tolist()], np.str_)
    method = np.full(len(f.t), config.positioning.method)
    return FixTable(
        "fixes.csv", f.t, names, levels[f.level], f.x_m, f.y_m, f.sigma_m, f.n_ap.astype(np.float64), method
    )
