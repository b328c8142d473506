"""`rayon history import`: hours counted elsewhere, put where managers' reports read."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.config import Config
from engine.errors import OperatorError, Problem
from engine.plan.load import load_plans
from engine.plan.model import Plan
from engine.presence.zonehours import ZoneHourRow
from engine.records import F64
from engine.storage.database import open_database
from engine.storage.histories import Imported, differing_hours, import_hours
from engine.tables.outcomes import HOURS
from engine.tables.read import Lines, read_columns

HOUR_S = 3600.0
CHUNK_ROWS = 10_000
FIGURES = ("person_s", "visits", "dwell_s", "persons_peak")
LISTED = 100  # problems of one kind named one by one; the others as one line with their count

history_app = typer.Typer(
    name="history", help="Past hours of a store, from elsewhere.", no_args_is_help=True, rich_markup_mode="rich"
)


def register(app: typer.Typer) -> None:
    """Adds `history` and its command."""
    app.add_typer(history_app)


@history_app.callback()
def _history() -> None:
    """Past hours of a store, from elsewhere."""


@history_app.command("import", rich_help_panel="Run a site")
def import_(
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder with an hours table in it, or the table itself.")
    ],
    store: Annotated[str, typer.Option(help="The store's id: the name of its floor plan's folder.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite hours that the database knows with other figures.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Default: ./config.yaml if there, else the embedded defaults.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Put a table of zones by hour into the site's database: managers' pages and reports then show it.

    Takes hours.csv (or .parquet) as [bold]rayon simulate[/bold] and [bold]rayon decide[/bold] write it:
    hour_start,zone,person_s,visits,dwell_s,persons_peak. The same table again changes nothing, and one that was cut
    off is gone on with. Hours that the database knows with other figures are a mistake, unless --replace is given.

    Example: [bold]rayon simulate year -o year/ && rayon history import year/ --store supermarket[/bold]
    """
    from api.cli.startup import read_config

    site = read_config(config)
    plan = _plan(site, store)
    path = _table(source)
    rows, lines = read_history(path, plan, time.time())
    db = open_database(os.environ.get("RAYON_DATABASE_URL", site.storage.url))
    try:
        if not replace:
            _refuse_differing(path, differing_hours(db, store, rows), lines)
        done = Imported()
        with _bar() as bar:
            task = bar.add_task(store, total=len(rows))
            for first in range(0, len(rows), CHUNK_ROWS):
                part = rows[first : first + CHUNK_ROWS]
                done += import_hours(db, store, part, replace=replace)
                bar.advance(task, len(part))
    finally:
        db.close()
    _print(store, rows, done, as_json=as_json)


def read_history(path: Path, plan: Plan, now: float) -> tuple[list[ZoneHourRow], Lines]:
    """The hours of a table in the order of time, and each row's line. Raises OperatorError with every problem: zones
    that the plan does not know, hours that are none or not over, figures that cannot be, an hour and zone twice."""
    cols, lines = read_columns(path, HOURS)
    hour, zone = cols["hour_start"], cols["zone"].tolist()
    checks: list[tuple[str, Any, str]] = [
        ("hour_start", hour % HOUR_S != 0, "is not a full hour (seconds UTC)"),
        ("hour_start", hour + HOUR_S > now, "is not over yet: an engine may still count it"),
        ("zone", ~np.isin(cols["zone"], [z.id for z in plan.zones]), f"is no zone of {plan.store}"),
        ("visits", cols["visits"] % 1 != 0, "is not a whole number"),
    ]
    checks += [(n, ~np.isfinite(cols[n]) | (cols[n] < 0), "is below 0, or no number") for n in FIGURES]
    checks.append(("zone", _repeated(hour, zone), "has this hour on an earlier line already"))
    problems = [p for column, bad, reason in checks for p in _told(path, column, cols[column], bad, reason, lines)]
    if problems:
        raise OperatorError(problems)
    order = sorted(range(len(zone)), key=lambda i: (hour[i], zone[i]))
    figures = list(zip(*(cols[n].tolist() for n in FIGURES), strict=True))
    rows = [
        ZoneHourRow(float(hour[i]), zone[i], figures[i][0], int(figures[i][1]), figures[i][2], figures[i][3])
        for i in order
    ]
    return rows, lambda i: lines(order[i])


def _plan(config: Config, store: str) -> Plan:
    plans = load_plans(config.stores.floorplans_dir, config.stores.stores)
    if store not in plans:
        fix = f"one of {', '.join(plans) or 'none'}"
        raise OperatorError([Problem("rayon history import", "--store", f"this site has no store {store!r}", fix)])
    return plans[store]


def _table(source: Path) -> Path:
    if source.is_file():
        return source
    found = [path for path in (source / "hours.csv", source / "hours.parquet") if path.is_file()]
    if len(found) == 1:
        return found[0]
    reason = "holds both hours.csv and hours.parquet" if found else "holds no hours.csv or hours.parquet"
    fix = "name the table itself" if found else "a folder that rayon simulate wrote, or a table"
    raise OperatorError([Problem(str(source), "(folder)", reason, fix)])


def _repeated(hour: F64, zone: Sequence[str]) -> Any:
    seen: Counter[tuple[float, str]] = Counter()
    out = np.zeros(len(zone), np.bool_)
    for i, key in enumerate(zip(hour.tolist(), zone, strict=True)):
        out[i] = seen[key] > 0
        seen[key] += 1
    return out


def _told(path: Path, column: str, values: Any, bad: Any, reason: str, lines: Lines) -> list[Problem]:
    rows = np.flatnonzero(bad).tolist()
    out = [Problem(str(path), f"line {lines(i)}, column {column}", f"{values[i]} {reason}") for i in rows[:LISTED]]
    if len(rows) > LISTED:
        out.append(Problem(str(path), f"column {column}", f"{len(rows) - LISTED} more rows: {reason}"))
    return out


def _refuse_differing(path: Path, differing: Sequence[tuple[int, ZoneHourRow]], lines: Lines) -> None:
    fix = "another database, or --replace to overwrite what is there"
    out = [
        Problem(
            str(path),
            f"line {lines(i)}",
            f"the database has other figures of {there.zone} at {there.hour_start:.0f}: {there.visits} visits, "
            f"{there.person_s:.0f} person-seconds",
            fix,
        )
        for i, there in differing[:LISTED]
    ]
    if len(differing) > LISTED:
        out.append(Problem(str(path), "(whole file)", f"{len(differing) - LISTED} more hours have other figures", fix))
    if out:
        raise OperatorError(out)


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(store: str, rows: Sequence[ZoneHourRow], done: Imported, *, as_json: bool) -> None:
    span = [rows[0].hour_start, rows[-1].hour_start + HOUR_S] if rows else None
    result = {
        "store": store,
        "rows": len(rows),
        "added": done.added,
        "replaced": done.replaced,
        "unchanged": done.same,
        "left_alone": done.kept,
        "from_t": span[0] if span else None,
        "to_t": span[1] if span else None,
    }
    if as_json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key.replace('_', ' '):<12} {value}")
