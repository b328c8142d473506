"""`rayon sources check`: the declaration, and recorded messages tried against it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer

from api.cli.decode.messages import NOT_KNOWN, read_message
from api.cli.engine import CONFIG_OPTION
from engine.errors import MessageRefused, OperatorError, Problem
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.sources.declared import Source
from engine.ingest.sources.naming import Naming, StoresTold
from engine.ingest.sources.shown_keys import shows_key

_KEY_HEADERS = frozenset(("authorization", "x-rayon-key"))


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("check")(check)


def check(
    source: str | None = typer.Argument(None, metavar="[SOURCE]", help="A declared source; else all are listed."),
    files: list[Path] = typer.Argument(None, metavar="[FILE]...", help="Recorded messages of it, one a file."),
    topic: str | None = typer.Option(None, help="The MQTT topic. Else that of NAME.topic beside FILE."),
    headers: Path | None = typer.Option(None, help="HTTP headers, one a line. Else those of NAME.headers beside FILE."),
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Says what is declared under `sources:`, and what the engine would make of recorded messages.

    The whole way is tried: topic, secret or signature, the key where the kind does not sign, decoder, access points of
    the floor plan, maps. Exit 1 where a message gives nothing or would not be let in.

    Example: [bold]rayon sources check cloud post.json --headers post.headers[/bold]
    """
    from api.cli.sources.site import read_site, source_of

    site = read_site(config)
    if source is None:
        lines = [line for declared in site.sources for line in _declared(declared)]
        lines += [f"{one.name}: left out here, serves {', '.join(one.stores)}" for one in site.left_out]
        print("\n".join(lines))
        return
    found = source_of(site, source)
    if not files:
        print("\n".join(_declared(found)))
        return
    naming = site.naming
    tried = []
    for file in files:
        message = read_message(file, topic, headers, NOT_KNOWN)
        let_in = _is_let_in(found, message, headers, file)
        tried.append(_try(found, naming, message, file) and let_in)
    if not all(tried):
        raise typer.Exit(1)


def _declared(source: Source) -> Iterator[str]:
    config = source.config
    way = f"topic {config.topic}" if config.topic else f"POST /in/{source.name}" if config.receiver else str(config.url)
    yield f"{source.name}: {source.kind} for {', '.join(source.stores)}, by {way}"
    if config.secret_env:
        asks = "" if source.signed or not config.receiver else "; messages prove nothing, the sender shows it as a key"
        yield f"  secret from {config.secret_env}{asks}"
    if source.delay_s:
        yield f"  told up to {source.delay_s:g} s late: its stores wait for it so long"
    if others := [store for store in config.stores if store not in source.stores]:
        yield f"  left out here: {', '.join(others)}"
    for one in source.maps:
        yield f"  its map {one.map} is level {one.level}" + (f" of {one.store}" if one.store else "")


def _is_let_in(source: Source, message: VendorMessage, headers: Path | None, file: Path) -> bool:
    """Prints what a receiver of a kind that does not sign would say of the key. Whether it would go on."""
    if not source.config.receiver or source.signed:
        return True
    if headers is None and not message.headers:
        print(f"{file}: its key was not looked at: --headers gives what came with it")
        return True
    if shows_key(message.headers, source.told.secret):
        return True
    shown = "another key shown" if _KEY_HEADERS & message.headers.keys() else "no key shown"
    print(f"{file}: {shown}: the receiver would answer 401 (Authorization: Bearer, Basic's password, or X-Rayon-Key)")
    return False


def _try(source: Source, naming: Naming, message: VendorMessage, file: Path) -> bool:
    """Prints what a message gives. Whether that is anything."""
    if source.pattern is not None and message.topic and not source.pattern.fullmatch(message.topic):
        pattern = source.config.topic
        raise OperatorError([Problem(str(file), "topic", f"{message.topic} does not match {pattern}", "check topic")])
    now = time.time()
    try:
        decoded = source.decoder(message, source.told)
    except MessageRefused as refused:
        print(f"{file}: refused: {refused}")
        return False
    named = naming.name(source, replace(message, received_at=now), decoded)
    print(f"{file}: {_summary(named)}")
    for store, names in named.unknown_aps.items():
        print(f"  {store} has no access point {', '.join(names)}: add `macs` to its plan, or the access point")
    return any(len(frame.readings) or len(frame.positions) for frame in named.frames) or bool(named.sessions)


def _summary(named: StoresTold) -> str:
    parts = []
    for frame in named.frames:
        if len(frame.readings):
            devices = len(np.unique(frame.readings.device))
            aps = len(np.unique(frame.readings.ap))
            parts.append(f"{frame.store}: {len(frame.readings)} readings of {devices} phones by {aps} access points")
        if len(frame.positions):
            parts.append(f"{frame.store}: {len(frame.positions)} positions")
    if named.sessions:
        parts.append(f"{len(named.sessions)} sessions")
    refused: Counter[str] = Counter()
    for frame in named.frames:
        refused.update({str(reason): n for reason, n in frame.refused.items()})
    parts += [f"{n} refused: {reason}" for reason, n in refused.items()]
    return "; ".join(parts) or "nothing of a phone"
