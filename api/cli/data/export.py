"""`rayon export parquet`: what was counted, as columnar files for a warehouse."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.engine import CONFIG_OPTION
from engine.errors import OperatorError, Problem
from engine.plan.model import Plan

Rows = Sequence[tuple[Any, ...]]

export_app = typer.Typer(
    name="export", help="What was counted, as files for other programs.", no_args_is_help=True, rich_markup_mode="rich"
)


def register(app: typer.Typer) -> None:
    """Adds `export` and its command."""
    app.add_typer(export_app)


@export_app.callback()
def _export() -> None:
    """What was counted, as files for other programs."""


@export_app.command("parquet")
def parquet(
    folder: Annotated[Path, typer.Option(help="Where the files go; those of the same names are replaced.")],
    from_day: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, by each store's clock.")],
    to_day: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day; it belongs to them.")],
    stores: Annotated[
        list[str] | None, typer.Option("--store", help="The store's id; may be given again. Default: all.")
    ] = None,
    config: Path | None = CONFIG_OPTION,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Write zone_hours, zone_flows and coupon_hours of whole days as Parquet files. Needs the extra `parquet`.

    Rows are those that pages are made of: no figure has fewer than privacy.k people behind it, and counts go in whole
    ks. What waits for its k people stands in no file yet: export the last days again. Zones are read from the replica
    where RAYON_REPLICA_URL or storage.replica_url names one.

    Example: [bold]rayon export parquet --from 2026-11-01 --to 2026-11-30 --folder warehouse[/bold]
    """
    from api.cli.startup import read_config
    from engine.files.warehouse import write_table
    from engine.plan.load import load_plans
    from engine.presence.local_hours import hours_in
    from engine.storage.database import open_database
    from engine.storage.told.coupons import tell_coupons
    from engine.storage.upkeep.copies import require_database
    from engine.storage.upkeep.replica import open_for_reading

    site = read_config(config)
    block_s = site.privacy.block_s
    first, last = _days(from_day, to_day)
    plans = _choose(load_plans(site.stores.floorplans_dir, site.stores.stores), stores or [])
    url = os.environ.get("RAYON_DATABASE_URL", site.storage.url)
    require_database(url)
    replica = os.environ.get("RAYON_REPLICA_URL", site.storage.replica_url)
    with closing(open_database(url)) as own, closing(open_for_reading(url, replica)) as copy:
        for plan in plans:
            tell_coupons(own, plan.store, hours_in(plan.timezone), k=site.privacy.k, block_s=block_s, now=time.time())
        written = {
            name: write_table(folder, name, (read(db, plan, *_span(plan, first, last)) for plan in plans))
            for name, (db, read) in _readers(own, copy).items()
        }
    if as_json:
        print(json.dumps({"folder": str(folder), "rows": written}))
    else:
        for name, rows in written.items():
            print(f"{folder / name}.parquet: {rows} rows")


def _days(from_day: str, to_day: str) -> tuple[dt.date, dt.date]:
    try:
        first, last = dt.date.fromisoformat(from_day), dt.date.fromisoformat(to_day)
    except ValueError as error:
        raise OperatorError([Problem("rayon export", "--from, --to", str(error), "days such as 2026-11-30")]) from error
    if last < first:
        raise OperatorError([Problem("rayon export", "--to", "is before --from", "the last day, or the same")])
    return first, last


def _choose(plans: dict[str, Plan], asked: Sequence[str]) -> list[Plan]:
    unknown = [store for store in asked if store not in plans]
    if unknown:
        fix = f"some of {', '.join(plans) or 'none'}"
        raise OperatorError([Problem("rayon export", "--store", f"no store {store!r} here", fix) for store in unknown])
    return [plan for store, plan in plans.items() if not asked or store in asked]


def _span(plan: Plan, first: dt.date, last: dt.date) -> tuple[float, float]:
    from engine.presence.local_hours import hours_in

    local = hours_in(plan.timezone)
    return local.midnight(first), local.midnight(last + dt.timedelta(days=1))


def _zone_hours(db: Any, plan: Plan, from_t: float, to_t: float) -> Rows:
    from engine.storage.presence.heatmaps import zone_hours

    rows = zone_hours(db, plan.store, from_t=from_t, to_t=to_t)
    return [(plan.store, r.hour_start, r.zone, r.person_s, r.visits, r.dwell_s_sum) for r in rows]


def _zone_flows(db: Any, plan: Plan, from_t: float, to_t: float) -> Rows:
    from engine.storage.presence.heatmaps import zone_flows

    rows = zone_flows(db, plan.store, from_t=from_t, to_t=to_t)
    return [(plan.store, r.hour_start, r.from_zone, r.to_zone, r.count) for r in rows]


def _coupon_hours(db: Any, plan: Plan, from_t: float, to_t: float) -> Rows:
    from engine.storage.told.coupons import told_hours

    return [(plan.store, *row) for row in told_hours(db, plan.store, from_t=from_t, to_t=to_t)]


def _readers(own: Any, copy: Any) -> dict[str, tuple[Any, Callable[[Any, Plan, float, float], Rows]]]:
    """Each table's database and how it is read: coupons have just been told, which a replica does not know yet."""
    return {"zone_hours": (copy, _zone_hours), "zone_flows": (copy, _zone_flows), "coupon_hours": (own, _coupon_hours)}
