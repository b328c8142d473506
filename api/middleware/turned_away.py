"""What receivers turned away: messages that the engine never sees, and the sources page would not know of."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from api.texts.catalogue import words
from engine.masks import mask_macs
from engine.vocabulary import RecordRefusal

NO_KEY = "no_key"
"""Neither key nor signature came with it."""

log = logging.getLogger("rayon.api")


@dataclass(slots=True)
class Turned:
    """Of one source: how many by reason, and when the newest came. `wrong_at` is of the newest that says that the
    sender is set up wrongly. Seconds UTC, 0 for none."""

    counts: Counter[str] = field(default_factory=Counter)
    newest_at: float = 0.0
    wrong_at: float = 0.0


class TurnedAway:
    """By declared source, of this process since it started. Called in its loop alone."""

    def __init__(self) -> None:
        self._of: dict[str, Turned] = {}

    def note(self, source: str, reason: str, now: float) -> None:
        """One message more. The first of a source and reason is logged, and no other: anybody can send them."""
        turned = self._of.setdefault(source, Turned())
        if reason not in turned.counts:
            t = words("en")
            said = t.sources.no_key if reason == NO_KEY else t.refusals[reason]
            log.warning("POST /in/%s turned away: %s (%s)", mask_macs(source), said, reason)
        turned.counts[reason] += 1
        turned.newest_at = now
        if reason != RecordRefusal.REPLAYED:  # a sender that repeats itself got through before
            turned.wrong_at = now

    def of(self, source: str) -> Turned:
        """Nothing where nothing was turned away."""
        return self._of.get(source, Turned())

    def by_source(self) -> Mapping[str, Turned]:
        """Of those that had any."""
        return dict(self._of)  # read by other threads than the loop's
