"""`rayon portal` and its commands."""

from __future__ import annotations

import typer

from api.cli.lazy import LazyGroup, Listed

COMMANDS = {
    "parse": Listed(
        "api.cli.portal.parse",
        "Say what a captive portal's redirect says: the system, the phone, the access point, the way out.",
    ),
}


class PortalCommands(LazyGroup):
    """The commands of `rayon portal`."""

    table = COMMANDS


def register(app: typer.Typer) -> None:
    """Adds `portal` and its commands."""
    portal = typer.Typer(name="portal", cls=PortalCommands, no_args_is_help=True, rich_markup_mode="rich")
    portal.callback()(_portal)
    app.add_typer(portal)


def _portal() -> None:
    """Read what captive portals send."""
