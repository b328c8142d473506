"""`rayon engine`: readings in, vouchers out; the half that listens to the broker."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import typer

CONFIG_OPTION = typer.Option(
    None, "--config", "-c", help="Default: ./config.yaml if there, else the embedded defaults."
)


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("engine")
    def engine(
        config: Path | None = CONFIG_OPTION, verbose: bool = typer.Option(False, "--verbose", "-v", help="Log more.")
    ) -> None:
        """Subscribe to the broker, locate devices, detect visits, issue vouchers.

        The broker keeps readings for it while it is away, and nothing that was acknowledged is lost when it is killed.
        A second engine on the same database waits, and takes over when this one is gone. Stop with Ctrl-C.

        Example: rayon engine --config config.yaml
        """
        from api.cli.startup import config_path, open_site, read_config, refuse_cluster, start_logging
        from engine.runtime.process import EngineProcess

        console = start_logging(verbose=verbose)
        read = read_config(config)
        refuse_cluster(read, config_path(config))
        site = open_site(read, file=config_path(config), broker=True)
        process = EngineProcess(site.config, site.db, site.secrets, site.plans)
        stop_on_signals(process.stopping)
        mqtt = site.config.mqtt
        console.print(f"Engine for {', '.join(site.plans)}; broker {mqtt.host}:{mqtt.port}. Ctrl-C stops it.")
        try:
            process.run()
        finally:
            site.db.close()


def stop_on_signals(stopping: threading.Event) -> None:
    """SIGINT and SIGTERM ask for a clean stop."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
