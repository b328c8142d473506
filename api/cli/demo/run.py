"""`rayon demo`: broker, both demo stores, simulated shoppers, engine, API and pages in one command."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from api.cli.engine import stop_on_signals

if TYPE_CHECKING:
    from engine.config import Config

Counts = dict[str, dict[str, Any]]
GUEST = "/w/supermarket?client_mac=02:00:00:00:00:01"  # a simulated shopper at the Comté, without a phone of their own
PREFERRED_PORT = 8000
STOP_S = 10.0  # the phones' last answers are waited for this long


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("demo")
    def demo(
        seconds: float | None = typer.Option(None, min=1, help="Stop by itself after so long and print the counts."),
        as_json: bool = typer.Option(False, "--json", help="Print the counts as one JSON object on stdout."),
        port: int | None = typer.Option(None, help="Port of the pages; default 8000, or a free one."),
        verbose: bool = typer.Option(False, "--verbose", "-v", help="Log more."),
    ) -> None:
        """Two stores, simulated shoppers and all pages, with nothing to install or configure.

        Starts an embedded MQTT broker and a database in a temporary folder, and prints one link per audience. Ctrl-C
        stops it. With --seconds it checks itself: exit status 1 if any count is zero.

        Example: rayon demo --seconds 90 --json
        """
        with as_file(files("floorplans")) as plans, tempfile.TemporaryDirectory(prefix="rayon-demo-") as data:
            counts = _run(Path(plans), Path(data), seconds, port, verbose)
        if seconds is None and not as_json:
            return
        print(json.dumps(counts) if as_json else _table(counts))
        missing = [name for name, count in counts["counts"].items() if not count]
        if seconds is not None and missing:
            print(f"zero: {', '.join(missing)}", file=sys.stderr)
            raise typer.Exit(1)


def _run(
    plans: Path, data: Path, seconds: float | None, port: int | None, verbose: bool
) -> dict[str, dict[str, object]]:
    from api.cli.demo.broker import EmbeddedBroker, free_port
    from api.cli.demo.counts import gather
    from api.cli.demo.shoppers import Shoppers
    from api.cli.serve import EngineThread
    from api.cli.startup import open_site, print_links, start_logging
    from api.server import run_api
    from engine.runtime.process import EngineProcess

    console = start_logging(verbose=verbose)
    broker = EmbeddedBroker()
    site = open_site(demo_config(plans, data, broker.port, port or free_port(PREFERRED_PORT)), environ={})
    engine = EngineThread(EngineProcess(site.config, site.db, site.secrets, site.plans))
    server = run_api(site.config, site.db, site.secrets, site.plans, start_pages=True)
    stopping = engine.process.stopping
    shoppers = Shoppers(list(site.plans), broker.url, server.url, site.secrets.till_key)
    stop = threading.Event()
    stop_on_signals(stop)
    try:
        broker.start()
        server.start()
        engine.start()
        engine.process.ready.wait()
        shoppers.start()
        print_links(console, site, server.url, shopper_path=GUEST)
        until = "Ctrl-C stops the demo" if seconds is None else f"the demo stops after {seconds:g} s"
        console.print("The shoppers' link makes you one of them, at the cheese: agree to offers, and a coupon comes.")
        console.print(f"Shoppers are walking; {until}.")
        _wait(stop, stopping, seconds)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second Ctrl-C does not wait
        summaries = shoppers.stop(STOP_S)
    finally:
        shoppers.kill()
        engine.stop()
        server.stop()
        broker.stop()
    engine.check()
    counts = gather(site, engine.process, summaries)
    site.db.close()
    return counts


def demo_config(plans: Path, data: Path, mqtt_port: int, api_port: int) -> Config:
    """The embedded defaults, on free ports and in a temporary folder. The embedded broker speaks MQTT 3.1.1."""
    from engine.config import Config

    return Config.model_validate(
        {
            "stores": {"floorplans_dir": plans},
            "mqtt": {"port": mqtt_port, "protocol": "3.1.1"},
            "storage": {"url": f"sqlite:///{data / 'rayon.db'}", "data_dir": data, "checkpoint_s": 5.0},
            "api": {"port": api_port},
        }
    )


def _wait(stop: threading.Event, engine_stopped: threading.Event, seconds: float | None) -> None:
    """Until asked to stop, until the engine died, or for `seconds`."""
    left = threading.Event()
    timer = threading.Timer(seconds, left.set) if seconds is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    while not (stop.wait(0.2) or engine_stopped.is_set() or left.is_set()):
        pass
    if timer is not None:
        timer.cancel()


def _table(counts: Counts) -> str:
    rows = [(name, value) for part in counts.values() for name, value in part.items()]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name.replace('_', ' '):{width}s}  {value}" for name, value in rows)
