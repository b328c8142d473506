"""`rayon decode`: what a decoder makes of recorded messages."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import typer

from api.cli.decode.form import FileDecoded, as_form, as_lines
from api.cli.decode.messages import NOT_KNOWN, read_message
from engine.errors import MessageRefused, OperatorError, Problem, collect_problems
from engine.ingest.decoders.heard import Decoded, Decoder, Told, VendorMessage
from engine.ingest.decoders.kinds import ALIASES, DECODERS

SECRETS = ("secret", "access_token", "token")
"""What sources call the word that they prove themselves by."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("decode")(decode)


def decode(
    source: str = typer.Argument(..., metavar="SOURCE", help="The kind of system, as meraki-mqtt, mist or openwrt."),
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
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
) -> None:
    """Says what a decoder makes of recorded messages: readings, positions, sessions, and refusals by reason.

    MACs are printed in clear, for the owner of the files. A message that cannot be used at all is counted as refused;
    a time that the source does not give is null, and means the time of receipt.

    Example: [bold]rayon decode mist webhook.json --headers webhook.headers --secret-env MIST_SECRET[/bold]
    """
    decoder = decoder_of(source)
    options = told_options(told)
    at = received_at if received_at is not None else _number(options.pop("now", ""))
    known = Told(_secret(secret_env, options), options)
    with collect_problems() as collect:
        messages = [collect.read(partial(read_message, file, topic, headers, at)) for file in files]
    decoded = [_decoded(decoder, message, known) for message in messages]
    form = as_form([FileDecoded(str(file), found) for file, found in zip(files, decoded, strict=True)])
    print(json.dumps(form, ensure_ascii=False) if as_json else "\n".join(as_lines(form)))


def decoder_of(source: str) -> Decoder:
    """The decoder of a kind, by its name or another usual one. Raises OperatorError with all names."""
    kind = source.strip().lower()
    decoder = DECODERS.get(ALIASES.get(kind, kind))
    if decoder is None:
        raise OperatorError(
            [Problem("SOURCE", source, "no such kind of source", f"one of {', '.join(sorted(DECODERS))}")]
        )
    return decoder


def told_options(told: Sequence[str]) -> dict[str, str]:
    """`key=value` texts as options. Raises OperatorError for one of another form."""
    pairs = [text.partition("=") for text in told]
    wrong = [Problem("--told", text, "no =", "write key=value") for text in told if not text.partition("=")[1]]
    if wrong:
        raise OperatorError(wrong)
    return {key.strip(): value for key, _, value in pairs}


def _secret(variable: str | None, options: dict[str, str]) -> str | None:
    given = [options.pop(name) for name in SECRETS if name in options]
    if variable is None:
        return given[0] if given else None
    if not os.environ.get(variable):
        raise OperatorError([Problem("--secret-env", variable, "is not set", "set it to the source's secret")])
    return os.environ[variable]


def _number(text: str) -> float:
    try:
        value = float(text or NOT_KNOWN)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise OperatorError([Problem("--told", f"now={text}", "is not a number", "write seconds UTC")])
    return value


def _decoded(decoder: Decoder, message: VendorMessage, told: Told) -> Decoded:
    try:
        return decoder(message, told)
    except MessageRefused as error:
        decoded = Decoded()
        decoded.refuse(error.reason)
        if error.detail:
            decoded.notes["detail"] = error.detail
        return decoded
