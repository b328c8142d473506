"""`rayon demo`: broker, both demo stores, simulated shoppers, engine, API and pages in one command."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from api.cli.demo.leaving import end_at_next_signal
from api.cli.demo.reminder import Reminder
from api.cli.engine import stop_on_signals
from engine.positioning.kernels.choice import kernels
from engine.privacy.proofs import portal_secrets, secret_variable, sign_redirect

if TYPE_CHECKING:
    from rich.console import Console

    from api.cli.demo.broker import BrokerProcess
    from engine.config import Config

BrokerKind = Literal["mosquitto", "amqtt"]
Counts = dict[str, dict[str, Any]]
GUEST_STORE, GUEST_MAC = "supermarket", "02:00:00:00:00:01"  # a simulated shopper at the Comté, who uses no phone
PREFERRED_PORT = 8000
STOP_S = 10.0  # the phones' last answers are waited for this long


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("demo")
    def demo(
        seconds: float | None = typer.Option(None, min=1, help="Stop by itself after so long and print the counts."),
        as_json: bool = typer.Option(False, "--json", help="Print the counts as one JSON object on stdout."),
        port: int | None = typer.Option(
            None, min=1, max=65_535, help="Port of the pages; default 8000, or a free one."
        ),
        broker: BrokerKind | None = typer.Option(None, help="Default: mosquitto where it is installed, else amqtt."),
        verbose: bool = typer.Option(False, "--verbose", "-v", help="Log more."),
    ) -> None:
        """Two stores, simulated shoppers and all pages, with nothing to install or configure.

        Starts an MQTT broker of its own (Mosquitto where it is installed, else amqtt) and a database in a temporary
        folder, and prints one link per audience, again every minute. Ctrl-C stops it, a second one at once. With
        --seconds it checks itself: exit status 1 if any count is zero.

        Example: rayon demo --seconds 90 --json
        """
        with as_file(files("floorplans")) as plans, tempfile.TemporaryDirectory(prefix="rayon-demo-") as data:
            counted = seconds is not None or as_json
            counts = _run(Path(plans), Path(data), Wanted(seconds, port, broker, verbose, counted))
        if not counted:
            return
        print(json.dumps(counts) if as_json else _table(counts))
        missing = [name for name, count in counts["counts"].items() if not count]
        if seconds is not None and missing:
            print(f"zero: {', '.join(missing)}", file=sys.stderr)
            raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command's options; `counted`: whether counts are printed at the end."""

    seconds: float | None
    port: int | None
    broker: BrokerKind | None
    verbose: bool
    counted: bool


def _run(plans: Path, data: Path, wanted: Wanted) -> dict[str, dict[str, object]]:
    from api.cli.demo.broker import BrokerProcess, free_port
    from api.cli.demo.counts import gather
    from api.cli.demo.shoppers import Shoppers
    from api.cli.serve import EngineThread
    from api.cli.startup import open_site, print_links, start_logging
    from api.server import manager_link, run_api
    from engine.runtime.process import EngineProcess
    from engine.storage.keys import add_key

    console = start_logging(verbose=wanted.verbose)
    broker = BrokerProcess(data, wanted.broker)
    site = open_site(demo_config(plans, data, broker.port, wanted.port or free_port(PREFERRED_PORT)), environ={})
    engine = EngineThread(EngineProcess(site.config, site.db, site.secrets, site.plans))
    server = run_api(
        site.config, site.db, site.secrets, site.plans, start_pages=True, own_engine=engine.process.not_ready
    )
    portal = portal_secrets(site.secrets, site.plans, os.environ)
    keys = {secret_variable(store): secret for store, secret in portal.by_store.items()}
    _, manager_key = add_key(site.db, "manager", time.time(), name="demo")
    _, till_key = add_key(site.db, "till", time.time(), name="demo")
    keys["RAYON_TILL_KEY"] = till_key
    shoppers = Shoppers(list(site.plans), data, broker.url, server.url, keys)
    stop = threading.Event()
    stop_on_signals(stop)

    def show_links() -> None:
        _say_what_to_do(console, wanted.seconds, till_key)
        guest = guest_path(portal.of(GUEST_STORE), time.time())
        managers = manager_link(site.secrets, manager_key, server.url)
        print_links(console, site, server.url, shopper_path=guest, managers=managers)

    summaries: list[dict[str, Any]] = []
    try:
        console.print(f"Starting a broker ({broker.name}), the pages, the engine and the shoppers ...")
        console.print("The first time, what locates phones is compiled: some twenty seconds of a core.")
        kernels()  # before shoppers walk, who would not be seen
        broker.start()
        server.start()
        engine.start()
        while not (engine.process.ready.wait(0.2) or stop.is_set() or engine.process.stopping.is_set()):
            pass
        shoppers.start()
        show_links()
        _wait(stop, engine.process.stopping, broker, show_links, wanted.seconds)
        end_at_next_signal(data)
        summaries = shoppers.summaries(STOP_S) if wanted.counted else []
    finally:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # simulated phones that are cut off are no news
        # side by side: each waits for something of its own, and nobody who pressed Ctrl-C wants the sum
        with ThreadPoolExecutor() as pool:
            for stopped in [pool.submit(part.stop) for part in (shoppers, engine, server)]:
                stopped.result()
        broker.stop()  # last: who is still there when it goes says that it is gone
    engine.check()
    counts = gather(site, engine.process, summaries) if wanted.counted else {}
    site.db.close()
    return counts


def _say_what_to_do(console: Console, seconds: float | None, till_key: str) -> None:
    until = "Ctrl-C stops the demo" if seconds is None else f"the demo stops after {seconds:g} s"
    console.print(f"Shoppers are walking; {until}.")
    console.print("The shoppers' link makes you one of them, at the cheese: agree to offers, and a coupon comes.")
    console.print(f"The managers' link works once; the tills' key is {till_key}", soft_wrap=True, highlight=False)


def guest_path(secret: bytes, now: float) -> str:
    """Where the store's controller would send the guest's phone, signed now; good for a day, and for one visitor."""
    signature = sign_redirect(secret, GUEST_STORE, GUEST_MAC, int(now))
    return f"/w/{GUEST_STORE}?client_mac={GUEST_MAC}&portal_t={int(now)}&portal_sig={signature}"


def demo_config(plans: Path, data: Path, mqtt_port: int, api_port: int) -> Config:
    """The embedded defaults, on free ports and in a temporary folder. The embedded broker speaks MQTT 3.1.1."""
    from engine.config import Config

    return Config.model_validate(
        {
            "stores": {"floorplans_dir": plans},
            "mqtt": {"port": mqtt_port, "protocol": "3.1.1"},
            # Two dozen simulated shoppers a store: the pages say what they show. Their scans and receipts teach.
            "privacy": {
                "k": 1,
                "demo": True,
                "asked": ["location_offers:page", "statistics:any", "location_learning:any"],
            },
            "storage": {"url": f"sqlite:///{data / 'rayon.db'}", "data_dir": data, "checkpoint_s": 5.0},
            "api": {"port": api_port, "portal_redirect_s": 86_400.0},  # people come back to a printed link
        }
    )


def _wait(
    stop: threading.Event,
    engine_stopped: threading.Event,
    broker: BrokerProcess,
    show_links: Callable[[], None],
    seconds: float | None,
) -> None:
    """Until asked to stop, until the engine died, or for `seconds`; the links are shown again now and then.

    Raises OperatorError when the broker died.
    """
    end_s = time.monotonic() + (math.inf if seconds is None else seconds)
    reminder = Reminder(time.monotonic())
    logging.getLogger().addHandler(reminder)
    try:
        while not (stop.wait(0.2) or engine_stopped.is_set() or time.monotonic() >= end_s):
            if not broker.running:
                raise broker.failure("ended by itself")
            if reminder.due(time.monotonic()):
                show_links()
    finally:
        logging.getLogger().removeHandler(reminder)


def _table(counts: Counts) -> str:
    rows = [(name, value) for part in counts.values() for name, value in part.items()]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name.replace('_', ' '):{width}s}  {value}" for name, value in rows)
