"""Stores that another engine runs, and that this one waits for."""

from __future__ import annotations

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)


STARTING = "the engine starts: it takes its stores, restores them and subscribes"
"""Until it has done so once. The broker keeps what is published with QoS 1 meanwhile, but at the very first start."""


class Waiting:
    """What has been said of them."""

    def __init__(self) -> None:
        self._said: Mapping[str, str] = {}

    def say(self, waits: Mapping[str, str]) -> None:
        """One line for each store in `waits`, with why, when the waiting begins."""
        for store in waits.keys() - self._said.keys():
            log.warning("not ready: %s; this engine waits to take it over", waits[store])
        self._said = waits
