"""The command `rayon`: one Typer application, each sub-command in the module that registers it."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import entry_points

import typer

from engine.errors import OperatorError

_MODULES = (
    "plan",
    "locate",
    "decide",
    "score.command",
    "calibrate",
    "replay",
    "engine",
    "api",
    "serve",
    "demo.run",
    "bench.run",
    "history.command",
)

app = typer.Typer(
    name="rayon",
    help="In-store Wi-Fi location and proximity couponing.\n\n"
    "Start with [bold]rayon demo[/bold]: two stores, simulated shoppers, all pages, nothing to install or configure.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        print(f"rayon {version('rayon')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """In-store Wi-Fi location and proximity couponing."""


def build() -> typer.Typer:
    """The application with every command: our own modules, and those of installed packages (entry points)."""
    for name in _MODULES:
        import_module(f"api.cli.{name}").register(app)
    for entry in entry_points(group="rayon.commands"):
        entry.load()(app)
    return app


def main() -> None:
    """Runs the command line. An operator's mistakes are printed one a line, with exit status 2."""
    try:
        build()(prog_name="rayon")
    except OperatorError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        n = len(error.problems)
        print(f"{n} problem{'s' if n != 1 else ''} found; nothing was started or written.", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
