"""`rayon sources again`: messages of a shop system that could not be used, tried once more."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import typer

from api.cli.decode.counting import say_count
from api.cli.engine import CONFIG_OPTION
from engine.errors import MessageRefused, OperatorError, Problem
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.heard import ShopDecoded
from engine.ingest.sources.shops import ShopSource, declare_shops
from engine.privacy.customers import customer_digest, open_message
from engine.privacy.secrets import Secrets, load_secrets
from engine.storage.commerce.events import keep_events
from engine.storage.commerce.held import held_messages, release_message
from engine.storage.database import Database, open_database

_HELD = msgspec.msgpack.Decoder(tuple[bytes, dict[str, str], float])


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("again")(again)


def again(
    source: str = typer.Argument(..., metavar="SOURCE", help="A declared shop system."),
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Tries the messages of a shop system that are held, as the source is declared now.

    What can be used is kept, as if it came now, and held no longer. Exit 1 where some still cannot.

    Example: [bold]rayon sources again web[/bold]
    """
    from api.cli.sources.site import read_site

    site = read_site(config)
    secrets = load_secrets(site.config.storage.data_dir, os.environ)
    shops = declare_shops(site.config.sources, site.plans, os.environ, customer_digest(secrets))
    if source not in shops:
        raise OperatorError([Problem("SOURCE", source, "no such shop system is declared", ", ".join(shops))])
    db = open_database(os.environ.get("RAYON_DATABASE_URL", site.config.storage.url))
    try:
        used, left = try_held(db, secrets, shops[source], time.time())
    finally:
        db.close()
    print(f"{say_count(used, 'message')} used, {left} still held")
    if left:
        raise typer.Exit(1)


def try_held(db: Database, secrets: Secrets, shop: ShopSource, now: float) -> tuple[int, int]:
    """How many of a source's held messages are used now, and how many wait on."""
    used = left = 0
    for held in held_messages(db, shop.name):
        body, headers, received_at = _HELD.decode(open_message(secrets, held.sealed))
        try:
            decoded = shop.decode(VendorMessage(body, received_at, headers=headers))
        except MessageRefused as refused:
            decoded = ShopDecoded(refused={refused.reason: 1})
        keep_events(db, decoded.events, now)
        if decoded.refused:
            left += 1
        else:
            release_message(db, held.id)
            used += 1
    return used, left
