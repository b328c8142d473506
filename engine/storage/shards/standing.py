"""How shards and nodes stand, in one word each: for whoever looks at a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from engine.storage.shards.nodes import NodeSeen
from engine.storage.shards.shards import ShardSeen

SILENT_AFTER_S = 8.0  # a shard speaks every 2 s
SESSION_LOST_S = 86_400.0  # for so long it is said that a broker had forgotten a session
BEHIND_S, BEHIND_CHECKPOINTS = 60.0, 6.0
"""A message waits for up to four times as long as between two checkpoints; longer, and the shard does not keep up."""


Standing = TypeVar("Standing", bound=StrEnum)


class NodeStanding(StrEnum):
    """How a node of a cluster is."""

    WELL = "well"
    DRAINED = "drained"  # its stores go elsewhere, as somebody wished
    GONE = "gone"  # unheard of
    CLOCK = "clock"  # apart from the database's
    DISK = "disk"  # nearly full
    UNKNOWN = "unknown"  # it says what this version does not know


class ShardStanding(StrEnum):
    """How a shard of a cluster is: what it says of itself, or what is to be thought of it."""

    WANTED = "wanted"  # nobody has begun it yet
    STARTING = "starting"
    WORKING = "working"
    BEHIND = "behind"  # works, and does not keep up
    DEAF = "deaf"
    STUCK = "stuck"
    FENCED = "fenced"
    STOPPED = "stopped"
    SILENT = "silent"  # it says nothing any more
    UNKNOWN = "unknown"  # it says what this version does not know


def node_standing(node: NodeSeen, gone_s: float) -> NodeStanding:
    """In one word. Unheard of for `gone_s`, it is gone."""
    if node.age_s > gone_s:
        return NodeStanding.GONE
    return NodeStanding.DRAINED if node.draining else _to_known(NodeStanding, node.word.trouble or "well")


def shard_standing(shard: ShardSeen, checkpoint_s: float) -> ShardStanding:
    """What it says of itself, or that it says nothing, or is behind."""
    if shard.generation > 0 and shard.age_s > SILENT_AFTER_S:
        return ShardStanding.SILENT
    said = _to_known(ShardStanding, shard.state)
    late = shard.lag_s > max(BEHIND_S, BEHIND_CHECKPOINTS * checkpoint_s)
    return ShardStanding.BEHIND if late and said is ShardStanding.WORKING else said


def _to_known(kind: type[Standing], said: str) -> Standing:
    """While two versions run side by side, the older one hears words of the newer one."""
    return kind(said) if said in set(kind) else kind("unknown")


def has_lost_session_lately(shard: ShardSeen) -> bool:
    """Whether its broker had forgotten its session within SESSION_LOST_S, and with it what waited there."""
    return shard.session_lost_age_s is not None and shard.session_lost_age_s <= SESSION_LOST_S


def without_shard(nodes: Iterable[NodeSeen], shards: Iterable[ShardSeen], known: Iterable[str] = ()) -> list[str]:
    """Stores of which a node has the floor plan, or that are `known` otherwise, and that no shard runs; sorted."""
    run = {one.store for shard in shards for one in shard.stores}
    return sorted({*known, *(store for node in nodes for store in node.word.plans)} - run)


def not_run_yet(shards: Iterable[ShardSeen]) -> list[str]:
    """Stores of shards that have not said yet that they run them, as where a floor plan waits to be mended; sorted."""
    return sorted(one.store for shard in shards for one in shard.stores if one.epoch == 0)


def without_plan(shard: ShardSeen, nodes: Iterable[NodeSeen]) -> list[str]:
    """Stores of a shard whose floor plan the node that runs it has not; none where nothing is known of the node."""
    plans = {node.word.name: node.word.plans for node in nodes}.get(shard.runs_on)
    return [] if plans is None else sorted({one.store for one in shard.stores} - set(plans))


def versions_at_work(nodes: Iterable[NodeSeen], shards: Iterable[ShardSeen], gone_s: float) -> list[str]:
    """The versions of nodes that live and of shards that speak; more than one while a cluster is upgraded."""
    speak = {one.version for one in shards if one.generation > 0 and one.age_s <= SILENT_AFTER_S}
    return sorted(({one.word.version for one in nodes if one.age_s <= gone_s} | speak) - {""})
