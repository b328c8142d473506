"""The head and the nodes of a cluster. Each says of itself that it lives; nobody's clock is compared with another's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import col, select

from engine.errors import NotFound, RayonError
from engine.storage.database import Database
from engine.storage.models.cluster.shards import ClusterHeadTable, ClusterNodeTable
from engine.storage.status import ENGINE, EVERY_STORE, forget_word
from engine.storage.upserts import age_s, database_time, upsert

_ONLY = 1


class HeadLost(RayonError):
    """Another head was started: this one is none any more."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where nodes join. A higher `epoch` is a newer head, and the only one. `key_check`: a digest of the site's key."""

    epoch: int
    node: str
    address: str
    key_check: str


@dataclass(frozen=True, slots=True)
class NodeWord:
    """What a node says of itself. `trouble`: why no store should be there, or "". `plans`: a digest a store."""

    name: str
    trouble: str
    version: str
    cpus: int
    clock_off_s: float
    disk_free_mib: float
    plans: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A node as it spoke last, `age_s` ago by the database's clock, for the `beats`th time."""

    word: NodeWord
    beats: int
    draining: bool
    age_s: float


def become_head(db: Database, node: str, address: str, key_check: str, after: int | None = None) -> Head:
    """Makes this node the head from now on. Whoever was it finds out by its epoch. Where it was the head already, of
    the epoch `after`, and another one is it by now: that other one, and nothing is changed. The one engine that a site
    had before it was a cluster is no more: its word on the whole site is forgotten."""
    fresh = {"id": _ONLY, "epoch": 0, "node": "", "address": "", "key_check": "", "at": 0.0}
    with db.write() as session:
        upsert(session, ClusterHeadTable, [fresh])
        row = session.get_one(ClusterHeadTable, _ONLY, with_for_update=True)
        if after not in (None, row.epoch):
            return Head(row.epoch, row.node, row.address, row.key_check)
        row.epoch, row.node, row.address, row.key_check = row.epoch + 1, node, address, key_check
        row.at = database_time(session)
        forget_word(session, EVERY_STORE, ENGINE)
        return Head(row.epoch, node, address, key_check)


def read_head(db: Database) -> Head | None:
    """The head as of now; None where the cluster never had one."""
    with db.read() as session:
        row = session.get(ClusterHeadTable, _ONLY)
        return Head(row.epoch, row.node, row.address, row.key_check) if row else None


def keep_head(db: Database, epoch: int) -> Head | None:
    """The head as of now, for the keeper of the head of this epoch, who writes that it looked: a database that takes no
    writes lets no node say that it lives. Raises StorageUnavailable."""
    with db.write(survives_power_cut=False) as session:
        row = session.get(ClusterHeadTable, _ONLY, with_for_update=True)
        if row is None:
            return None
        if row.epoch == epoch:
            row.at = database_time(session)
        return Head(row.epoch, row.node, row.address, row.key_check)


def database_clock(db: Database) -> float:
    """The database's time, s UTC: what nodes hold their own clocks against."""
    with db.read() as session:
        return database_time(session)


def beat_node(db: Database, word: NodeWord) -> int:
    """Says that the node lives, and how it is. Returns how often somebody of its name has said so."""
    said = {
        **{"trouble": word.trouble, "version": word.version, "cpus": word.cpus, "clock_off_s": word.clock_off_s},
        **{"disk_free_mib": word.disk_free_mib, "plans": json.dumps(dict(word.plans), sort_keys=True)},
    }
    with db.write(survives_power_cut=False) as session:
        row = {"name": word.name, "beats": 1, "draining": False, **said, "at": database_time(session)}
        upsert(session, ClusterNodeTable, [row], add=("beats",), replace=(*said, "at"))
        return session.exec(select(ClusterNodeTable.beats).where(col(ClusterNodeTable.name) == word.name)).one()


def read_nodes(db: Database) -> dict[str, NodeSeen]:
    """Every node there ever was and that was not forgotten, by name."""
    with db.read() as session:
        now = database_time(session)
        rows = session.exec(select(ClusterNodeTable).order_by(col(ClusterNodeTable.name)))
        return {row.name: _to_seen(row, now) for row in rows}


def set_draining(db: Database, name: str, draining: bool) -> None:
    """Whether the node's stores go elsewhere. Raises NotFound."""
    with db.write() as session:
        row = session.get(ClusterNodeTable, name, with_for_update=True)
        if row is None:
            raise NotFound(f"no node is called {name}")
        row.draining = draining


def forget_node(db: Database, name: str) -> None:
    """The node is no part of the cluster any more."""
    with db.write() as session:
        row = session.get(ClusterNodeTable, name)
        if row is not None:
            session.delete(row)


def _to_seen(row: ClusterNodeTable, now: float) -> NodeSeen:
    word = NodeWord(
        row.name, row.trouble, row.version, row.cpus, row.clock_off_s, row.disk_free_mib, json.loads(row.plans)
    )
    return NodeSeen(word, row.beats, row.draining, age_s(row.at, now))
