"""`rayon crm`: customer files, how they do, and what to do where one does not take something."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from api.cli.engine import CONFIG_OPTION
from api.cli.startup import read_config
from engine.errors import NotFound, OperatorError, Problem
from engine.storage.crm.receivers import (
    dead_letters,
    forget_receiver,
    receiver_states,
    replay_events,
    send_again,
    skip_letter,
)
from engine.storage.database import Database, open_database
from engine.storage.upkeep.copies import require_database

Name = Annotated[str, typer.Argument(metavar="NAME", help="A receiver of `crm.receivers`.")]
Done = TypeVar("Done")

crm_app = typer.Typer(
    name="crm",
    help="Customer files that are told of shoppers who agreed to it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def register(app: typer.Typer) -> None:
    """Adds `crm` and its commands."""
    app.add_typer(crm_app)


@crm_app.callback()
def _crm() -> None:
    """Customer files that are told of shoppers who agreed to it."""


@crm_app.command("status")
def status(config: Path | None = CONFIG_OPTION) -> None:
    """What waits for each receiver, since when, and what is dead. Exit 1 where one takes nothing or has dead letters.

    Example: rayon crm status
    """
    now = time.time()
    states = _in_database(config, receiver_states)
    for one in states:
        age_s = 0.0 if one.oldest_at is None else now - one.oldest_at
        said = f"{one.name}: {one.waiting} waiting, the oldest for {age_s:.0f} s; {one.dead} dead"
        said += f"; takes nothing since {now - one.failing_since:.0f} s" if one.failing_since is not None else ""
        said += f" ({one.trouble}{f', {one.status}' if one.status else ''})" if one.trouble else ""
        print(said + ("" if one.declared else "; declared no more"))
    if not states:
        print("no receiver is declared")
    if any(one.failing_since is not None or one.dead for one in states):
        raise typer.Exit(1)


@crm_app.command("dead")
def dead(name: Name, config: Path | None = CONFIG_OPTION) -> None:
    """Events that a receiver does not take, each with its reason. Exit 1 where there are any.

    Example: rayon crm dead loyalty
    """
    letters = _in_database(config, lambda db: dead_letters(db, name))
    for one in letters:
        answered = f" ({one.status})" if one.status else ""
        print(f"{one.number}: {one.kind}, {one.trouble}{answered} after {one.tries} tries; {one.behind} behind it wait")
    if letters:
        raise typer.Exit(1)
    print("no dead letters")


@crm_app.command("again")
def again(name: Name, config: Path | None = CONFIG_OPTION) -> None:
    """Sends dead letters once more, in their order, and tries a receiver at once that was left alone for a while.

    Example: rayon crm again loyalty
    """
    raised = _in_database(config, lambda db: send_again(db, name))
    print(f"{raised} dead letters wait again; {name} is tried now")


@crm_app.command("skip")
def skip(
    name: Name,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="As `rayon crm dead` says.")],
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Gives a dead letter up, so that what waits behind it goes out.

    Example: rayon crm skip loyalty 1204
    """
    if not _in_database(config, lambda db: skip_letter(db, name, number)):
        raise OperatorError([Problem("NUMBER", str(number), "no dead letter", "`rayon crm dead` lists them")])
    print(f"{number} is given up")


@crm_app.command("replay")
def replay(
    name: Name,
    after: Annotated[int, typer.Option(min=0, help="The cursor of the last event that it has; 0 for all.")] = 0,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Sends once more what the log has after a cursor, to a receiver that lost it or begins anew.

    Example: rayon crm replay loyalty --after 1200
    """
    print(f"{_in_database(config, lambda db: replay_events(db, name, after, time.time()))} events wait again")


@crm_app.command("forget")
def forget(name: Name, config: Path | None = CONFIG_OPTION) -> None:
    """Forgets a receiver that is declared no more, with all that waits for it.

    Example: rayon crm forget old-crm
    """
    print(f"{_in_database(config, lambda db: forget_receiver(db, name))} events for {name} are forgotten")


def _in_database(config: Path | None, work: Callable[[Database], Done]) -> Done:
    site = read_config(config)
    url = os.environ.get("RAYON_DATABASE_URL", site.storage.url)
    require_database(url)
    db = open_database(url)
    try:
        return work(db)
    except NotFound as error:
        raise OperatorError([Problem("NAME", "(receiver)", str(error), "`rayon crm status` lists them")]) from error
    finally:
        db.close()
