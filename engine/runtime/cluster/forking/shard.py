"""What a shard's process does: its duty, by the configuration of the node that it is on."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence, Set
from pathlib import Path

from engine.config import load_config
from engine.plan.load import store_folders
from engine.privacy.secrets import load_secrets
from engine.runtime.cluster.duty import ShardDuty, Worker
from engine.runtime.cluster.forking.line import ShardEnd, ShardVoice
from engine.runtime.cluster.forking.plans import ReadPlans
from engine.runtime.cluster.nodes.logs import start_log
from engine.runtime.cluster.nodes.names import NodeSite, actor_name, read_site, stop_note
from engine.runtime.cluster.nodes.opening import open_when_there
from engine.runtime.cluster.worker import ShardSettings, ShardWorker
from engine.storage.shards.duties import ShardLost

log = logging.getLogger(__name__)
LOOK_S = 0.5
BEFORE_AGAIN_S = 2.0  # a process that fails at once is not begun fifty times a minute
_PR_SET_NAME = 15


def be_shard(number: int, voice: ShardVoice) -> int:
    """The process's whole life. Its exit status: 0 where it was stopped, or another one is this shard now."""
    start_log()
    _name_process(actor_name(number))
    threading.Thread(target=voice.beat, name="beats", daemon=True).start()
    try:
        duty, told = open_duty(read_site(), number)
        threading.Thread(target=_stop_once, args=(told, duty.stopping), name="stop", daemon=True).start()
        duty.run()
    except ShardLost as lost:
        log.warning("%s: this process ends", lost)
        voice.end(ShardEnd.LOST)
        return 0
    except BaseException:
        log.exception("shard %d failed; its process ends, and another begins", number)
        time.sleep(BEFORE_AGAIN_S)
        return 1
    voice.end(ShardEnd.STOPPED)
    return 0


def open_duty(site: NodeSite, number: int) -> tuple[ShardDuty, Path]:
    """A shard's duty on this node, by the node's own configuration, and the file that ends it. Waits for the database.
    Raises OperatorError."""
    os.chdir(site.folder)
    config = load_config(site.config)
    assert config.cluster is not None
    told = stop_note(config.cluster.ray_dir, site.name)
    db = open_when_there(os.environ.get("RAYON_DATABASE_URL", config.storage.url), told.exists)
    folder = config.stores.floorplans_dir
    wanted = set(config.stores.stores)
    secrets = load_secrets(config.storage.data_dir, os.environ)
    read = ReadPlans(folder)
    settings = ShardSettings(config, db, secrets, read.plan_of)

    def make(shard: int, stores: Sequence[str], owner: str) -> Worker:
        return ShardWorker(settings, shard, stores, owner)

    def plans() -> Set[str]:
        return {store for store in store_folders(folder) if not wanted or store in wanted}

    return ShardDuty(db, number, site.name, make, plans, read.fault_of), told


def _stop_once(told: Path, stopping: threading.Event) -> None:
    """The node is about to stop: its supervisor speaks to no Ray, so it leaves a file."""
    while not told.exists():
        time.sleep(LOOK_S)
    stopping.set()


def _name_process(name: str) -> None:
    """What `ps -o comm` and `top` call it; the kernel keeps 15 letters."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
