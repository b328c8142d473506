"""`rayon loyalty import`: balances of another programme, each once."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.engine import CONFIG_OPTION
from api.cli.startup import read_config
from engine.errors import OperatorError, Problem
from engine.files.balances import BalanceRow, read_balances
from engine.privacy.identifiers import identifier_digest
from engine.privacy.secrets import Secrets, load_secrets
from engine.storage.commerce.given import Given, GivenBefore, keep_given
from engine.storage.database import open_database
from engine.storage.programme.giving import post_given
from engine.storage.upkeep.copies import require_database
from engine.vocabulary import EntryKind

loyalty_app = typer.Typer(
    name="loyalty", help="Points of the loyalty programme.", no_args_is_help=True, rich_markup_mode="rich"
)


def register(app: typer.Typer) -> None:
    """Adds `loyalty` and its command."""
    app.add_typer(loyalty_app)


@loyalty_app.callback()
def _loyalty() -> None:
    """Points of the loyalty programme."""


@loyalty_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table: key, card or email, points, and ends_on.")],
    programme: Annotated[str, typer.Option("--from", help="The other programme's name: keys are its.")] = "import",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Take over balances of another programme, a row each, known by its key.

    All rows or, where one is wrong, none; the same file again changes nothing. Points of a card or mailbox that nobody
    has proved yet wait for a year, and come when it is proved.

    Example: rayon loyalty import balances.csv --dry-run
    """
    rows = read_balances(file)
    site = read_config(config)
    url = os.environ.get("RAYON_DATABASE_URL", site.storage.url)
    require_database(url)
    secrets = load_secrets(site.storage.data_dir, os.environ)
    now, db = time.time(), open_database(url)
    try:
        given = [_to_given(row, programme, secrets) for row in rows]
        new = keep_given(db, given, now, dry_run=dry_run)
        total = sum(row.points for row in rows)
        print(
            f"{len(rows)} rows, {total} points: {new} {'would be new' if dry_run else 'new'}, {len(rows) - new} known"
        )
        if not dry_run:
            post_given(db, now, most=len(rows) + 1)
    except GivenBefore as error:
        lines = {row.key: row.line for row in rows}
        fix = "its first points stay; give what is new a key of its own"
        said = [
            Problem(str(file), f"line {lines[ref]}, key", f"{ref!r} came with other content", fix) for ref in error.refs
        ]
        raise OperatorError(said) from error
    finally:
        db.close()


def _to_given(row: BalanceRow, programme: str, secrets: Secrets) -> Given:
    digest = identifier_digest(secrets, row.kind, row.value)
    return Given(f"from:{programme}", row.key, EntryKind.MOVED_IN, digest, row.points, row.ends_at)
