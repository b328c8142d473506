"""Every command of `rayon`: our own by the table below, and those of installed packages by their entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import typer

from api.cli.lazy import LazyGroup, Listed, collect_commands
from api.cli.version import version_line

SITE, TRY = "Run a site", "Try it"

COMMANDS = {
    "plan": Listed("api.cli.plan.commands", "Make, check and draw a store's floor plan."),
    "portal": Listed("api.cli.portal.commands", "Read what captive portals send."),
    "locate": Listed("api.cli.locate", "Locates every device of a recording: one fix per device and window."),
    "decide": Listed(
        "api.cli.decide", "Decides offline what the engine would decide live: every yes and no with its reason."
    ),
    "score": Listed("api.cli.score.command", "Scores what was found against the truth."),
    "calibrate": Listed(
        "api.cli.calibrate", "Fits the radio model to the store, from a survey, from unlabelled readings, or from both."
    ),
    "replay": Listed("api.cli.replay", "Publishes a recording live, in its own rhythm or faster."),
    "engine": Listed("api.cli.engine", "Subscribe to the broker, locate devices, detect visits, issue vouchers.", SITE),
    "api": Listed("api.cli.api", "Serve the pages and the HTTP interface, and deliver coupons to open pages.", SITE),
    "serve": Listed(
        "api.cli.serve", "Run a whole site in one process: broker subscription, engine, API and pages.", SITE
    ),
    "cluster": Listed("api.cli.cluster.commands", "Stores spread over machines.", SITE),
    "setup": Listed(
        "api.cli.setup.command",
        "Ask what a site needs, from nothing to one that runs: store, plan, broker, source, access points, services.",
        SITE,
    ),
    "sources": Listed("api.cli.sources.commands", "Systems of other makes that the site listens to.", SITE),
    "retention": Listed(
        "api.cli.data.retention",
        "Forget what is older than its period: journals, visits, decisions, deliveries, unused profiles, old keys.",
        SITE,
    ),
    "demo": Listed(
        "api.cli.demo.run", "Two stores, simulated shoppers and all pages, with nothing to install or configure.", TRY
    ),
    "bench": Listed(
        "api.cli.bench.run", "Times the locator, the decoders and the start of commands, and weighs what is kept."
    ),
    "backup": Listed(
        "api.cli.data.backup",
        "Copy database, keys, floor plans and config.yaml into one file, while the site runs or not.",
        SITE,
    ),
    "restore": Listed(
        "api.cli.data.restore",
        "Bring a backup back: database, keys and floor plans, to where the configuration says.",
        SITE,
    ),
    "doctor": Listed(
        "api.cli.data.doctor",
        "Look at everything a site stands on, and say in a sentence what is wrong and the way out.",
        SITE,
    ),
    "campaigns": Listed("api.cli.data.campaigns", "Campaigns of the stores' files.", SITE),
    "loyalty": Listed("api.cli.data.loyalty", "Points of the loyalty programme.", SITE),
    "crm": Listed("api.cli.data.crm", "Customer files that are told of shoppers who agreed to it.", SITE),
    "accounts": Listed("api.cli.access.accounts", "People who use the console.", SITE),
    "keys": Listed("api.cli.access.keys", "Keys of managers, tills, monitoring and the DPO.", SITE),
    "decode": Listed(
        "api.cli.decode.command",
        "Says what a decoder makes of recorded messages: readings, positions, sessions, and refusals by reason.",
    ),
    "export": Listed("api.cli.data.export", "What was counted, as files for other programs.", SITE),
    "history": Listed("api.cli.history.command", "Past hours of a store, from elsewhere.", SITE),
}
"""In the order of `rayon --help`. The texts are the first lines of the commands' own descriptions."""


class Commands(LazyGroup):
    """Ours, and others' once they are needed: looking for them means looking at every installed package."""

    table = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, ours first."""
        return list(self._with_others())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None where there is none."""
        return self.commands.get(cmd_name) or self._with_others().get(cmd_name)

    def _with_others(self) -> dict[str, Any]:
        for entry in entry_points(group="rayon.commands"):
            for name, command in collect_commands(entry.load()).items():
                self.commands.setdefault(name, command)
        return dict(self.commands)


def build() -> typer.Typer:
    """The application with every command: our own modules, and those of installed packages (entry points)."""
    app = typer.Typer(
        name="rayon",
        cls=Commands,
        help="In-store Wi-Fi location and proximity couponing.\n\n"
        "Start with [bold]rayon demo[/bold]: two stores, simulated shoppers, all pages, nothing to install or "
        "configure.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return app


def _version(show: bool) -> None:
    if show:
        print(version_line())
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """In-store Wi-Fi location and proximity couponing."""
