"""`rayon setup`: the command, which loads what it asks when it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("setup")(setup)


def setup(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The site's folder; it is made.")] = Path("."),
    listen_s: Annotated[
        float, typer.Option("--listen-s", min=0.1, max=3600, help="How long to listen to the source, s.")
    ] = 30.0,
) -> None:
    """Ask what a site needs, from nothing to one that runs: store, plan, broker, source, access points, services.

    Each answer is written when it is complete, nothing that is there is written over unasked, and a second call goes on
    where the first one ended. Ctrl-C ends it.

    Example: [bold]rayon setup site[/bold]
    """
    from api.cli.setup.steps import run_steps

    try:
        run_steps(folder, listen_s)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo(f"\nStopped. What is written is complete; rayon setup {folder} goes on from there.", err=True)
        raise typer.Exit(130) from None
