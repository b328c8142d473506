"""`rayon accounts`: the first administrator, and the way back in where all are locked out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from api.cli.access.keys import open_keys_site
from api.cli.engine import CONFIG_OPTION
from api.cli.inputs import short_name
from engine.vocabulary import Role

if TYPE_CHECKING:
    from engine.storage.accounts.people import ConsoleAccount
    from engine.storage.database import Database

accounts_app = typer.Typer(
    name="accounts", help="People who use the console.", no_args_is_help=True, rich_markup_mode="rich"
)
Name = Annotated[str, typer.Argument(metavar="NAME", callback=short_name, help="What they sign in with.")]
URL_OPTION = typer.Option(None, help="Where browsers reach the site. Default: api.public_url, or its host and port.")


def register(app: typer.Typer) -> None:
    """Adds `accounts` and its commands."""
    app.add_typer(accounts_app)


@accounts_app.callback()
def _accounts() -> None:
    """People who use the console."""


@accounts_app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they are.")] = Role.ADMIN,
    store: Annotated[str, typer.Option(help="Where; * is all stores.")] = "*",
    email: Annotated[str, typer.Option(help="Their address, for the single sign-on and for links.")] = "",
    url: str | None = URL_OPTION,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Make an account, and print a link to choose its password: it works once, for seven days.

    Example: rayon accounts add ana --role admin
    """
    from api.server import invitation_link
    from engine.privacy.identifiers import normalise
    from engine.storage.accounts.people import NameTaken
    from engine.vocabulary import IdentifierKind

    site = open_keys_site(config)
    address = normalise(IdentifierKind.EMAIL, email) if email else ""
    if store not in ("*", *site.plans):
        _refuse("--store", f"no store {store!r}", f"one of {', '.join(site.plans)}")
    if address is None:
        _refuse("--email", f"{email!r} is no e-mail address", "leave it out, or correct it")
    try:
        link = invitation_link(site.db, name, address or "", role, store, _url(site.config.api, url), time.time())
    except NameTaken as error:
        _refuse("NAME", str(error), "see rayon accounts list")
    except ValueError as error:
        _refuse("NAME", str(error), "1 to 64 characters")
    print(link)


@accounts_app.command("list")
def list_(
    config: Path | None = CONFIG_OPTION, as_json: bool = typer.Option(False, "--json", help="One JSON object.")
) -> None:
    """Show all accounts with what they are, and where.

    Example: rayon accounts list
    """
    from engine.storage.accounts.people import list_accounts

    found = list_accounts(open_keys_site(config).db, time.time())
    rows = [(a.name, _state(a), ", ".join(f"{role}@{store}" for role, store in a.roles)) for a in found]
    names = ("name", "state", "roles")
    if as_json:
        print(json.dumps({"accounts": [dict(zip(names, row, strict=True)) for row in rows]}))
        return
    for row in (names, *rows):
        print("{:24s} {:8s} {}".format(*row))


@accounts_app.command("link")
def link(name: Name, url: str | None = URL_OPTION, config: Path | None = CONFIG_OPTION) -> None:
    """Print a link by which an account chooses a new password, once; links made before end.

    Example: rayon accounts link ana --url https://rayon.example
    """
    from api.server import account_link

    site = open_keys_site(config)
    print(account_link(site.db, _find_account(site.db, name), _url(site.config.api, url), time.time()))


@accounts_app.command("disable")
def disable(name: Name, config: Path | None = CONFIG_OPTION) -> None:
    """Close an account: it is signed out everywhere at once. The last administrator stays.

    Example: rayon accounts disable ana
    """
    from engine.storage.accounts.audit import COMMAND
    from engine.storage.accounts.people import disable_account

    site = open_keys_site(config)
    with _refusals():
        disable_account(site.db, COMMAND, _find_account(site.db, name).account_id, time.time())


@accounts_app.command("enable")
def enable(name: Name, config: Path | None = CONFIG_OPTION) -> None:
    """Open a closed account again, with the password and roles it had.

    Example: rayon accounts enable ana
    """
    from engine.storage.accounts.audit import COMMAND
    from engine.storage.accounts.people import enable_account

    site = open_keys_site(config)
    with _refusals():
        enable_account(site.db, COMMAND, _find_account(site.db, name).account_id, time.time())


@accounts_app.command("erase")
def erase(name: Name, config: Path | None = CONFIG_OPTION) -> None:
    """Forget somebody for good: name, e-mail, password and roles are gone, and logs keep a number instead.

    Anybody may have the name again. The last administrator stays.

    Example: rayon accounts erase ana
    """
    from engine.storage.accounts.audit import COMMAND
    from engine.storage.accounts.people import erase_account

    site = open_keys_site(config)
    with _refusals():
        erase_account(site.db, COMMAND, _find_account(site.db, name).account_id, time.time())


def _find_account(db: Database, name: str) -> ConsoleAccount:
    from engine.storage.accounts.people import find_account

    found = find_account(db, name, time.time())
    if found is None:
        _refuse("NAME", f"no account {name!r}", "see rayon accounts list")
    return found


def _state(account: ConsoleAccount) -> str:
    if account.disabled_at is not None:
        return "closed"
    return "open" if account.has_password or account.has_oidc else "invited"


def _url(api: object, url: str | None) -> str:
    from engine.config import ApiConfig

    assert isinstance(api, ApiConfig)
    return (url or api.public_url or f"http://{api.host}:{api.port}").rstrip("/")


@contextmanager
def _refusals() -> Iterator[None]:
    """What the database refuses is the operator's mistake here."""
    from engine.errors import BusinessRefusal

    try:
        yield
    except BusinessRefusal as error:
        _refuse("NAME", error.detail, "see rayon accounts list")


def _refuse(place: str, reason: str, fix: str) -> NoReturn:
    from engine.errors import OperatorError, Problem

    raise OperatorError([Problem("rayon accounts", place, reason, fix)])
