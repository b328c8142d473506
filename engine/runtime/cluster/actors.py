"""A shard as an actor of Ray, which restarts it wherever its process ends. No reading passes through Ray, and no
setting or secret: an actor reads those of the node that it is on.

The engine's rooms are imported in the actor's process: the keeper, which needs no more than the class, does without.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from engine.runtime.cluster.nodes.names import NodeSite, read_site, stop_note

if TYPE_CHECKING:
    from engine.runtime.cluster.duty import ShardDuty, Worker

log = logging.getLogger(__name__)
LOOK_S = 0.5
BEFORE_AGAIN_S = 2.0  # a process that fails at once is not started fifty times a minute


class ShardActor:
    """Shard `number`, on the node that Ray put it on. Starting takes as long as it takes; `ping` answers meanwhile."""

    def __init__(self, number: int) -> None:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
        self._number = number
        self._site = read_site()
        threading.Thread(target=self._run, name="shard", daemon=True).start()

    def ping(self) -> str:
        """The node that it is on."""
        return self._site.name

    def _run(self) -> None:
        from engine.storage.shards.duties import ShardLost

        try:
            duty, told = open_duty(self._site, self._number)
            threading.Thread(target=_stop_once, args=(told, duty.stopping), name="stop", daemon=True).start()
            duty.run()
        except ShardLost as lost:
            log.warning("%s: this process ends", lost)
            os._exit(0)
        except BaseException:
            log.exception("shard %d failed; its process ends, and Ray starts another", self._number)
            time.sleep(BEFORE_AGAIN_S)
            os._exit(1)


def _stop_once(told: Path, stopping: threading.Event) -> None:
    """The node is about to stop: its supervisor speaks to no Ray, so it leaves a file."""
    while not told.exists():
        time.sleep(LOOK_S)
    stopping.set()


def open_duty(site: NodeSite, number: int) -> tuple[ShardDuty, Path]:
    """A shard's duty on this node, by the node's own configuration, and the file that ends it. Raises OperatorError."""
    from engine.config import load_config
    from engine.plan.load import load_plan, store_folders
    from engine.privacy.secrets import load_secrets
    from engine.runtime.cluster.duty import ShardDuty
    from engine.runtime.cluster.worker import ShardSettings, ShardWorker
    from engine.storage.database import open_database

    os.chdir(site.folder)
    config = load_config(site.config)
    assert config.cluster is not None
    db = open_database(os.environ.get("RAYON_DATABASE_URL", config.storage.url))
    folder = config.stores.floorplans_dir
    wanted = set(config.stores.stores)
    secrets = load_secrets(config.storage.data_dir, os.environ)
    settings = ShardSettings(config, db, secrets, lambda store: load_plan(folder / store))

    def make(shard: int, stores: Sequence[str], owner: str) -> Worker:
        return ShardWorker(settings, shard, stores, owner)

    def plans() -> Set[str]:
        return {store for store in store_folders(folder) if not wanted or store in wanted}

    return ShardDuty(db, number, site.name, make, plans), stop_note(config.cluster.ray_dir, site.name)
