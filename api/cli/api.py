"""`rayon api`: the HTTP half of a site; `rayon engine` is the other one."""

from __future__ import annotations

import threading
from pathlib import Path

import typer

from api.cli.engine import CONFIG_OPTION, stop_on_signals


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("api")
    def api(
        config: Path | None = CONFIG_OPTION,
        host: str | None = typer.Option(None, help="Address to listen on; default from the configuration."),
        port: int | None = typer.Option(
            None, min=0, max=65_535, help="Port to listen on; default from the configuration."
        ),
        verbose: bool = typer.Option(False, "--verbose", "-v", help="Log more."),
    ) -> None:
        """Serve the pages and the HTTP interface, and deliver coupons to open pages.

        Shares its database and data_dir (for the keys) with `rayon engine`. Several may run side by side on PostgreSQL.
        Stop with Ctrl-C: running requests are finished, pages reconnect to the next server by themselves.

        Example: rayon api --config config.yaml --port 8080
        """
        from api.cli.startup import config_path, make_first_keys, open_site, print_links, read_config, start_logging
        from api.server import run_api

        console = start_logging(verbose=verbose)
        site = open_site(read_config(config), file=config_path(config), broker=True, pages=True)
        stopping = threading.Event()
        stop_on_signals(stopping)
        server = run_api(site.config, site.db, site.secrets, site.plans, host=host, port=port)
        try:
            server.start()
            make_first_keys(site)
            print_links(console, site, server.url)
            while server.running and not stopping.wait(0.5):
                pass
        finally:
            server.stop()
            site.db.close()
        if not stopping.is_set():
            raise typer.Exit(1)  # it ended by itself: its log says why
