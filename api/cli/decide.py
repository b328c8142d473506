"""`rayon decide`: the whole chain over a recording, every decision with its reason."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from api.cli.locate import warn
from engine.config import Config, load_config
from engine.errors import OperatorError, Problem
from engine.offers.campaigns import Campaign, load_campaigns
from engine.plan.cells import walkable_cells
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.records import F64
from engine.runtime.offline import Chain, run_chain
from engine.tables import FixTable, load_radio_map, read_readings, readings_for_plan, write_fixes
from engine.tables.outcomes import (
    DecisionTable,
    HourTable,
    VisitTable,
    read_sessions,
    write_decisions,
    write_hours,
    write_visits,
)

FIXES, VISITS, HOURS = "fixes.csv", "found_visits.csv", "found_hours.csv"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("decide")(decide)


def decide(
    folder: Path = typer.Argument(..., metavar="DIR", help="The store's folder, with its plan.geojson."),
    campaigns: Path = typer.Option(..., help="The store's campaigns.yaml."),
    readings: Path = typer.Option(..., help="Readings: t, device, ap, rssi_dbm and/or range_m (.csv or .parquet)."),
    output: Path = typer.Option(..., "--output", "-o", help="Where the decisions go (.csv or .parquet)."),
    sessions: Path | None = typer.Option(
        None,
        help="Who is a shopper, and from when on: t, device, event (connect or disconnect), and if known ssid, user, consent.",
    ),
    config: Path | None = typer.Option(None, help="A config.yaml for presence, positioning and caps."),
    radiomap: Path | None = typer.Option(None, help="A radio map made by `rayon calibrate`."),
    tables: Path | None = typer.Option(
        None, help=f"A folder for what the chain found on the way: {FIXES}, {VISITS}, {HOURS}; and the plan it used."
    ),
    as_json: bool = typer.Option(False, "--json", help="What came out, as one JSON object on standard output."),
) -> None:
    """Decides offline what the engine would decide live: every yes and no with its reason.

    The clock is taken from the readings; the same input gives the same output, to the byte. The same engine runs as
    live, only that a recording needs no wait for late readings.

    Every device counts as a shopper who agreed to offers, unless --sessions says otherwise: then a device is one from
    its first connect on, and not while its last consent is 0. Every coupon counts as delivered.

    Example: [bold]rayon decide floorplans/supermarket --campaigns floorplans/supermarket/campaigns.yaml
    --readings run/readings.csv -o run/decisions.csv[/bold]
    """
    if not output.parent.is_dir():  # said now, not after minutes of work
        raise OperatorError([Problem(str(output), "--output", "its folder does not exist", "make it, or name another")])
    plan = load_plan(folder)
    loaded = load_campaigns(campaigns, plan)
    settings = load_config(config)
    said = read_sessions(sessions) if sessions else None
    radio_map = load_radio_map(radiomap, plan, walkable_cells(plan, settings.positioning.cell_m)) if radiomap else None
    joined = readings_for_plan(read_readings(readings), plan)
    warn(str(readings), joined.warnings)
    with _clock_bar(joined.readings.t) as on_step:
        chain = run_chain(plan, settings, loaded, joined, said, radio_map, on_step)
    write_decisions(output, decision_table(chain, loaded))
    if tables is not None:
        write_chain(tables, chain, plan, settings)
        _keep_plan(folder, tables)
    print(_summary(chain, output), file=sys.stderr)
    if as_json:
        print(json.dumps(_counts(chain)))


def decision_table(chain: Chain, campaigns: list[Campaign]) -> DecisionTable:
    """The decisions in the order of the clock, then of device and campaign."""
    places = {c.id: c.place.product or c.place.zone or "store" for c in campaigns}
    rows = sorted(chain.decisions, key=lambda d: (d.at, chain.names[d.trigger.device], d.trigger.campaign_id))
    triggers = [d.trigger for d in rows]
    return DecisionTable(
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


def visit_table(chain: Chain) -> VisitTable:
    """The ended visits to zones, by entry."""
    ended = [e for e in chain.visits if e.kind == "leave"]
    ended.sort(key=lambda e: (e.started_at, chain.names[e.device], e.zone))
    return VisitTable(
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
    return FixTable(FIXES, f.t, names, levels[f.level], f.x_m, f.y_m, f.sigma_m, f.n_ap.astype(np.float64), method)


def write_chain(folder: Path, chain: Chain, plan: Plan, config: Config) -> None:
    """Fixes, visits and zone hours, as `rayon score --run` looks for them. Raises OperatorError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OperatorError([Problem(str(folder), "--tables", reason, "give a place to write")]) from error
    write_fixes(folder / FIXES, fix_table(chain, plan, config))
    write_visits(folder / VISITS, visit_table(chain))
    write_hours(folder / HOURS, hour_table(chain))


def _keep_plan(store: Path, folder: Path) -> None:
    """The floor plan beside the tables, so that they can be read on their own."""
    for name in ("plan.geojson", "products.csv"):
        if (store / name).is_file() and store.resolve() != folder.resolve():
            shutil.copyfile(store / name, folder / name)


@contextmanager
def _clock_bar(t: F64) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, when that is a terminal, of how far into the recording the clock is."""
    console = Console(stderr=True)
    start_t, end_t = (float(t.min()), float(t.max())) if len(t) else (0.0, 0.0)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("decide", total=end_t - start_t)
        yield lambda now: bar.update(task, completed=min(now, end_t) - start_t)


def _counts(chain: Chain) -> dict[str, Any]:
    reasons = Counter(d.reason for d in chain.decisions)
    return {
        "devices": len(chain.names),
        "fixes": len(chain.fixes.t),
        "stays": len(chain.stays),
        "visits": sum(e.kind == "leave" for e in chain.visits),
        "decisions": len(chain.decisions),
        "issued": reasons["ok"],
        "reasons": dict(sorted(reasons.items())),
        "counts": dict(sorted(chain.counts.items())),
    }


def _summary(chain: Chain, output: Path) -> str:
    reasons = Counter(d.reason for d in chain.decisions)
    issued = reasons.pop("ok", 0)
    why = ", ".join(f"{n} {reason}" for reason, n in sorted(reasons.items()))
    return f"{len(chain.decisions)} decisions in {output}: {issued} issue" + (f", {why}" if why else "")
