"""How a cluster is, for people and as JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from engine.config import ClusterConfig
from engine.runtime.cluster.placing.layout import (
    AddShard,
    DropStore,
    GiveStore,
    MoveStore,
    PutStore,
    RemoveShard,
    SendShard,
    Step,
)
from engine.storage.shards.nodes import Head, NodeSeen
from engine.storage.shards.shards import ShardSeen
from engine.storage.shards.standing import (
    SESSION_LOST_S,
    SILENT_AFTER_S,
    NodeStanding,
    node_standing,
    versions_at_work,
    without_shard,
)

NAMED = 20  # stores of a line
_FOLDED = ("node", "stores")


def shard_values(shards: Collection[ShardSeen]) -> list[dict[str, Any]]:
    """A mapping for each shard. Its `epoch` is its own: it moves with every life."""
    return [
        {
            "shard": one.number,
            "node": one.node,
            "runs_on": one.runs_on,
            "state": state_of(one),
            "reason": one.reason,
            "stores": [s.store for s in one.stores],
            "moving": {s.store: s.coming_to for s in one.stores if s.coming_to is not None},
            "lag_s": round(one.lag_s, 3),
            "epoch": one.generation,
            "memory_mib": round(one.memory_mib, 1),
            "busy_share": round(one.busy_share, 3),
            "readings": one.readings,
            "version": one.version,
            "heard_s_ago": round(one.age_s, 1),
            "sessions_lost": one.sessions_lost,
            "session_lost_s_ago": None if one.session_lost_age_s is None else round(one.session_lost_age_s, 1),
        }
        for one in shards
    ]


def node_values(nodes: Collection[NodeSeen], cluster: ClusterConfig) -> list[dict[str, Any]]:
    """A mapping for each node."""
    return [
        {
            "node": one.word.name,
            "state": node_state(one, cluster),
            "stores": len(one.word.plans),
            "cpus": one.word.cpus,
            "clock_off_s": round(one.word.clock_off_s, 3) + 0.0,  # no -0.0
            "disk_free_mib": round(one.word.disk_free_mib),
            "version": one.word.version,
            "heard_s_ago": round(one.age_s, 1),
        }
        for one in nodes
    ]


def state_of(shard: ShardSeen) -> str:
    """What it says of itself, or that it says nothing."""
    return shard.state if shard.generation == 0 or shard.age_s <= SILENT_AFTER_S else "silent"


def node_state(node: NodeSeen, cluster: ClusterConfig) -> str:
    """In one word."""
    return node_standing(node, cluster.node_gone_s).value


def all_values(
    head: Head | None, nodes: Collection[NodeSeen], shards: Collection[ShardSeen], cluster: ClusterConfig
) -> dict[str, Any]:
    """The whole cluster, as `rayon cluster status --json` prints it."""
    where = None if head is None else {"node": head.node, "address": head.address, "epoch": head.epoch}
    return {
        "head": where,
        "nodes": node_values(nodes, cluster),
        "shards": shard_values(shards),
        "without_shard": without_shard(nodes, shards),
        "versions": versions_at_work(nodes, shards, cluster.node_gone_s),
    }


def print_all(values: dict[str, Any], console: Console) -> None:
    """The same as tables."""
    head = values["head"]
    console.print(
        f"head: {head['node']} at {head['address']}" if head else "no head was ever started: `rayon cluster up` is one"
    )
    nodes = _table("node", "state", "plans", "CPUs", "clock off", "disk free", "version")
    for n in values["nodes"]:
        disk = f"{n['disk_free_mib'] / 1024:.1f} GiB"
        plans, cpus = str(n["stores"]), str(n["cpus"])
        nodes.add_row(
            n["node"], n["state"], plans, cpus, f"{round(n['clock_off_s'], 2) + 0.0:+.2f} s", disk, n["version"]
        )
    shards = _table("shard", "stores", "node", "state", "lag", "epoch", "memory", "busy", "lost", "version")
    for s in values["shards"]:
        node = s["node"] if s["runs_on"] in ("", s["node"]) else f"{s['runs_on']} → {s['node']}"
        count = f"{len(s['stores'])}" + (f", {len(s['moving'])} moving" if s["moving"] else "")
        figures = f"{s['lag_s']:.1f} s", str(s["epoch"]), f"{s['memory_mib']:.0f} MiB", f"{s['busy_share']:.0%}"
        lost = str(s["sessions_lost"])
        shards.add_row(str(s["shard"]), count, node, s["state"], *figures, lost, s["version"])
    console.print(nodes)
    console.print(shards)
    for s in values["shards"]:
        if s["reason"]:
            console.print(f"shard {s['shard']}: {s['reason']}", soft_wrap=True, highlight=False)
    for line in remedies(values):
        console.print(line, soft_wrap=True, highlight=False)


def _table(*columns: str) -> Table:
    """Narrow enough for a terminal of 80 columns; where it is not, names of nodes are folded and figures stay whole."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=name not in _FOLDED, overflow="fold")
    return table


def remedies(values: dict[str, Any]) -> list[str]:
    """What mends what is wrong, a line each. Who all say nothing at once lack a database to say it to."""
    nodes, shards = values["nodes"], values["shards"]
    if shards and all(s["state"] == "silent" for s in shards):
        return ["every shard is silent: does the database take writes, is its disk full? Else no node lives"]
    said = {
        NodeStanding.GONE: "node {0} is gone: start it again, or, gone for good, `rayon cluster drain {0} --forget`",
        NodeStanding.CLOCK: "node {0}: set its clock by NTP; its stores go elsewhere meanwhile",
        NodeStanding.DISK: "node {0}: make room below data_dir and cluster.ray_dir; its stores go elsewhere meanwhile",
    }
    of_nodes = [said[n["state"]].format(n["node"]) for n in nodes if n["state"] in said]
    return [*of_nodes, *_of_stores(values["without_shard"]), *_of_sessions(shards), *_of_versions(values["versions"])]


def _of_stores(without: list[str]) -> list[str]:
    if not without:
        return []
    more = f" and {len(without) - NAMED} more" if len(without) > NAMED else ""
    mends = "they are placed within a minute if the head lives and all nodes have the same floor plan of each"
    return [f"no shard runs {', '.join(without[:NAMED])}{more}: {mends}; else start the head, or copy their folders"]


def _of_sessions(shards: list[dict[str, Any]]) -> list[str]:
    mends = "what waited there is gone: let it keep sessions over a restart, and for a week (deploy/mosquitto.conf)"
    lost = [s for s in shards if s["session_lost_s_ago"] is not None and s["session_lost_s_ago"] <= SESSION_LOST_S]
    return [
        f"shard {s['shard']}: its broker forgot its session {s['session_lost_s_ago'] / 60:.0f} min ago, {mends}"
        for s in lost
    ]


def _of_versions(versions: list[str]) -> list[str]:
    if len(versions) < 2:
        return []
    return [f"versions {', '.join(versions)} run side by side: no store goes to an older one; upgrade the other nodes"]


def in_words(step: Step) -> str:
    """What a step does."""
    match step:
        case AddShard(number, node):
            return f"shard {number} begins on {node}"
        case RemoveShard(number):
            return f"shard {number} ends: it has no store"
        case SendShard(number, node):
            return f"shard {number} starts on {node}: its node is gone"
        case PutStore(store, number):
            return f"store {store} begins in shard {number}"
        case DropStore(store):
            return f"store {store} ends: no node has its floor plan"
        case MoveStore(store, source, target):
            return f"store {store} moves from shard {source} to shard {target}"
        case GiveStore(store, source, target):
            return f"store {store}, which nobody runs, goes from shard {source} to shard {target}"
