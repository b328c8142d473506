"""What a shard says of itself. Plain values only: a report is sent between machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ShardState(StrEnum):
    """Where a shard's worker stands."""

    STARTING = "starting"  # takes leases, restores checkpoints, connects
    WORKING = "working"
    DEAF = "deaf"  # its broker is away, or refuses it
    STUCK = "stuck"  # a checkpoint cannot be written: nothing is acknowledged until it can
    FENCED = "fenced"  # others have all its stores, or its session: it writes nothing more
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class StoreAtWorkReport:
    """One store of a shard. `epoch` is its lease's; `lag_s` how far behind receipt its last checkpoint is."""

    store: str
    epoch: int
    lag_s: float
    devices: int  # in steps of k only


@dataclass(frozen=True, slots=True)
class ShardReport:
    """How a shard is. Times in s, counts since the worker started."""

    shard: int
    owner: str
    state: ShardState
    reason: str  # one sentence where it does not work; empty where it does
    stores: tuple[StoreAtWorkReport, ...]
    waits: tuple[str, ...]  # stores that it was given and that another owner still has
    lag_s: float  # age of the oldest message that is not acknowledged
    unacknowledged: int
    readings: int
    fixes: int
    redelivered: int  # messages that came again and that a checkpoint held already
    sessions_lost: int  # times the broker had forgotten our session
    checkpoints: int
    unusable: int  # messages that no store could use
    memory_mib: float  # resident, of the whole process
    busy_share: float  # of one CPU, since the last report
    at: float  # s UTC
    versions: Mapping[str, str] = field(default_factory=dict)  # "rayon", "checkpoint"
