"""Faults of our own decoders: what a message met that nobody thought of. Each place is said once.

Whoever may publish chooses how often a fault is met, so the log has a bound; the count of refusals has every one.
"""

from __future__ import annotations

import logging
import traceback

from engine.masks import mask_macs

log = logging.getLogger(__name__)

MOST_PLACES = 64
_MOST_CHARS = 8_000


class DecoderFaults:
    """The places that were said, by kind of fault and line of code."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str, int]] = set()

    def say(self, fault: Exception, topic: str) -> None:
        """Logs the traceback, addresses masked, where this place has not been said and fewer than MOST_PLACES have."""
        frames = traceback.extract_tb(fault.__traceback__)
        place = (type(fault).__name__, frames[-1].filename if frames else "", (frames[-1].lineno or 0) if frames else 0)
        if place in self._said or len(self._said) >= MOST_PLACES:
            return
        self._said.add(place)
        told = mask_macs("".join(traceback.format_exception(fault)))[-_MOST_CHARS:]
        log.error("a message on %s met a fault of its decoder: please report it\n%s", mask_macs(topic[:200]), told)
