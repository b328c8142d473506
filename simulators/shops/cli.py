"""`rayon shops`: the systems of a recorded week post what they have to say to a running site."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import typer

from engine.errors import OperatorError, Problem
from simulators.shops.posting import Kind

SOURCES_HELP = """Prints the `sources:` of a site that listens to simulated shops: e-shop, pages, app and tills.

Example:

    rayon shops sources --store supermarket --wire shopify
"""
PLAY_HELP = """Posts the events of a folder that `rayon simulate cross-canal-week -o DIR` wrote to a running site.

Example:

    RAYON_SHOPS_SECRET=whsec_… rayon shops play week/ --url http://127.0.0.1:8000 --wire shopify

The e-shop speaks its own wire; pages, app and tills speak Rayon's own form. Times are moved so that the last event
happens now; messages go one after another, as fast as the site answers. What is not taken is sent again, with growing
pauses.
"""
DEFAULT_SECRET_ENV = "RAYON_SHOPS_SECRET"

Wire = Annotated[str, typer.Option(help="What the e-shop speaks: shop, shopify, woocommerce or prestashop.")]
SecretEnv = Annotated[str, typer.Option(help="Environment variable that holds the secret of all four sources.")]
Zone = Annotated[str, typer.Option(help="The e-shop's time zone.")]


def register_shops(app: typer.Typer) -> None:
    """Adds `rayon shops`."""
    shops = typer.Typer(help="Simulated shop systems against a running site.", no_args_is_help=True)
    shops.command("sources", help=SOURCES_HELP)(show_sources)
    shops.command("play", help=PLAY_HELP)(play)
    app.add_typer(shops, name="shops")


def show_sources(
    store: Annotated[str, typer.Option(help="The store's id.")],
    wire: Wire = "shopify",
    currency: Annotated[str, typer.Option(help="The e-shop's currency.")] = "EUR",
    timezone: Zone = "Europe/Paris",
    secret_env: SecretEnv = DEFAULT_SECRET_ENV,
) -> None:
    """See SOURCES_HELP."""
    import yaml

    from simulators.shops.play import sources_of

    said = {"sources": sources_of(_kind(wire), store, currency, timezone, secret_env)}
    print(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), end="")


def play(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with an events.jsonl.")],
    url: Annotated[str, typer.Option(help="Base URL of the site.")],
    wire: Wire = "shopify",
    secret_env: SecretEnv = DEFAULT_SECRET_ENV,
    timezone: Zone = "Europe/Paris",
    twice: Annotated[float, typer.Option(min=0, max=1, help="Share of messages that are sent twice.")] = 0.0,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of messages that others overtake.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of what is twice or late.")] = 1,
    as_written: Annotated[bool, typer.Option("--as-written", help="Leave the times as they are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one JSON object on stdout.")] = False,
) -> None:
    """See PLAY_HELP."""
    import httpx
    import numpy as np

    from engine.progress import show_progress
    from simulators.shops.play import Disorder, disturb, postings_of, postpone
    from simulators.shops.said import Speaker, read_said
    from simulators.shops.sender import ShopSender

    kind, zone, base = _kind(wire), _zone(timezone), _base(url)
    events = read_said(folder / "events.jsonl")
    if events and not as_written:
        events = postpone(events, float(int(time.time() - events[-1].at)))
    rng = np.random.default_rng(seed)
    postings = disturb(postings_of(events, kind, zone), Disorder(twice, late), rng)
    secrets = dict.fromkeys(map(str, Speaker), _secret(secret_env))
    with httpx.Client(base_url=base, timeout=60) as client, show_progress(str(folder), len(postings)) as progress:
        answers = ShopSender(client, secrets).send_all(postings, progress.advance)
    said = {"events": len(events), "messages": len(postings), "answers": answers}
    print(json.dumps(said) if as_json else "\n".join(f"{name:<10} {value}" for name, value in said.items()))


def _kind(wire: str) -> Kind:
    for known in ("shop", "shopify", "woocommerce", "prestashop"):
        if wire == known:
            return known
    fix = "shop, shopify, woocommerce or prestashop"
    raise OperatorError([Problem("rayon shops", "--wire", f"no fake speaks {wire!r}", fix)])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # none, a folder of zones, a path
        fix = "a name as Europe/Paris"
        raise OperatorError([Problem("rayon shops", "--timezone", f"there is no {name!r}", fix)]) from error


def _base(url: str) -> str:
    try:
        at = urlsplit(url)
        if at.scheme in ("http", "https") and at.hostname and at.port != 0:
            return url
    except ValueError:  # half an address, or a port that is none
        pass
    raise OperatorError([Problem("rayon shops", "--url", f"{url!r} is no site", "as http://127.0.0.1:8000")])


def _secret(variable: str) -> str:
    secret = os.environ.get(variable, "")
    if not secret:
        fix = "the secret that the site's sources were given, whsec_ and base64"
        raise OperatorError([Problem("environment", variable, "is not set", fix)])
    return secret
