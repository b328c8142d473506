"""What a node says of itself: whether its clock agrees with the database's, what its disk has, which plans it holds."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import engine
from engine.config import ClusterConfig, Config
from engine.plan.load import PLAN_FILE, PRODUCTS_FILE, store_folders
from engine.storage.database import Database
from engine.storage.shards.nodes import NodeWord, database_clock

log = logging.getLogger(__name__)
PLANS_EVERY_S = 30.0
BACK = 0.8  # what was too far, or too little, has to be so much better before it is well again


class NodeTrouble(StrEnum):
    """Why no store should be on a node."""

    CLOCK = "clock"  # apart from the database's
    DISK = "disk"  # nearly full


class NodeWords:
    """Makes a node's words. Digests of floor plans are made anew every PLANS_EVERY_S, of files that changed only."""

    def __init__(
        self,
        name: str,
        config: Config,
        cluster: ClusterConfig,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        """`holds`: whether `data_dir` is still the site's."""
        self._name, self._config, self._cluster = name, config, cluster
        self._wall, self._monotonic, self._free_bytes = wall, monotonic, free_bytes
        self._holds, self._held = holds, True
        self._digests: dict[Path, tuple[tuple[int, int], str]] = {}
        self._plans: dict[str, str] = {}
        self._looked_s = -PLANS_EVERY_S
        self._trouble: NodeTrouble | None = None

    def say(self, db: Database) -> NodeWord:
        """The word as of now. Raises StorageUnavailable."""
        asked = self._wall()
        theirs = database_clock(db)
        off_s = (asked + self._wall()) / 2 - theirs  # half of the way there and back
        free_mib = self._free_mib()
        self._trouble = self._judge(off_s, free_mib)
        return NodeWord(
            self._name, self._trouble or "", engine.__version__, os.cpu_count() or 1, off_s, free_mib, self.plans()
        )

    def _free_mib(self) -> float:
        """0 where a disk is away, or the shared folder is not in its place."""
        before, self._held = self._held, self._holds()
        if before and not self._held:
            log.error(
                "%s: storage.data_dir: %s is not the site's folder any more; mount it again; stores go elsewhere",
                *(self._name, self._config.storage.data_dir),
            )
        try:
            return min(self._free_bytes(folder) for folder in self._folders()) / 2**20 if self._held else 0.0
        except OSError:
            return 0.0

    def plans(self) -> dict[str, str]:
        """A digest of each store's floor plan that this node would run."""
        if self._monotonic() - self._looked_s >= PLANS_EVERY_S:
            self._looked_s = self._monotonic()
            folder = self._config.stores.floorplans_dir
            wanted = set(self._config.stores.stores) or None
            stores = [s for s in store_folders(folder) if wanted is None or s in wanted]
            self._plans = {store: self._digest(folder / store) for store in stores}
        return self._plans

    def _judge(self, off_s: float, free_mib: float) -> NodeTrouble | None:
        off_at, free_at = self._cluster.clock_off_s, self._cluster.disk_free_mib
        if abs(off_s) > (off_at * BACK if self._trouble is NodeTrouble.CLOCK else off_at):
            return NodeTrouble.CLOCK
        if not self._held or free_mib < (free_at / BACK if self._trouble is NodeTrouble.DISK else free_at):
            return NodeTrouble.DISK
        return None

    def _folders(self) -> list[Path]:
        wanted = self._config.storage.data_dir, self._cluster.ray_dir
        return [folder for folder in wanted if folder.exists()] or [Path.cwd()]

    def _digest(self, folder: Path) -> str:
        files = [folder / PLAN_FILE, folder / PRODUCTS_FILE]
        return hashlib.sha256("".join(map(self._digest_of, files)).encode()).hexdigest()[:16]

    def _digest_of(self, path: Path) -> str:
        try:
            stat = path.stat()
            mark = stat.st_mtime_ns, stat.st_size
            if self._digests.get(path, (None, ""))[0] != mark:
                self._digests[path] = mark, hashlib.sha256(path.read_bytes()).hexdigest()
        except FileNotFoundError:
            return ""
        except OSError as error:  # another digest than where it can be read: the store is not placed, and said
            return f"unreadable: {error.strerror}"
        return self._digests[path][1]
