"""A shard as an actor of Ray, which places it, restarts it and finds it. No reading passes through Ray, and no setting
or secret: a shard's process reads those of the node that it is on.

The actor itself runs no store. It has the node's fork server begin a process for the shard, and another one where that
ends. Should the actor end, the process goes on until the next actor's has taken the shard over, and fenced it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

from engine.runtime.cluster.forking.line import VARIABLE, ShardEnd, ShardLine
from engine.runtime.cluster.nodes.logs import start_log
from engine.runtime.cluster.nodes.names import read_site

log = logging.getLogger(__name__)
SOON_S = 10.0
BEFORE_AGAIN_S = 2.0  # after two that ended so soon: none is begun fifty times a minute


class ShardActor:
    """Shard `number`, on the node that Ray put it on. Starting takes as long as it takes; `ping` answers meanwhile."""

    def __init__(self, number: int) -> None:
        start_log()
        self._number = number
        self._node = read_site().name
        self._line = ShardLine(Path(os.environ[VARIABLE]))
        threading.Thread(target=self._run, name="shard", daemon=True).start()

    def ping(self) -> str:
        """The node that it is on; empty while its process says nothing, as one that is frozen."""
        return self._node if self._line.is_heard() else ""

    def _run(self) -> None:
        try:
            if look_after(self._line, self._number) is ShardEnd.LOST:
                os._exit(0)
        except BaseException:
            log.exception("the actor of shard %d failed, and ends; Ray starts another", self._number)
            time.sleep(BEFORE_AGAIN_S)
            os._exit(1)


def look_after(line: ShardLine, number: int, rest_s: float = BEFORE_AGAIN_S) -> ShardEnd:
    """Has a process of the shard until it is another actor's, or the node stops."""
    soon_before = False
    while True:
        began_s = time.monotonic()
        how = line.live(number)
        if how is not ShardEnd.DIED:
            return how
        log.warning("shard %d: its process ended without a word; another one begins", number)
        soon = time.monotonic() - began_s < SOON_S
        if soon and soon_before:
            time.sleep(rest_s)
        soon_before = soon
