"""Shop events as JSON and back: how they are stored, shown and sent. Every key is the record's own field."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.commerce.records import RECORDS, ShopEvent
from engine.vocabulary import ShopEventKind


def as_form(event: ShopEvent) -> dict[str, Any]:
    """A JSON object: `kind`, then the record's fields."""
    said: dict[str, Any] = msgspec.to_builtins(event)
    return {"kind": str(event.kind), **said}


def from_form(form: dict[str, Any]) -> ShopEvent:
    """The inverse. Raises ValueError for what is no such object: another kind, key, or type of value."""
    said = dict(form)
    made = RECORDS[ShopEventKind(said.pop("kind", ""))]
    strangers = said.keys() - made.__dataclass_fields__.keys()
    if strangers:
        raise ValueError(f"unknown keys: {', '.join(sorted(map(str, strangers)))}")
    return msgspec.convert(said, made)
