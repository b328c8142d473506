"""`rayon keys`: who may do what. A key is shown once, when it is made; the database has its hash."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.engine import CONFIG_OPTION
from api.cli.inputs import short_name
from engine.vocabulary import KeyScope

if TYPE_CHECKING:
    from api.cli.startup import RunningSite

keys_app = typer.Typer(
    name="keys",
    help="Keys of managers, tills, monitoring and the DPO.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="As rayon keys list shows it.")]


def register(app: typer.Typer) -> None:
    """Adds `keys` and its commands."""
    app.add_typer(keys_app)


@keys_app.callback()
def _keys() -> None:
    """Keys of managers, tills, monitoring and the DPO."""


@keys_app.command("list")
def list_(
    config: Path | None = CONFIG_OPTION, as_json: bool = typer.Option(False, "--json", help="One JSON object.")
) -> None:
    """Show all keys by their ids, never themselves: what they open, whose they are, since when, until when.

    Example: rayon keys list
    """
    from engine.storage.keys import FINGERPRINT_CHARS, key_holders, list_keys

    db = open_keys_site(config).db
    found = list_keys(db)
    with db.read() as session:
        holders = key_holders(session)
    held = [holders.get(k.digest[:FINGERPRINT_CHARS], "") for k in found]
    rows = [
        (k.key_id, k.scope, k.store, k.name, holder, _day(k.made_at), _day(k.ends_at))
        for k, holder in zip(found, held, strict=True)
    ]
    names = ("id", "scope", "store", "name", "held_by", "made", "ends")
    if as_json:
        print(json.dumps({"keys": [dict(zip(names, row, strict=True)) for row in rows]}))
        return
    for row in (names, *rows):
        print("{:9s} {:8s} {:20s} {:16s} {:16s} {:17s} {}".format(*row))


@keys_app.command("add")
def add(
    scope: Annotated[KeyScope, typer.Argument(help="What it is for.")],
    store: Annotated[str, typer.Option(help="The store it opens; * is all of them.")] = "*",
    name: Annotated[str, typer.Option(callback=short_name, help="Whose it is, for the list.")] = "",
    held_by: Annotated[str, typer.Option(help="The account that has it: what its key wrote, it approves not.")] = "",
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Make a key, and print it: it is shown this once.

    Where campaigns need a second person, a key counts as the account that has it; without one it may be anybody's, and
    no account approves what it wrote.

    Example: rayon keys add till --store boutique --name "till 2"
    """
    from engine.errors import OperatorError, Problem
    from engine.storage.accounts.people import find_account
    from engine.storage.keys import EVERY_STORE, add_key

    site = open_keys_site(config)
    if store not in (EVERY_STORE, *site.plans):
        raise OperatorError(
            [Problem("rayon keys", "--store", f"no store {store!r}", f"one of {', '.join(site.plans)}")]
        )
    now, account_id = time.time(), ""
    if held_by:
        account = find_account(site.db, held_by, now)
        if account is None or account.disabled_at is not None:
            why = "no account" if account is None else "a closed account:"
            fix = "an open one, as rayon accounts list shows it"
            raise OperatorError([Problem("rayon keys", "--held-by", f"{why} {held_by!r}", fix)])
        account_id = account.account_id
    print(add_key(site.db, scope, now, store=store, name=name, held_by=account_id)[1])


@keys_app.command("rotate")
def rotate(
    key_id: KeyId,
    overlap_h: Annotated[float, typer.Option(min=0, max=744, help="Hours for which the old key goes on.")] = 24.0,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Make a key that opens the same, print it, and end the old one after an overlap.

    Example: rayon keys rotate 1a2b3c4d --overlap-h 48
    """
    from engine.storage.keys import rotate_key

    site = open_keys_site(config)
    with _explain_unknown(key_id):
        print(rotate_key(site.db, key_id, time.time(), overlap_h * 3600.0)[1])


@keys_app.command("revoke")
def revoke(key_id: KeyId, config: Path | None = CONFIG_OPTION) -> None:
    """End a key now; browsers that signed in with it are signed out within seconds.

    Example: rayon keys revoke 1a2b3c4d
    """
    from engine.storage.keys import end_key

    site = open_keys_site(config)
    with _explain_unknown(key_id):
        end_key(site.db, key_id, time.time())


@keys_app.command("link")
def link(
    key_id: KeyId,
    url: Annotated[
        str | None, typer.Option(help="Where browsers reach the site. Default: api.public_url, or its host and port.")
    ] = None,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Print an address that signs a manager's browser in, once and within ten minutes. The key itself stands nowhere.

    The browser may then do what the key may, for as long as the key holds.

    Example: rayon keys link 1a2b3c4d --url https://rayon.example
    """
    from api.server import manager_link_of
    from engine.errors import OperatorError, Problem
    from engine.storage.keys import list_keys

    site = open_keys_site(config)
    found = next((key for key in list_keys(site.db) if key.key_id == key_id), None)
    if found is None or found.scope not in ("manager", "dpo") or not found.holds(time.time()):
        said = f"no key {key_id}" if found is None else f"key {key_id} is of scope {found.scope}"
        said = said if found is None or found.scope not in ("manager", "dpo") else f"key {key_id} has ended"
        fix = "the id of a manager's key, see rayon keys list"
        raise OperatorError([Problem("rayon keys", "ID", said, fix)])
    api = site.config.api
    print(manager_link_of(site.secrets, found, (url or api.public_url or f"http://{api.host}:{api.port}").rstrip("/")))


@keys_app.command("push")
def push(
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new pair first.")] = False,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Print the public key that browsers subscribe to push with.

    After a rotation browsers take the new key when their page is opened next; until then the old one goes on for them.

    Example: rayon keys push --rotate
    """
    from engine.storage.sending.vapid_keys import PURPOSE, load_push_keys, rotate_push_key

    site = open_keys_site(config)
    seal, now = site.secrets.derive_key(PURPOSE), time.time()
    if rotate:
        rotate_push_key(site.db, seal, now)
    print(load_push_keys(site.db, seal, now)[0].public)


@keys_app.command("staff")
def staff(
    macs: Annotated[list[str], typer.Argument(metavar="MAC…", help="Of badges and phones, in any spelling.")],
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Print what badges and phones of staff are called in `privacy.staff`: their addresses stand nowhere.

    Whoever is named there is in no figure. The names hold for this site's key alone.

    Example: rayon keys staff 02:00:5e:10:00:01 02:00:5e:10:00:02
    """
    from engine.errors import OperatorError, Problem
    from engine.privacy.pseudonyms import Pseudonyms
    from engine.records import device_hex

    names = Pseudonyms(open_keys_site(config).secrets.site_key)
    try:
        found = [device_hex(names.stable(mac)) for mac in macs]
    except ValueError as error:
        raise OperatorError([Problem("rayon keys", "MAC", str(error), "twelve hexadecimal digits each")]) from error
    print("\n".join(found))


def open_keys_site(config: Path | None) -> RunningSite:
    from api.cli.startup import config_path, open_site, read_config
    from engine.storage.upkeep.copies import require_database

    site = read_config(config)
    require_database(os.environ.get("RAYON_DATABASE_URL", site.storage.url))
    return open_site(site, file=config_path(config))


@contextmanager
def _explain_unknown(key_id: str) -> Iterator[None]:
    """An id that no key has is the operator's mistake."""
    from engine.errors import NotFound, OperatorError, Problem

    try:
        yield
    except NotFound as error:
        raise OperatorError([Problem("rayon keys", "ID", str(error), "see rayon keys list")]) from error


def _day(t: float | None) -> str:
    return "" if t is None else time.strftime("%Y-%m-%d %H:%M", time.gmtime(t))
