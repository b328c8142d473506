"""Tables by hour that come from elsewhere, read strictly against the plan and the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.flows import FLOWS
from engine.files.outcomes import HOURS
from engine.files.read import Lines, read_columns
from engine.plan.model import Plan
from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.local_hours import HOUR_S, hours_in
from engine.presence.zonehours import ZoneHourRow

FIGURES = ("person_s", "visits", "dwell_s", "persons_peak")
LISTED = 5  # rows wrong in one way that are named one by one; of more the first, with how many there are

Row = TypeVar("Row", ZoneHourRow, FlowRow)
Check = tuple[str, Any, str]
"""(column, which rows are wrong, what is wrong with them)."""


@dataclass(frozen=True, slots=True)
class History(Generic[Row]):
    """A table's rows in the order of time, and the line in the file that each came from."""

    path: Path
    rows: list[Row]
    lines: list[int]

    def keep(self, rows: Mapping[int, Row]) -> History[Row]:
        """Other rows in the places of those of these numbers, and no others."""
        return replace(self, rows=list(rows.values()), lines=[self.lines[i] for i in rows])


def find_table(folder: Path, name: str) -> Path | None:
    """The table of this name in a folder, as CSV or Parquet. OperatorError where it is there as both."""
    found = [path for path in (folder / f"{name}.csv", folder / f"{name}.parquet") if path.is_file()]
    if len(found) > 1:
        reason = f"holds both {name}.csv and {name}.parquet"
        raise OperatorError([Problem(str(folder), "(folder)", reason, "remove the one that is not meant")])
    return found[0] if found else None


def read_zone_hours(path: Path, plan: Plan, now: float) -> History[ZoneHourRow]:
    """Zones by hour. Raises OperatorError with every problem: zones that the plan does not know, hours that are none or
    not over, figures that cannot be, an hour and zone twice."""
    cols, lines = read_columns(path, HOURS)
    checks = [*_hours(cols, plan, now), ("zone", ~np.isin(cols["zone"], [z.id for z in plan.zones]), _strange(plan))]
    checks += [(n, ~np.isfinite(cols[n]) | (cols[n] < 0), "is below 0, or no number") for n in FIGURES]
    checks.append(("visits", cols["visits"] % 1 != 0, "is not a whole number"))
    checks.append(("zone", _find_repeats(cols, "hour_start", "zone"), "has this hour on an earlier line already"))
    _refuse(path, cols, checks, lines)
    named = zip(*(cols[n].tolist() for n in ("hour_start", "zone", *FIGURES)), strict=True)
    rows = [ZoneHourRow(hour, zone, s, int(visits), dwell, peak) for hour, zone, s, visits, dwell, peak in named]
    order = np.lexsort((cols["zone"], cols["hour_start"])).tolist()
    return History(path, [rows[i] for i in order], [lines(i) for i in order])


def read_zone_flows(path: Path, plan: Plan, now: float) -> History[FlowRow]:
    """Transitions by hour. Raises OperatorError with every problem, as for zones by hour."""
    cols, lines = read_columns(path, FLOWS)
    known = [OUTSIDE, *(z.id for z in plan.zones)]
    checks = [
        *_hours(cols, plan, now),
        *((n, ~np.isin(cols[n], known), _strange(plan)) for n in ("from_zone", "to_zone")),
    ]
    checks.append(("to_zone", cols["from_zone"] == cols["to_zone"], "is where it comes from"))
    checks.append(("count", (cols["count"] < 1) | (cols["count"] % 1 != 0), "is not a whole number of 1 or more"))
    checks.append(("to_zone", _find_repeats(cols, "hour_start", "from_zone", "to_zone"), "has been on an earlier line"))
    _refuse(path, cols, checks, lines)
    named = zip(*(cols[n].tolist() for n in ("hour_start", "from_zone", "to_zone", "count")), strict=True)
    rows = [FlowRow(hour, a, b, int(n)) for hour, a, b, n in named]
    order = np.lexsort((cols["to_zone"], cols["from_zone"], cols["hour_start"])).tolist()
    return History(path, [rows[i] for i in order], [lines(i) for i in order])


def refuse_differing(history: History[Row], differing: Sequence[tuple[int, Row]]) -> list[Problem]:
    """The rows that the database knows with other figures: a problem each, or one for all where they are many."""
    file, fix = str(history.path), "another database, or --replace to overwrite what is there"
    out = [
        Problem(file, f"line {history.lines[i]}", f"the database has other figures of this hour: {_words(there)}", fix)
        for i, there in differing
    ]
    return out if len(out) <= LISTED else [_first_of(out)]


def _words(row: ZoneHourRow | FlowRow) -> str:
    if isinstance(row, FlowRow):
        return f"{row.count} from {row.from_zone or 'outside'} to {row.to_zone or 'outside'}"
    return f"{row.zone} with {row.visits} visits, {row.person_s:.0f} person-seconds"


def _hours(cols: dict[str, Any], plan: Plan, now: float) -> list[Check]:
    """Hours are the store's: in zones half an hour off UTC they begin at half past."""
    hour = cols["hour_start"]
    timely = np.where(np.isfinite(hour), hour, 0.0)
    partial = (timely != hour) | (hours_in(plan.timezone).starts(timely) != hour)
    return [
        ("hour_start", partial, f"is not a full hour in {plan.timezone} (seconds UTC)"),
        ("hour_start", hour + HOUR_S > now, "is not over yet: an engine may still count it"),
    ]


def _strange(plan: Plan) -> str:
    return f"is no zone of {plan.store}"


def _find_repeats(cols: dict[str, Any], *names: str) -> Any:
    """Which rows have the values of an earlier one in all these columns."""
    keys = list(zip(*(cols[n].tolist() for n in names), strict=True))
    first: dict[tuple[Any, ...], int] = {}
    return np.array([first.setdefault(key, i) != i for i, key in enumerate(keys)], np.bool_)


def _refuse(path: Path, cols: dict[str, Any], checks: Sequence[Check], lines: Lines) -> None:
    out: list[Problem] = []
    for column, bad, reason in checks:
        values = cols[column]
        found = [
            Problem(str(path), f"line {lines(i)}, column {column}", f"{values[i]} {reason}")
            for i in np.flatnonzero(bad).tolist()
        ]
        out += found if len(found) <= LISTED else [_first_of(found)]
    if out:
        raise OperatorError(out)


def _first_of(found: Sequence[Problem]) -> Problem:
    """The first of many rows that are wrong in one way, and how many more there are."""
    more = f"{len(found) - 1} more rows are wrong in the same way"
    return replace(found[0], reason=f"{found[0].reason}; {more}")
