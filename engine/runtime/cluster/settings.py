"""What a shard's worker runs with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.config import Config
from engine.ingest.mqtt.shard_session import ShardSession
from engine.plan.model import Plan
from engine.privacy.secrets import Secrets
from engine.storage.database import Database


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """Made in the process that runs the worker, whose owner closes `db`.

    `plan_of` reads a store's floor plan; it raises OperatorError or KeyError where there is none. `config.storage.
    data_dir` is one folder for all machines of the site: the salts and keys of the day are in it.
    """

    config: Config
    db: Database
    secrets: Secrets
    plan_of: Callable[[str], Plan]
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    session: Callable[..., ShardSession] = ShardSession
