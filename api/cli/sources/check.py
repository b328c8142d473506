"""`rayon sources check`: the declaration, and recorded messages tried against it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer

from api.cli.decode.advice import in_words
from api.cli.decode.counting import say_count
from api.cli.decode.messages import NOT_KNOWN, read_message
from api.cli.decode.shops import shop_form, shop_lines, try_message
from api.cli.engine import CONFIG_OPTION
from engine.errors import MessageRefused, OperatorError, Problem
from engine.ingest.decoders.heard import Decoded, VendorMessage
from engine.ingest.sources.declared import Source
from engine.ingest.sources.naming import Naming, StoresTold
from engine.ingest.sources.placing import place, work_out
from engine.ingest.sources.shops import ShopSource
from engine.ingest.sources.shown_keys import shows_key
from engine.plan.model import Plan
from engine.vocabulary import RecordRefusal

MOST_SHOWN = 3
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
        lines = [line for declared in site.sources for line in _say_declared(declared)]
        lines += [line for shop in site.shops.values() for line in _shop_declared(shop)]
        lines += [f"{one.name}: left out here, serves {', '.join(one.stores)}" for one in site.left_out]
        print("\n".join(lines))
        return
    if (shop := site.shops.get(source)) is not None:
        _check_shop(shop, files or [], headers)
        return
    found = source_of(site, source)
    if not files:
        print("\n".join(_say_declared(found)))
        return
    naming = site.naming
    tried = []
    for file in files:
        message = read_message(file, topic, headers, NOT_KNOWN)
        let_in = _is_let_in(found, message, headers, file)
        tried.append(_try(found, naming, site.plans, message, file) and let_in)
    if not all(tried):
        raise typer.Exit(1)


def _say_declared(source: Source) -> Iterator[str]:
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


def _shop_declared(shop: ShopSource) -> Iterator[str]:
    yield f"{shop.name}: {shop.kind} for {', '.join(shop.stores)}, by POST /in/{shop.name}"
    asks = "" if shop.signed else "; messages prove nothing, the sender shows it as a key"
    yield f"  secret from {shop.config.secret_env}{asks}"


def _check_shop(shop: ShopSource, files: list[Path], headers: Path | None) -> None:
    """Prints what is declared, or what messages of a shop system give. Exit 1 where one gives nothing."""
    if not files:
        print("\n".join(_shop_declared(shop)))
        return
    tried = [try_message(shop, read_message(file, None, headers, time.time()), str(file)) for file in files]
    for one in tried:
        said = "; ".join(line.strip() for line in shop_lines(shop_form([one]), shop.kind))
        print(f"{one.file}: {said}")
    if any(not one.decoded.events and not one.decoded.ignored for one in tried):
        raise typer.Exit(1)


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


def _try(source: Source, naming: Naming, plans: Mapping[str, Plan], message: VendorMessage, file: Path) -> bool:
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
    print(f"{file}: {_summary(named, source.kind)}")
    lost = any(RecordRefusal.OFF_PLAN in frame.refused for frame in named.frames)
    for line in _off_plan(source, decoded, plans) if lost else ():
        print(f"  {line}")
    for store, heard in named.unknown_aps.items():
        print(f"  {store} has no access point {', '.join(heard.points)}: add `macs` to its plan, or the access point")
    return any(len(frame.readings) or len(frame.positions) for frame in named.frames) or bool(named.sessions)


def _off_plan(source: Source, decoded: Decoded, plans: Mapping[str, Plan]) -> Iterator[str]:
    """Where the first few positions came to lie that are far outside: a factor or an axis is seen at once."""
    own = {store: plans[store] for store in source.stores}
    off = [p for p in decoded.positions if place(p, source.maps, own) is RecordRefusal.OFF_PLAN]
    for position in off[:MOST_SHOWN]:
        placed = work_out(position, source.maps, own)
        if isinstance(placed, RecordRefusal):
            continue
        level = own[placed.store].levels[placed.level]
        x0, y0, x1, y1 = level.polygon.bounds
        yield (
            f"off_plan: x {placed.x_m:.1f} m, y {placed.y_m:.1f} m; {level.id} of {placed.store} reaches from "
            f"{x0:.1f}, {y0:.1f} to {x1:.1f}, {y1:.1f} m"
        )
    if len(off) > MOST_SHOWN:
        yield f"and {say_count(len(off) - MOST_SHOWN, 'position')} more off the plan"


def _summary(named: StoresTold, kind: str) -> str:
    parts = []
    for frame in named.frames:
        if len(frame.readings):
            devices = len(np.unique(frame.readings.device))
            aps = len(np.unique(frame.readings.ap))
            by = f"{say_count(devices, 'phone')} by {say_count(aps, 'access point')}"
            parts.append(f"{frame.store}: {say_count(len(frame.readings), 'reading')} of {by}")
        if len(frame.positions):
            parts.append(f"{frame.store}: {say_count(len(frame.positions), 'position')}")
    if named.sessions:
        parts.append(say_count(len(named.sessions), "session"))
    refused: Counter[str] = Counter()
    for frame in named.frames:
        refused.update({str(reason): n for reason, n in frame.refused.items()})
    parts += [f"{n} refused: {in_words(kind, reason)}" for reason, n in refused.items()]
    return "; ".join(parts) or "nothing of a phone"
