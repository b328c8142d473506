"""`rayon history import`: hours counted elsewhere, put where managers' reports read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.history.tables import History, Row, find_table, read_zone_flows, read_zone_hours, refuse_differing
from engine.config import Config
from engine.errors import OperatorError, Problem, collect_problems
from engine.plan.load import load_plans
from engine.plan.model import Plan
from engine.presence.flows import FlowRow
from engine.presence.local_hours import HOUR_S
from engine.presence.withheld.blocks import gate_flows, gate_hours
from engine.presence.zonehours import ZoneHourRow
from engine.progress import show_progress
from engine.storage.database import Database, open_database
from engine.storage.presence.histories import ZONE_FLOWS, ZONE_HOURS, ByHour, Imported

CHUNK_ROWS = 10_000
"""Rows of one transaction."""

history_app = typer.Typer(
    name="history", help="Past hours of a store, from elsewhere.", no_args_is_help=True, rich_markup_mode="rich"
)


def register(app: typer.Typer) -> None:
    """Adds `history` and its command."""
    app.add_typer(history_app)


@history_app.callback()
def _history() -> None:
    """Past hours of a store, from elsewhere."""


@history_app.command("import")
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

    Takes hours.csv (or .parquet) as [bold]rayon simulate[/bold] writes it: hour_start,zone,person_s,visits,dwell_s,
    persons_peak; and flows.csv of the same folder where there is one. The same tables again change nothing, and an
    import that was cut off is gone on with. Hours that the database knows with other figures are a mistake, unless
    --replace is given. Hours are merged until privacy.k visits (or transitions) stand behind each figure, which is
    laid evenly over them; zones with fewer in all are left out. Simulated hours belong in a database of their own:
    reports do not tell them from counted ones.

    Example: [bold]rayon simulate year -o year/ && rayon history import year/ --store supermarket[/bold]
    """
    from api.cli.startup import read_config

    site = read_config(config)
    hours, flows = _read(source, _plan(site, store), time.time())
    hours, few_hours = _gate(hours, gate_hours, lambda row: row.zone, site.privacy.k)
    few_flows = 0
    if flows is not None:
        flows, few_flows = _gate(flows, gate_flows, lambda row: (row.from_zone, row.to_zone), site.privacy.k)
    db = open_database(os.environ.get("RAYON_DATABASE_URL", site.storage.url))
    try:
        if not replace:
            problems = refuse_differing(hours, ZONE_HOURS.differing(db, store, hours.rows))
            problems += refuse_differing(flows, ZONE_FLOWS.differing(db, store, flows.rows)) if flows else []
            if problems:
                raise OperatorError(problems)
        with show_progress(store, len(hours.rows) + (len(flows.rows) if flows else 0)) as progress:
            done = _put(db, store, ZONE_HOURS, hours, replace, progress.advance)
            moved = _put(db, store, ZONE_FLOWS, flows, replace, progress.advance) if flows else Imported()
    finally:
        db.close()
    _print(store, hours.rows, done, moved, (few_hours, few_flows), as_json=as_json)


def _read(source: Path, plan: Plan, now: float) -> tuple[History[ZoneHourRow], History[FlowRow] | None]:
    """The hours of a folder or file, and the folder's flows where it has some. OperatorError with every problem."""
    path = source if source.is_file() else find_table(source, "hours")
    if path is None:
        fix = "a folder that rayon simulate wrote, or a table"
        raise OperatorError([Problem(str(source), "(folder)", "holds no hours.csv or hours.parquet", fix)])
    beside = None if source.is_file() else find_table(source, "flows")
    with collect_problems() as collect:
        hours = collect.read(lambda: read_zone_hours(path, plan, now))
        flows = None if beside is None else collect.read(lambda: read_zone_flows(beside, plan, now))
    return hours, flows


def _gate(
    history: History[Row],
    gate: Callable[[Sequence[Row], int], dict[int, Row]],
    key: Callable[[Row], Hashable],
    k: int,
) -> tuple[History[Row], int]:
    """The table with k behind each figure, and how many rows are left out, of zones or pairs with fewer in all."""
    kept = history.keep(gate(history.rows, k))
    known = {key(row) for row in kept.rows}
    return kept, sum(key(row) not in known for row in history.rows)


def _plan(config: Config, store: str) -> Plan:
    plans = load_plans(config.stores.floorplans_dir, config.stores.stores)
    if store not in plans:
        fix = f"one of {', '.join(plans) or 'none'}"
        raise OperatorError([Problem("rayon history import", "--store", f"this site has no store {store!r}", fix)])
    return plans[store]


def _put(
    db: Database, store: str, table: ByHour[Row], history: History[Row], replace: bool, on_rows: Callable[[int], None]
) -> Imported:
    """Chunk by chunk, each in one transaction: readers see whole hours soon, and an engine never waits for long."""
    done = Imported()
    for first in range(0, len(history.rows), CHUNK_ROWS):
        part = history.rows[first : first + CHUNK_ROWS]
        done += table.put(db, store, part, replace=replace)
        on_rows(len(part))
    return done


def _print(
    store: str, rows: list[ZoneHourRow], done: Imported, moved: Imported, below: tuple[int, int], *, as_json: bool
) -> None:
    result: dict[str, Any] = {
        "store": store,
        "from_t": rows[0].hour_start if rows else None,
        "to_t": rows[-1].hour_start + HOUR_S if rows else None,
        "hours": asdict(done),
        "flows": asdict(moved),
        "below_k": dict(zip(("hours", "flows"), below, strict=True)),
    }
    if as_json:
        print(json.dumps(result))
        return
    for name, counts in (("hours", done), ("flows", moved)):
        said = ", ".join(f"{n} {word}" for word, n in asdict(counts).items())
        print(f"{store}: {name}: {said}")
    if any(below):
        print(f"{store}: left out, of zones and pairs with too few in all: {below[0]} hours, {below[1]} transitions")
