"""`rayon simulate`: a scenario as tables, or live over MQTT and HTTP."""

from __future__ import annotations

import asyncio
import json
import math
import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.config import OffersConfig, load_config
from engine.errors import OperatorError, Problem
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.receiver import Publisher
from engine.offers.campaigns import Campaign, load_campaigns
from engine.plan.load import load_plan
from simulators.live import run as live
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.tables import writable_folder, write_live_tables
from simulators.live.view import watched
from simulators.scenario.files import load_scenario, shipped_scenarios, store_folder
from simulators.scenario.scenario import Scenario
from simulators.scenario.wire import WireFormat
from simulators.truth.recording import record
from simulators.wires.frames import write_frames
from simulators.world import World
from simulators.year.recording import record_year
from simulators.year.year import Year

HELP = """Brings a scenario to life: shoppers that walk, radio that fades, and the truth to score against.

As tables, the same bytes for the same seed:

    rayon simulate quiet-tuesday -o recording/

With the bytes that its controllers would send, late, twice and broken as the scenario says, to try decoders on:

    rayon simulate bad-network -o recording/ --wire meraki --frames

Live, as access points and phones would (phones sign in, receive, share and redeem when --api is given):

    RAYON_TILL_KEY=… rayon simulate demo-supermarket --mqtt mqtt://127.0.0.1:1883 --api http://127.0.0.1:8000

Live with its truth: what happened (events.csv) and the points every shopper should have beside those the site says
(points.csv), by the rules of the file that configures the site; `rayon score --run live/` compares them:

    rayon simulate demo-supermarket --mqtt mqtt://127.0.0.1:1883 --api http://127.0.0.1:8000 -o live --config site.yaml

A whole year of days, without radio, in about a minute:

    rayon simulate year -o year/

SCENARIO is the name of a shipped one (see --list) or a YAML file of your own that may extend one.
"""


def register(app: typer.Typer) -> None:
    """Adds `rayon simulate`."""
    app.command("simulate", help=HELP)(simulate)


def simulate(
    scenario: Annotated[
        str | None, typer.Argument(metavar="[SCENARIO]", help="Name of a shipped scenario, or a file.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder to write tables to.")] = None,
    mqtt: Annotated[
        str | None, typer.Option(help="Broker to publish to live, mqtt://host:port or mqtts://user:password@host:port.")
    ] = None,
    api: Annotated[
        str | None, typer.Option(help="With --mqtt: base URL that simulated phones and tills talk to.")
    ] = None,
    till_key_env: Annotated[str, typer.Option(help="Environment variable that holds the till key.")] = "RAYON_TILL_KEY",
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="Live: scenario seconds per second.")] = 1.0,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after this many scenario seconds.")] = None,
    wire: Annotated[
        WireFormat | None,
        typer.Option(help="Of --mqtt and --frames: whose format to speak, instead of the scenario's own."),
    ] = None,
    frames: Annotated[
        bool, typer.Option("--frames", help="With -o: also frames.jsonl, messages as bytes with the times they arrive.")
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's own.")] = None,
    campaigns: Annotated[
        Path | None, typer.Option(help="With -o: which coupons should fire. Default: the store's own campaigns.yaml.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="With --mqtt and -o: the site's config.yaml, whose rules for points hold.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the shipped scenarios.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one JSON object on stdout.")] = False,
) -> None:
    """See HELP."""
    if list_:
        _list(as_json)
        return
    if scenario is None or (out is None and mqtt is None):
        fix = "for example: rayon simulate quiet-tuesday -o recording/"
        raise OperatorError([Problem("rayon simulate", "arguments", "give a SCENARIO and either -o or --mqtt", fix)])
    _check_kind(out, mqtt, api, frames, config)
    rules = load_config(config).offers
    chosen = load_scenario(scenario)
    chosen = chosen if seed is None else chosen.model_copy(update={"seed": seed})
    if wire is not None:
        chosen = chosen.model_copy(update={"wire": chosen.wire.model_copy(update={"format": wire})})
    store = store_folder(chosen)
    if chosen.year is not None:
        given = {"--mqtt": mqtt, "--wire": wire, "--frames": frames or None, "--campaigns": campaigns}
        _print(
            _year(chosen, store, out, [name for name, value in given.items() if value is not None], seconds), as_json
        )
        return
    world = World(chosen, load_plan(store), seconds)
    if mqtt is not None:
        summary = _live(world, mqtt, api, os.environ.get(till_key_env), speed, out, rules)
    else:
        assert out is not None
        summary = _offline(world, out, _campaigns(world, store, campaigns), frames)
    _print(summary, as_json)


def _check_kind(out: Path | None, mqtt: str | None, api: str | None, frames: bool, config: Path | None) -> None:
    """A run is a recording (-o), or live (--mqtt), and then may write tables of its phones (--api, -o)."""
    problems = []
    if api is not None and mqtt is None:
        problems.append(Problem("rayon simulate", "--api", "--api goes with --mqtt", "tables need no phones"))
    if frames and (out is None or mqtt is not None):
        fix = "live, a broker gets them"
        problems.append(Problem("rayon simulate", "--frames", "--frames goes with -o, without --mqtt", fix))
    if mqtt is not None and out is not None and api is None:
        fix = "readings, truth and coupons are tables of a recording: leave --mqtt out"
        problems.append(Problem("rayon simulate", "-o", "live, -o goes with --api: its tables are of phones", fix))
    if config is not None and (mqtt is None or out is None):
        problems.append(Problem("rayon simulate", "--config", "--config goes with --mqtt and -o", "leave it out"))
    if problems:
        raise OperatorError(problems)
    if api is not None:
        _check_api(api)


def _check_api(api: str) -> None:
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        fix = "as in http://127.0.0.1:8000"
        raise OperatorError([Problem("rayon simulate", "--api", "not an http or https address", fix)])


def _list(as_json: bool) -> None:
    about = {name: load_scenario(name).about for name in shipped_scenarios()}
    if as_json:
        typer.echo(json.dumps(about))
        return
    width = max(map(len, about), default=0)
    for name, text in about.items():
        typer.echo(f"{name:<{width}}  {text}")


def _campaigns(world: World, store: Path, given: Path | None) -> list[Campaign]:
    """The campaigns that truth is told about; a store without a file of its own has none."""
    path = given or store / "campaigns.yaml"
    return load_campaigns(path, world.plan) if given or path.is_file() else []


def _offline(world: World, out: Path, campaigns: list[Campaign], frames: bool) -> dict[str, Any]:
    with _bar() as bar:
        task = bar.add_task(world.scenario.name, total=world.ticks * (1 + frames), note="")
        rows = record(world, out, lambda: bar.advance(task), campaigns)
        if frames:
            rows["frames"] = write_frames(world, out, lambda: bar.advance(task))
    return {
        "scenario": world.scenario.name,
        "store": world.plan.store,
        "seed": world.scenario.seed,
        "folder": str(out),
    } | rows


def _year(chosen: Scenario, store: Path, out: Path | None, unfit: list[str], seconds: float | None) -> dict[str, Any]:
    """A year has days, not seconds: nothing in it could be heard by an access point."""
    fix = "write its tables with -o DIR; for readings, run a day such as saturday-rush"
    if unfit or out is None:
        reason = f"{chosen.name} is a year: tables by day, without the radio of a live run"
        raise OperatorError([Problem("rayon simulate", name, reason, fix) for name in unfit])
    year = Year(chosen, load_plan(store), None if seconds is None else math.ceil(seconds / 86_400))
    with _bar() as bar:
        task = bar.add_task(chosen.name, total=len(year.days), note="")
        rows = record_year(year, out, lambda: bar.advance(task))
    return {"scenario": chosen.name, "store": year.plan.store, "seed": chosen.seed, "folder": str(out)} | rows


def _live(
    world: World,
    mqtt_url: str,
    api_url: str | None,
    till_key: str | None,
    speed: float,
    out: Path | None,
    rules: OffersConfig,
) -> dict[str, Any]:
    if out is not None:
        writable_folder(out)
    publisher = Publisher(Broker.from_url(mqtt_url))
    publisher.start(timeout_s=10.0)
    phones = None if api_url is None else _phones(api_url, till_key, asks=out is not None)
    with watched(world, Console(stderr=True)) as view:
        tally = asyncio.run(live.run_live(world, publisher, speed, phones, view.show))
    tally.unconfirmed_messages = publisher.close(timeout_s=5.0)
    said = {"scenario": world.scenario.name, "store": world.plan.store, "seed": world.scenario.seed} | tally.summary()
    return said if out is None else said | {"folder": str(out)} | write_live_tables(out, tally.witness, rules)


def _phones(api_url: str, till_key: str | None, *, asks: bool) -> live.PhoneRun:
    try:
        from simulators.live.phone import run_phones
    except ModuleNotFoundError as error:
        fix = "install rayon[simulator], or leave --api out"
        raise OperatorError([Problem("--api", "phones", f"needs {error.name}, which is not installed", fix)]) from error

    async def run(world: World, clock: LiveClock, tally: Tally) -> None:
        tally.witness.asks = asks
        await run_phones(world, api_url, till_key, clock, tally)

    return run


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
        return
    for key, value in summary.items():
        if isinstance(value, list):
            continue
        typer.echo(f"{key.replace('_', ' '):<24} {json.dumps(value) if isinstance(value, dict) else value}")
