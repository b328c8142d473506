"""Rayon's own form of shop events: `docs/guides/shop.md`. One event, a list of them, or an object with `events`.

Receipts of tills come so: a `purchase` of channel `store`. Customers are written in clear, over TLS, and turned into
digests here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from engine.commerce.form import from_form
from engine.commerce.records import ShopEvent
from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import json_value
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.values import RecordUnusable
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.values import add_whole, identifier, time_s, version_of
from engine.vocabulary import RecordRefusal, ShopEventKind

MOST_EVENTS = 1_000
WRONG_CHARS = 200


def decode_own(message: VendorMessage, told: ShopTold) -> ShopDecoded:
    """One message of ours."""
    said = json_value(message.body)
    if isinstance(said, dict) and "events" in said:
        said = said["events"]
    listed = said if isinstance(said, list) else [said]
    if len(listed) > MOST_EVENTS:
        raise MessageRefused(RecordRefusal.TOO_LARGE, f"{len(listed)} events, at most {MOST_EVENTS}")
    decoded = ShopDecoded()
    for one in listed:
        add_whole(decoded, _events(one, told))
    return decoded


def _events(said: Any, told: ShopTold) -> Iterator[ShopEvent]:
    if not isinstance(said, dict) or not isinstance(said.get("kind"), str):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE, "an event is an object with a `kind`")
    form = {**said, "source": told.source, "at": time_s(said.get("at"), told.zone), "id": identifier(said.get("id"))}
    # Stock is told again and again under one id: who counts no versions has told it at another time.
    form.setdefault("version", version_of(form["at"]) if said["kind"] == ShopEventKind.STOCK else 1)
    if "customer" in form:
        form["customer"] = _customer(form["customer"], told)
    try:
        event = from_form(form)
    except (ValueError, KeyError, msgspec.ValidationError, RecursionError) as error:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE, _wrong(error)) from None
    store = getattr(event, "store", "")
    if store and told.stores and store not in told.stores:
        raise RecordUnusable(RecordRefusal.UNKNOWN_PLACE)
    yield event


def _wrong(error: Exception) -> str:
    """What was wrong and where, in a line: `Object missing required field `sku` - at `$.lines[0]``."""
    return "".join(c if c.isprintable() else " " for c in str(error))[:WRONG_CHARS]


def _customer(said: Any, told: ShopTold) -> dict[str, str]:
    if not isinstance(said, dict) or said.keys() - {"email", "card", "account"}:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE, "`customer` has `email`, `card` and `account`, and nothing else")
    who = told.customer(said.get("email"), said.get("card"), said.get("account"))
    return {"email": who.email, "card": who.card, "account": who.account}
