"""Server-sent events, from lines of text to events, as the HTML standard's section 9.2.6 lays down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `last_id` is what to send as Last-Event-ID when the stream has to be opened again."""

    name: str
    data: str
    last_id: str


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """Events as their closing empty line arrives; comments (pings) and events without data are passed over."""
    name, data, last_id = "", list[str](), ""
    async for line in lines:
        if line == "":
            if data:
                yield Event(name or "message", "\n".join(data), last_id)
            name, data = "", []
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "event":
            name = value
        elif key == "data":
            data.append(value)
        elif key == "id":
            last_id = value
