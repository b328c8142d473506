"""`rayon decode`: what a decoder makes of recorded messages."""

from __future__ import annotations

import json
import math
import time
from functools import partial
from pathlib import Path

import typer

from api.cli.decode.advice import say_unchecked
from api.cli.decode.form import FileDecoded, as_form, as_lines
from api.cli.decode.kinds import find_declared, kind_of, told_options, told_secret, unheard
from api.cli.decode.messages import NOT_KNOWN, read_message, read_messages
from api.cli.decode.shops import shop_form, shop_lines, shop_source, try_message
from api.cli.engine import CONFIG_OPTION
from engine.errors import MessageRefused, OperatorError, Problem, collect_problems
from engine.ingest.decoders.heard import Decoded, Decoder, Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
from engine.ingest.decoders.native_heard import decode_native_heard
from engine.ingest.sources.declared import SIGNED
from engine.ingest.sources.shops import ShopSource

OUR_TOPICS = "rayon/"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("decode")(decode)


def decode(
    source: str = typer.Argument(
        ..., metavar="SOURCE", help="A kind of system, as meraki-mqtt, mist or openwrt, or a source of config.yaml."
    ),
    files: list[Path] = typer.Argument(..., metavar="FILE...", help="Recorded messages, one a file, as they came."),
    headers: Path | None = typer.Option(None, help="HTTP headers, one a line. Else those of NAME.headers beside FILE."),
    topic: str | None = typer.Option(None, help="The MQTT topic. Else that of NAME.topic beside FILE."),
    told: list[str] = typer.Option(
        [], metavar="KEY=VALUE", help="What the source must be told: ap, interface, bssid, validator, columns, ..."
    ),
    secret_env: str | None = typer.Option(
        None, metavar="VARIABLE", help="The environment variable that holds the secret. Else nothing is checked."
    ),
    received_at: float | None = typer.Option(
        None, help="When the messages came, seconds UTC. Else the newest time in a message stands for it."
    ),
    config: Path | None = CONFIG_OPTION,
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
) -> None:
    """Says what a decoder makes of recorded messages: readings, positions, sessions, and refusals by reason.

    MACs are printed in clear, for the owner of the files. A message that cannot be used at all is counted as refused;
    a time that the source does not give is null, and means the time of receipt. Of a shop system (shop, shopify,
    woocommerce, prestashop, odoo-pos, receipts-csv) it says the events, customers under digests that mean nothing.

    Example: [bold]rayon decode mist webhook.json --headers webhook.headers --secret-env MIST_SECRET[/bold]
    """
    options = told_options(told)
    shop = shop_source(source, config, options, told_secret(secret_env, options))
    if shop is not None:
        print_shop(shop, files, headers, received_at, as_json=as_json)
        return
    kind, said = kind_of(source), Told()
    if kind is None:
        kind, said = find_declared(source, config)
    for word in unheard(kind, options):
        typer.echo(word, err=True)
    at = received_at if received_at is not None else _number(options.pop("now", ""))
    secret = told_secret(secret_env, options)
    known = Told(secret or said.secret, {**said.options, **options})
    if secret_env is not None and kind not in SIGNED:
        note = "carry no proof: the secret was not used. Receivers ask for it as a key: rayon sources check"
        typer.echo(f"messages of {source} {note}", err=True)
    with collect_problems() as collect:
        read = [collect.read(partial(read_messages, file, topic, headers, at)) for file in files]
    found = [[_decode(DECODERS[kind], message, known) for message in messages] for messages in read]
    form = as_form([FileDecoded(str(file), decoded) for file, decoded in zip(files, found, strict=True)])
    theirs = any(not message.topic.startswith(OUR_TOPICS) for messages in read for message in messages)
    if known.secret is None and theirs and (warning := say_unchecked(kind)):
        form["notes"]["secret"] = warning
    text = json.dumps(form, ensure_ascii=False) if as_json else "\n".join(as_lines(form, kind))
    print(text.encode("utf-8", "replace").decode())  # a name may hold half a character


def print_shop(
    shop: ShopSource, files: list[Path], headers: Path | None, received_at: float | None, *, as_json: bool
) -> None:
    """What a shop system's recorded messages say."""
    at = time.time() if received_at is None else received_at
    with collect_problems() as collect:
        read = [collect.read(partial(read_message, file, None, headers, at)) for file in files]
    tried = [try_message(shop, message, str(file)) for file, message in zip(files, read, strict=True)]
    form = shop_form(tried)
    print(json.dumps(form, ensure_ascii=False) if as_json else "\n".join(shop_lines(form, shop.kind)))


def _number(text: str) -> float:
    try:
        value = float(text or NOT_KNOWN)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise OperatorError([Problem("--told", f"now={text}", "is not a number", "write seconds UTC")])
    return value


def _decode(decoder: Decoder, message: VendorMessage, told: Told) -> Decoded:
    try:
        ours = message.topic.startswith(OUR_TOPICS)  # frames of a simulation have sessions in our words, on any wire
        return (decode_native_heard if ours else decoder)(message, told)
    except MessageRefused as error:
        decoded = Decoded()
        decoded.refuse(error.reason)
        if error.detail:
            decoded.notes["detail"] = error.detail
        return decoded
