"""`rayon sources` and its commands."""

from __future__ import annotations

import typer

from api.cli.lazy import LazyGroup, Listed

COMMANDS = {
    "check": Listed(
        "api.cli.sources.check", "Say what is declared, and try recorded messages against it as the engine would."
    ),
    "tail": Listed("api.cli.sources.tail", "Show what a source says now, decoded, with made-up names for phones."),
    "record": Listed(
        "api.cli.sources.record", "Record what a source says as a table of readings, phones under made-up names."
    ),
    "again": Listed("api.cli.sources.again", "Try the messages of a shop system once more that could not be used."),
}


class SourcesCommands(LazyGroup):
    """The commands of `rayon sources`."""

    table = COMMANDS


def register(app: typer.Typer) -> None:
    """Adds `sources` and its commands."""
    sources = typer.Typer(name="sources", cls=SourcesCommands, no_args_is_help=True, rich_markup_mode="rich")
    sources.callback()(_sources)
    app.add_typer(sources)


def _sources() -> None:
    """Systems of other makes that the site listens to."""
