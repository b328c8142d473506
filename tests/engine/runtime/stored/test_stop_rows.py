"""A stop is its shopper's from when the phone was: what it did before was somebody else's."""

from __future__ import annotations

from engine.offers.audience import LinkedShopper
from engine.presence.expected.stops import LikelyStop, MadeStop
from engine.runtime.stored.visit_rows import stop_rows
from engine.storage.figures.product_stops import StopRow


def test_only_of_linked_phones_and_since_they_were() -> None:
    links = {1: LinkedShopper("ann", frozenset(), created_at=10.0, linked_at=100.0)}
    made = [(1, 99.0), (1, 100.0), (2, 200.0)]
    stops = [MadeStop(device, "A1", LikelyStop(at, 0.5)) for device, at in made]
    assert stop_rows(links, stops) == [StopRow("ann", "A1", 100.0, 0.5)]
