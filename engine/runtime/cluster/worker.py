"""One shard at work: a session at the broker, its stores' engines, leases and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.config import Config
from engine.plan.model import Plan
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.report import ShardReport
from engine.storage.database import Database


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """What a worker runs with, made in the process that runs it. `plan_of` reads a store's floor plan, and raises
    OperatorError or KeyError where there is none."""

    config: Config
    db: Database
    secrets: Secrets
    plan_of: Callable[[str], Plan]


class ShardWorker:
    """One shard at work: its MQTT session `rayon-shard-K`, its stores' engines, leases and checkpoints. Knows no Ray.

    A thread of its own does the work. Every method may be called from any other thread, and returns once what it says
    is done. `owner` names the shard in leases, the same in all its lives: who starts under it takes over at once,
    without waiting for a term, and fences the life before, should that still run somewhere: it ends as FENCED by itself
    and takes nothing back. Stores of another owner are waited for.
    """

    def __init__(self, settings: ShardSettings, shard: int, stores: Sequence[str], owner: str) -> None: ...

    def start(self) -> None:
        """Takes the leases that are free, restores checkpoints, connects. Returns when it listens for its stores; those
        that another owner still has are waited for while it works (`ShardReport.waits`).

        Raises OperatorError for what no waiting mends: no floor plan, certificate files that are not usable.
        """
        raise NotImplementedError

    def take(self, store: str) -> None:
        """One store more: subscribes first, then takes the lease and restores its checkpoint, then goes on. Returns
        when it has subscribed; the lease may still have to be waited for. Nothing where the store is ours already."""
        raise NotImplementedError

    def release(self, store: str) -> None:
        """One store less: checkpoint, acknowledge what that holds, give up the lease, unsubscribe. Whoever takes the
        store must have subscribed before. Nothing where the store is not ours."""
        raise NotImplementedError

    def report(self) -> ShardReport:
        """How it is, in at most a moment: it waits for no step."""
        raise NotImplementedError

    def stop(self) -> None:
        """Checkpoints all, acknowledges, gives the leases back, disconnects. The session stays at the broker. Safe to
        call twice."""
        raise NotImplementedError
