"""`rayon decide`: the whole chain over a recording, every decision with its reason."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer

from api.cli.decide_tables import (
    EXPECTED,
    EXPERIMENTS,
    FIXES,
    FLOWS,
    HOURS,
    VISITS,
    decision_table,
    keep_plan,
    refuse_tables,
    table_files,
    write_chain,
)
from api.cli.inputs import (
    PARQUET,
    TABLES,
    plan_files,
    plan_to_locate,
    refuse_no_folder,
    refuse_other_kind,
    refuse_overwriting,
    refuse_written_twice,
)
from api.cli.locate import (
    heard_devices,
    map_asked_for,
    warn,
    warn_of_macs,
    warn_of_no_fix,
    warn_of_no_fix_at_all,
    warn_of_odd,
)
from api.cli.sources.labels import (
    labels_in_words,
    labels_of_files,
    lack_in_words,
    promise_in_words,
    warn_of_doubts,
    warn_of_left_out,
    warn_of_unheard,
)
from api.cli.sources.sessions import use_sessions
from engine.config import Config, load_config
from engine.errors import OperatorError, collect_problems
from engine.files import ReadingTable, read_readings, readings_for_plan
from engine.files.joined import PlanReadings
from engine.files.labels import LabelTable
from engine.files.outcomes import SessionEvent, read_sessions, write_decisions
from engine.offers.campaigns import Campaign, load_campaigns
from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.kernels.choice import kernels
from engine.positioning.locator import NoFix
from engine.progress import show_progress
from engine.radio.radiomap import RadioMap
from engine.records import F64, Labels
from engine.runtime.offline import Chain, device_number, run_chain
from engine.vocabulary import DecisionReason, VisitChange


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
        help="Who is a shopper, and from when on: t, device, event (connect or disconnect), and consent where asked.",
    ),
    config: Path | None = typer.Option(None, help="A config.yaml for presence, positioning and caps."),
    radiomap: Path | None = typer.Option(None, help="A radio map made by `rayon calibrate`."),
    labels: Path | None = typer.Option(
        None, help="Where devices were, by somebody who knows: t, device, kind, and sku or x_m, y_m, level."
    ),
    receipts: Path | None = typer.Option(None, help="What was bought, a row each line: t (at the till), device, sku."),
    tables: Path | None = typer.Option(
        None,
        help=f"A folder for what was found on the way ({FIXES}, {VISITS}, {HOURS}, {FLOWS}, {EXPECTED}), the plan it "
        f"used, and the campaigns that held anybody out ({EXPERIMENTS}).",
    ),
    as_json: bool = typer.Option(False, "--json", help="What came out, as one JSON object on standard output."),
) -> None:
    """Decides offline what the engine would decide live: every yes and no with its reason.

    The clock is taken from the readings; the same input gives the same output, to the byte. The same engine runs as
    live, only that a recording needs no wait for late readings.

    Every device counts as a shopper who agreed to offers, unless --sessions says otherwise: then a device is one from
    its first connect on, and not while its last consent is 0. Lines of times that no clock shows make nobody one, and
    are told, as is where most are of other devices or times than the readings, or nobody is a shopper by them. Every
    coupon counts as delivered.

    Example: [bold]rayon decide floorplans/supermarket --campaigns floorplans/supermarket/campaigns.yaml
    --readings run/readings.csv -o run/decisions.csv[/bold]
    """
    inputs = (readings, campaigns, sessions, config, radiomap, labels, receipts, *plan_files(folder))
    _refuse_outputs(output, tables, folder, inputs)
    given = _read_files(folder, campaigns, readings, sessions, config, radiomap, labels, receipts)
    plan, recording, known = given.plan, given.recording, given.labels
    _warn(given, str(readings), output)
    heard, shoppers = set(heard_devices(recording)), given.sessions
    if shoppers is not None:
        shoppers = use_sessions(str(sessions), shoppers, heard, recording.readings.t)
    start_t, end_t = _span(recording.readings.t)
    kernels(lambda sentence: print(sentence, file=sys.stderr))
    with show_progress("decide", end_t - start_t) as progress:
        chain = run_chain(
            plan,
            given.settings,
            given.campaigns,
            recording,
            shoppers,
            given.radio_map,
            lambda now: progress.reach(min(now, end_t) - start_t),
            Labels.concat([table.labels for table in known.values()]) if known else None,
        )
    write_decisions(output, decision_table(chain, given.campaigns))
    if tables is not None:
        _write_tables(tables, folder, chain, given, output)
    _warn_of_lost(given, str(readings), chain)
    print(_summary(chain, output), file=sys.stderr)
    if known:
        for sentence in [*labels_in_words(chain.labels), *lack_in_words(chain.labels, chain.promises.values())]:
            print(sentence, file=sys.stderr)
        warn_of_doubts(chain.labels)
    for name, promised in sorted(chain.promises.items()):
        print(f"{name}: {promise_in_words(promised)}", file=sys.stderr)
    if as_json:
        print(json.dumps({**_counts(chain), "readings_not_used": recording.warnings}))


def _warn_of_lost(given: _Given, readings: str, chain: Chain) -> None:
    """Of scans without a fix, and where none has one."""
    lost = {why: n for why in NoFix if (n := chain.counts[f"no_fix_{why}"])}
    warn_of_no_fix(readings, lost)
    if not len(chain.fixes.t):
        warn_of_no_fix_at_all(readings, len(given.table), sum(lost.values()), given.plan)


def _refuse_outputs(output: Path, tables: Path | None, folder: Path, inputs: tuple[Path | None, ...]) -> None:
    """Raises OperatorError where what is written cannot go there, or would replace what is read or of another kind."""
    refuse_no_folder("--output", output)
    refuse_overwriting("--output", output, *inputs)
    refuse_other_kind("--output", output, TABLES, (b"t,device,campaign_id,", PARQUET))
    if tables is not None:
        refuse_written_twice("--output", output, "--tables", *table_files(tables))
        refuse_tables(tables, folder, inputs)


@dataclass(frozen=True, slots=True)
class _Given:
    """What the files hold: `table` as the readings' file has it, `recording` in the plan's indices; `labels` by the
    name of their file."""

    plan: Plan
    settings: Config
    campaigns: list[Campaign]
    sessions: list[SessionEvent] | None
    table: ReadingTable
    recording: PlanReadings
    radio_map: RadioMap | None
    labels: dict[str, LabelTable]


def _warn(given: _Given, readings: str, output: Path) -> None:
    """Of what cannot be used, and of names that stand in the output, too."""
    recording, names = given.recording, given.recording.device_names
    warn(readings, recording.warnings, given.table, given.plan)
    warn_of_odd(readings, recording.odd)
    warn_of_macs(readings, heard_devices(recording), output)
    warn_of_left_out(given.labels)
    warn_of_unheard(given.labels, recording.readings.t, np.array([device_number(n) for n in names], np.uint64))


def _read_files(
    folder: Path,
    campaigns: Path,
    readings: Path,
    sessions: Path | None,
    config: Path | None,
    radiomap: Path | None,
    labels: Path | None,
    receipts: Path | None,
) -> _Given:
    """Raises OperatorError with all that is wrong in them."""
    with collect_problems() as collect:
        plan = collect.read(lambda: plan_to_locate(folder))
        settings = collect.read(lambda: load_config(config))
        said = collect.read(lambda: read_sessions(sessions) if sessions else None)
        table = collect.read(lambda: read_readings(readings))
    with collect_problems() as collect:
        loaded = collect.read(lambda: load_campaigns(campaigns, plan))
        radio_map = collect.read(lambda: _radio_map(radiomap, plan, settings))
        joined = collect.read(lambda: readings_for_plan(table, plan))
        known = collect.read(lambda: labels_of_files(plan, labels, receipts, device_number))
    return _Given(plan, settings, loaded, said, table, joined, radio_map, known)


def _radio_map(path: Path | None, plan: Plan, config: Config) -> RadioMap | None:
    return map_asked_for(path, plan, walkable_cells(plan, config.positioning.cell_m)) if path else None


def _write_tables(tables: Path, store: Path, chain: Chain, given: _Given, output: Path) -> None:
    try:
        write_chain(tables, chain, given.plan, given.settings, given.campaigns)
        keep_plan(store, tables)
    except OperatorError as error:
        raise OperatorError(
            error.problems, f"{output} holds the decisions; {tables} does not hold all tables"
        ) from error


def _span(t: F64) -> tuple[float, float]:
    return (float(t.min()), float(t.max())) if len(t) else (0.0, 0.0)


def _counts(chain: Chain) -> dict[str, Any]:
    reasons = Counter(d.reason for d in chain.decisions)
    return {
        "devices": len(chain.names),
        "fixes": len(chain.fixes.t),
        "stays": len(chain.stays),
        "visits": sum(e.kind == VisitChange.LEAVE for e in chain.visits),
        "decisions": len(chain.decisions),
        "issued": reasons[DecisionReason.OK],
        "reasons": dict(sorted(reasons.items())),
        "counts": dict(sorted(chain.counts.items())),
        "labels": chain.labels,
    }


def _summary(chain: Chain, output: Path) -> str:
    reasons = Counter(d.reason for d in chain.decisions)
    issued = reasons.pop(DecisionReason.OK, 0)
    why = ", ".join(f"{n} {reason}" for reason, n in sorted(reasons.items()))
    return f"{len(chain.decisions)} decisions in {output}: {issued} issue" + (f", {why}" if why else "")
