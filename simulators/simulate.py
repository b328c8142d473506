"""What `rayon simulate` does. Each kind of run imports its own rooms: a recording needs no broker, a year no radio."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import OperatorError, Problem
from engine.privacy.proofs import secret_variable
from engine.progress import show_progress
from simulators.options import SimulateOptions
from simulators.scenario.files import load_scenario, shipped_scenarios, store_folder
from simulators.scenario.scenario import Scenario

if TYPE_CHECKING:
    from engine.offers.campaigns import Campaign
    from simulators.live import run as live
    from simulators.live.clock import LiveClock
    from simulators.live.counters import Tally
    from simulators.world import World


def run(options: SimulateOptions) -> dict[str, Any]:
    """Runs what is asked for and returns its summary. Raises OperatorError where it cannot be."""
    options.check()
    chosen = _choose(options)
    if chosen.year is not None:
        return _year(chosen, options) if chosen.channels is None else _channels(chosen, options)
    return _live(chosen, options) if options.mqtt is not None else _recording(chosen, options)


def list_shipped(as_json: bool) -> None:
    """Prints the shipped scenarios, with what each is about."""
    about = {name: load_scenario(name).about for name in shipped_scenarios()}
    if as_json:
        print(json.dumps(about))
        return
    width = max(map(len, about), default=0)
    for name, text in about.items():
        print(f"{name:<{width}}  {text}")


def print_summary(summary: dict[str, Any], as_json: bool) -> None:
    """A line a figure; lists are for `--json`."""
    if as_json:
        print(json.dumps(summary))
        return
    for key, value in summary.items():
        if isinstance(value, list):
            continue
        print(f"{key.replace('_', ' '):<24} {json.dumps(value) if isinstance(value, dict) else value}")


def _choose(options: SimulateOptions) -> Scenario:
    chosen = load_scenario(str(options.scenario))
    if options.seed is not None:
        chosen = chosen.model_copy(update={"seed": options.seed})
    if options.wire is not None:
        chosen = chosen.model_copy(update={"wire": chosen.wire.model_copy(update={"format": options.wire})})
    return chosen


def _head(chosen: Scenario, store: str) -> dict[str, Any]:
    return {"scenario": chosen.name, "store": store, "seed": chosen.seed}


def _recording(chosen: Scenario, options: SimulateOptions) -> dict[str, Any]:
    from simulators.truth.recording import record

    out = Path(str(options.out))
    world, store = _world(chosen, options)
    campaigns = _campaigns(world, store, options.campaigns)
    with show_progress(chosen.name, world.ticks * (1 + options.frames)) as progress:

        def write_beside() -> dict[str, int]:
            rows = {}
            if options.frames:
                from simulators.wires.frames import write_frames

                rows["frames"] = write_frames(world, out, progress.advance)
            if chosen.channels is not None:
                from simulators.channels.walked import record_walked

                rows |= record_walked(world, out)
            return rows

        rows = record(world, out, progress.advance, campaigns, write_beside)
    return _head(chosen, world.plan.store) | {"folder": str(out)} | rows


def _world(chosen: Scenario, options: SimulateOptions) -> tuple[World, Path]:
    """A scenario's world, and its store's folder."""
    from engine.plan.load import load_plan
    from simulators.world import World

    store = store_folder(chosen)
    return World(chosen, load_plan(store), options.seconds), store


def _campaigns(world: World, store: Path, given: Path | None) -> list[Campaign]:
    """The campaigns that truth is told about; a store without a file of its own has none."""
    from engine.offers.campaigns import load_campaigns

    path = given or store / "campaigns.yaml"
    return load_campaigns(path, world.plan) if given or path.is_file() else []


def _year(chosen: Scenario, options: SimulateOptions) -> dict[str, Any]:
    """A year has days, not seconds: nothing in it could be heard by an access point."""
    from engine.plan.load import load_plan
    from simulators.year.recording import record_year
    from simulators.year.year import Year

    out, days = _days(chosen, options)
    year = Year(chosen, load_plan(store_folder(chosen)), days)
    with show_progress(chosen.name, len(year.days)) as progress:
        rows = record_year(year, out, progress.advance)
    return _head(chosen, year.plan.store) | {"folder": str(out)} | rows


def _channels(chosen: Scenario, options: SimulateOptions) -> dict[str, Any]:
    """Days of the store and of its e-shop: what their systems say, and the truth."""
    from engine.plan.load import load_plan
    from simulators.channels.recording import record_week
    from simulators.channels.week import draw_week

    out, days = _days(chosen, options)
    plan = load_plan(store_folder(chosen))
    with show_progress(chosen.name, days or (chosen.year.days if chosen.year else 0)) as progress:
        week = draw_week(chosen, plan, days, progress.advance)
    return _head(chosen, plan.store) | {"folder": str(out)} | record_week(week, out)


def _days(chosen: Scenario, options: SimulateOptions) -> tuple[Path, int | None]:
    """Where the tables of a scenario of days go, and how many days; None for all. Raises OperatorError for options that
    it cannot heed."""
    unfit, out = options.unfit_for_a_year(), options.out
    if unfit or out is None:
        fix = "write its tables with -o DIR; for readings, run a day such as saturday-rush"
        reason = f"{chosen.name} is a year: tables by day, without the radio of a live run"
        raise OperatorError([Problem("rayon simulate", name, reason, fix) for name in unfit])
    return out, None if options.seconds is None else math.ceil(options.seconds / 86_400)


def _live(chosen: Scenario, options: SimulateOptions) -> dict[str, Any]:
    import asyncio

    from rich.console import Console

    from engine.config import load_config
    from engine.ingest.mqtt.broker import Broker
    from engine.ingest.mqtt.receiver import Publisher
    from simulators.live.run import run_live
    from simulators.live.tables import writable_folder, write_live_tables
    from simulators.live.view import watch

    if options.speed != 1.0 and chosen.wire.format != "native":
        reason = f"{chosen.wire.format} has no topic for times that are not real ones"
        fix = "leave --speed out, or publish with --wire native"
        raise OperatorError([Problem("rayon simulate", "--speed", reason, fix)])
    rules = load_config(options.config).offers
    world, _ = _world(chosen, options)
    if options.out is not None:
        writable_folder(options.out)
    publisher = Publisher(Broker.from_url(str(options.mqtt)))
    publisher.start(timeout_s=10.0)
    phones = None if options.api is None else _phones(options.api, options)
    with watch(world, Console(stderr=True)) as view:
        tally = asyncio.run(run_live(world, publisher, options.speed, phones, view.show))
    tally.unconfirmed_messages = publisher.close(timeout_s=5.0)
    said = _head(chosen, world.plan.store) | tally.summary()
    if options.out is None:
        return said
    return said | {"folder": str(options.out)} | write_live_tables(options.out, tally.witness, rules)


def _phones(api_url: str, options: SimulateOptions) -> live.PhoneRun:
    try:
        from simulators.live.phone import run_phones
    except ModuleNotFoundError as error:
        fix = "install rayon[simulator], or leave --api out"
        raise OperatorError([Problem("--api", "phones", f"needs {error.name}, which is not installed", fix)]) from error
    till_key = os.environ.get(options.till_key_env)

    async def run_all(world: World, clock: LiveClock, tally: Tally) -> None:
        tally.witness.asks = options.out is not None
        portal_secret = os.environ.get(secret_variable(world.plan.store))
        await run_phones(world, api_url, till_key, clock, tally, portal_secret)

    return run_all
