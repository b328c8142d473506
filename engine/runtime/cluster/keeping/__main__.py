"""The keeper's process, beside the head: `python -m engine.runtime.cluster.keeping ADDRESS EPOCH`.

A process of its own, as Ray's client ends the one it is in when it loses the head; whoever looks after the head starts
it again.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from engine.config import load_config
from engine.errors import StorageUnavailable
from engine.runtime.cluster.keeping.keeper import Keeper
from engine.runtime.cluster.nodes.logs import start_log
from engine.runtime.cluster.nodes.names import read_site
from engine.runtime.cluster.nodes.opening import open_when_there
from engine.runtime.cluster.nodes.ray_start import listens, split_address
from engine.storage.shards.nodes import HeadLost

log = logging.getLogger(__name__)
LOOK_S = 1.0


def main(address: str, epoch: int) -> int:
    """Keeps until it is stopped: 0; or until another head is there: 3."""
    from engine.runtime.cluster.keeping.ray_actors import RayActors

    start_log("keeper")
    site = read_site()
    os.chdir(site.folder)
    config = load_config(site.config)
    assert config.cluster is not None
    stopping = threading.Event()
    _stop_on_signals(stopping)
    try:
        db = open_when_there(os.environ.get("RAYON_DATABASE_URL", config.storage.url), stopping.is_set)
    except StorageUnavailable:
        return 0  # it was stopped meanwhile
    while not listens(*split_address(address)):  # Ray starts at the same time as we do
        if stopping.wait(0.1):
            return 0
    actors = RayActors(address)
    _stop_on_signals(stopping)  # Ray has set its own, which end the process as if it had crashed
    keeper, away = Keeper(db, actors, config.cluster, epoch), False
    while not stopping.wait(LOOK_S):
        try:
            keeper.look()
            if away:
                log.info("the database is back")
            away = False
        except StorageUnavailable as error:
            if not away:
                log.warning("the database is away (%s); shards go on, and nothing is placed meanwhile", error)
            away = True
        except HeadLost as lost:
            log.warning("%s; this keeper ends", lost)
            return 3
    actors.close()
    return 0


def _stop_on_signals(stopping: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
