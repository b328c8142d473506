"""`rayon decode` of shop systems: the events that recorded messages say, customers under digests that mean nothing."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from api.cli.decode.advice import in_words
from api.cli.decode.counting import say_count
from api.cli.startup import config_path, read_config
from engine.commerce.form import as_form
from engine.config import SourceConfig
from engine.errors import MessageRefused, OperatorError
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.heard import ShopDecoded
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.ingest.sources.shops import OPTIONS, ShopSource, read_shop_options, shop_problems
from engine.privacy.customers import customer_digest
from engine.privacy.secrets import Secrets


class ShopTried(NamedTuple):
    """What one message gave, and the file that it is from."""

    file: str
    decoded: ShopDecoded


def shop_source(source: str, config: Path | None, options: Mapping[str, str], secret: str | None) -> ShopSource | None:
    """The shop's source that is meant, by kind or as `sources:` declares it; None where it is no shop's.

    Raises OperatorError for options that no shop's source has.
    """
    kind = source.strip().lower()
    if kind in SHOP_DECODERS:
        made = {"timezone": "UTC", **{name: value for name, value in options.items() if name in OPTIONS}}
        stores = tuple(pair.rpartition("=")[2].strip() for pair in made.get("places", "").split(",")) or ("shop",)
        found = SourceConfig(name="shop", kind=kind, stores=stores, receiver=True, options=made)
        problems = list(shop_problems(found, "--told", source))
        if problems:
            raise OperatorError(problems)
    else:
        there = {one.name: one for one in read_config(config).sources} if config_path(config) else {}
        if source not in there or there[source].kind not in SHOP_DECODERS:
            return None
        found = there[source].model_copy(update={"options": {**there[source].options, **options}})
    known = secret or os.environ.get(found.secret_env or "") or None
    told = read_shop_options(found, customer_digest(Secrets(secrets.token_bytes(32))))
    told = told if kind not in SHOP_DECODERS else replace(told, stores=frozenset())
    return ShopSource(found.name, found.kind, found.stores, known, told, found)


def try_message(shop: ShopSource, message: VendorMessage, file: str) -> ShopTried:
    """What one message says; its signature is checked where the secret is known."""
    try:
        shop.check(message)
        return ShopTried(file, shop.decode(message))
    except MessageRefused as refused:
        decoded = ShopDecoded()
        decoded.refuse(refused.reason, refused.detail)
        return ShopTried(file, decoded)


def shop_form(tried: Sequence[ShopTried]) -> dict[str, Any]:
    """All of it as one JSON object."""
    refused: Counter[str] = Counter()
    for one in tried:
        refused.update({str(reason): count for reason, count in one.decoded.refused.items()})
    return {
        "events": [as_form(event) for one in tried for event in one.decoded.events],
        "refused": dict(refused),
        "wrong": {str(reason): wrong for one in reversed(tried) for reason, wrong in one.decoded.wrong.items()},
        "ignored": sum(one.decoded.ignored for one in tried),
    }


def shop_lines(form: Mapping[str, Any], kind: str) -> Iterator[str]:
    """The same to read, a line for each event."""
    yield say_count(len(form["events"]), "event")
    for event in form["events"]:
        yield f"  {event_line(event)}"
    if form["ignored"]:
        yield f"{form['ignored']} ignored: about something else"
    for reason, count in form["refused"].items():
        yield f"{count} refused: {in_words(kind, reason)}"
        if wrong := form["wrong"].get(reason):
            yield f"  {wrong}"


def event_line(event: Mapping[str, Any]) -> str:
    """One event: kind, identifier, then what is said of it."""
    said = [f"{event['kind']} {event['id']}"]
    for name in ("state", "sku", "store"):
        said += [f"{name} {event[name]}"] if event.get(name) else []
    if "total_minor" in event:
        said.append(f"{event['total_minor']} {event['currency']} (smallest unit)")
    if "quantity_milli" in event:
        said.append(f"{event['quantity_milli'] / 1000:g} there")
    if event.get("lines"):
        said.append(say_count(len(event["lines"]), "line"))
    return ", ".join(said) + (", void" if event.get("voided") else "")
