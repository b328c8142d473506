"""The tables of one run, true and found side by side: where they lie, and reading them with all problems at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from api.cli.inputs import plan_files
from engine.errors import OperatorError, Problem, ProblemCollector, collect_problems
from engine.files import read_fixes, read_truth
from engine.files.expected import read_expected
from engine.files.experiments import read_experiments, read_potential
from engine.files.flows import read_flows
from engine.files.outcomes import (
    consenting,
    read_coupons,
    read_decisions,
    read_hours,
    read_sessions,
    read_visits,
)
from engine.plan.load import load_plan
from engine.referee.run import Tables

T = TypeVar("T")
F = TypeVar("F")

Pair = tuple[Path, Path]
"""A true table and the found one."""

TRUTH_AND_FIXES = ("truth.csv", "fixes.csv")
VISITS = ("visits.csv", "found_visits.csv")
HOURS = ("hours.csv", "found_hours.csv")
FLOWS = ("flows.csv", "found_flows.csv")
DECISIONS = ("coupons.csv", "decisions.csv")
PAIRS = (("visits", VISITS), ("hours", HOURS), ("flows", FLOWS), ("decisions", DECISIONS))
PLAN = "plan.geojson"
POTENTIAL, EXPERIMENTS, EXPECTED = "potential_outcomes.csv", "experiments.csv", "expected.csv"


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
    expected: Path | None = None

    def paths(self) -> list[Path]:
        """All files that are read."""
        pairs = (self.positions, self.visits, self.hours, self.decisions, self.flows)
        alone = (self.sessions, self.potential, self.experiments, self.expected)
        return [*(p for pair in pairs if pair for p in pair), *(p for p in alone if p), *plan_files(self.plan)]


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
    beside = (folder / name for name in (POTENTIAL, EXPERIMENTS, EXPECTED))
    fates, shares, expected = (path if path.is_file() else None for path in beside)
    return Files(
        (truth, fixes),
        plan=plan or own_plan,
        sessions=sessions,
        potential=fates,
        experiments=shares,
        expected=expected,
        **found,
    )


def read_files(files: Files) -> Tables:
    """Reads all tables. Raises one OperatorError with the problems of all."""
    with collect_problems() as collect:
        truth = collect.read(lambda: read_truth(files.positions[0]))
        fixes = collect.read(lambda: read_fixes(files.positions[1]))
        return Tables(
            truth,
            fixes,
            visits=_both(collect, files.visits, read_visits, read_visits),
            hours=_both(collect, files.hours, read_hours, read_hours),
            decisions=_both(collect, files.decisions, read_coupons, read_decisions),
            plan=_one(collect, files.plan, load_plan),
            shoppers=_one(collect, files.sessions, lambda path: consenting(read_sessions(path))),
            flows=_both(collect, files.flows, read_flows, read_flows),
            potential=_one(collect, files.potential, read_potential),
            holdout_share=_one(collect, files.experiments, read_experiments) or {},
            expected=_one(collect, files.expected, read_expected),
        )


def _one(collect: ProblemCollector, path: Path | None, read: Callable[[Path], T]) -> T | None:
    return None if path is None else collect.read(lambda: read(path))


def _both(
    collect: ProblemCollector, pair: Pair | None, true: Callable[[Path], T], found: Callable[[Path], F]
) -> tuple[T, F] | None:
    if pair is None:
        return None
    return collect.read(lambda: true(pair[0])), collect.read(lambda: found(pair[1]))
