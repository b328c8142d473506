"""`rayon serve`: engine, API and pages in one process."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.cli.engine import CONFIG_OPTION, stop_on_signals

if TYPE_CHECKING:
    from engine.runtime.process import EngineProcess


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve")(serve)


def serve(
    config: Path | None = CONFIG_OPTION,
    host: str | None = typer.Option(None, help="Address to listen on; default from the configuration."),
    port: int | None = typer.Option(None, min=0, max=65_535, help="Port to listen on; default from the configuration."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log more."),
) -> None:
    """Run a whole site in one process: broker subscription, engine, API and pages.

    Needs an MQTT broker. Plans come from floorplans_dir; the site's key from RAYON_SITE_KEY,
    or else from a file made in data_dir on the first start. That start also makes a key each for managers, tills
    and monitoring, and prints them, this once: see rayon keys.

    Example: rayon serve --config config.yaml
    """
    from api.cli.startup import (
        config_path,
        make_first_keys,
        open_site,
        print_links,
        read_config,
        refuse_cluster,
        start_logging,
    )
    from api.server import run_api
    from engine.runtime.process import EngineProcess

    console = start_logging(verbose=verbose)
    read = read_config(config)
    refuse_cluster(read, config_path(config))
    site = open_site(read, file=config_path(config), broker=True, pages=True)
    process = EngineProcess(site.config, site.db, site.secrets, site.plans)
    stop_on_signals(process.stopping)
    server = run_api(
        site.config,
        site.db,
        site.secrets,
        site.plans,
        host=host,
        port=port,
        start_pages=True,
        own_engine=process.not_ready,
    )
    engine = EngineThread(process)
    try:
        server.start()
        make_first_keys(site)
        engine.start()
        print_links(console, site, server.url)
        # in short waits: of a signal that comes just before one, Python tells after it
        while not process.stopping.wait(0.5):
            pass
    finally:
        engine.stop()
        server.stop()
        site.db.close()
    engine.check()


class EngineThread:
    """The engine beside the web server. A bug in it stops the site: no pages are left up over a dead engine."""

    def __init__(self, process: EngineProcess) -> None:
        self.process = process
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self) -> None:
        """Starts it."""
        self._thread.start()

    def stop(self) -> None:
        """Asks it to stop and waits until its last checkpoint is saved."""
        self.process.stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def check(self) -> None:
        """Raises what the engine died of, if it did."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self.process.run()
        except BaseException as error:  # noqa: BLE001 - raised again by check(), in the main thread
            self._failure = error
        finally:
            self.process.stopping.set()
