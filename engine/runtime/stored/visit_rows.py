"""Ended visits and stops at products as rows: of a visit, what is its shopper's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.offers.audience import LinkedShopper
from engine.presence.expected.stops import MadeStop
from engine.records import VisitEvent
from engine.storage.figures.product_stops import StopRow
from engine.storage.journal import VisitRow


def visit_row(link: LinkedShopper, event: VisitEvent, visit_id: str) -> VisitRow | None:
    """The part of an ended visit that is this shopper's; None where it was over before.

    Whatever the phone did before the profile was made, or before it became this profile's phone, was somebody else's.
    """
    started_at = max(event.started_at, link.created_at, link.linked_at)
    ended_at = event.started_at + event.dwell_s
    if started_at > ended_at:
        return None
    return VisitRow(link.shopper_id, event.zone, visit_id, started_at, ended_at, ended_at - started_at)


def stop_rows(links: Mapping[int, LinkedShopper], stops: Iterable[MadeStop]) -> list[StopRow]:
    """The stops that are linked shoppers', since the profile was made and the phone became its own."""
    out = []
    for made in stops:
        link = links.get(made.device)
        if link is not None and made.stop.at >= max(link.created_at, link.linked_at):
            out.append(StopRow(link.shopper_id, made.sku, made.stop.at, made.stop.chance))
    return out
