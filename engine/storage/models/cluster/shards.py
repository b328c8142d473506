"""A cluster's truth: its head, its nodes, its shards and their stores. What runs it may die, and is rebuilt of this."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double, Index, Integer, Text
from sqlmodel import Field, SQLModel


class ClusterHeadTable(SQLModel, table=True):
    """Where nodes join: one row. `epoch` moves with every start of a head: who has an older one is the head no more."""

    __tablename__: ClassVar[str] = "cluster_head"
    id: int = Field(primary_key=True, sa_type=Integer)  # always 1
    epoch: int = Field(sa_type=BigInteger)
    node: str
    address: str  # host:port
    key_check: str  # a digest that two nodes share only where they have the same site key
    at: float = Field(sa_type=Double)  # by the database's clock


class ClusterNodeTable(SQLModel, table=True):
    """A machine of the cluster, as it says of itself. `draining` alone is said by the operator."""

    __tablename__: ClassVar[str] = "cluster_node"
    name: str = Field(primary_key=True)
    beats: int = Field(sa_type=BigInteger)  # who wants to know whether it lives watches this number, and no clock
    draining: bool
    trouble: str  # why no store should be there; "" where one may
    version: str
    cpus: int = Field(sa_type=Integer)
    clock_off_s: float = Field(sa_type=Double)  # against the database's clock; above 0 it is ahead
    disk_free_mib: float = Field(sa_type=Double)
    plans: str = Field(sa_type=Text)  # JSON: a digest of each store's floor plan there
    at: float = Field(sa_type=Double)


class ShardTable(SQLModel, table=True):
    """The stores of one actor. `node` is where it is wanted, `runs_on` where it was heard of last.

    `generation` moves with every actor that starts for it: who has an older one is this shard no more.
    """

    __tablename__: ClassVar[str] = "shard"
    number: int = Field(primary_key=True, sa_type=Integer)
    node: str
    generation: int = Field(sa_type=BigInteger)
    owner: str  # in the leases of its stores
    runs_on: str
    state: str
    reason: str
    version: str
    beats: int = Field(sa_type=BigInteger)
    lag_s: float = Field(sa_type=Double)
    memory_mib: float = Field(sa_type=Double)
    busy_share: float = Field(sa_type=Double)  # of one CPU
    readings: int = Field(sa_type=BigInteger)
    sessions_lost: int = Field(default=0, sa_type=BigInteger)  # in all its lives
    session_lost_at: float | None = Field(default=None, sa_type=Double)  # by the database's clock
    at: float = Field(sa_type=Double)


class ShardStoreTable(SQLModel, table=True):
    """Which shard runs a store: one, as the store is the key. `coming_to`: the one that takes it once it listens.
    `left_by`: the one that had it and has not let it go yet, for whom the present one waits."""

    __tablename__: ClassVar[str] = "shard_store"
    __table_args__ = (
        Index("ix_shard_store_shard", "shard"),
        Index("ix_shard_store_coming_to", "coming_to"),
        Index("ix_shard_store_left_by", "left_by"),
    )
    store: str = Field(primary_key=True)
    shard: int = Field(sa_type=Integer)
    coming_to: int | None = Field(default=None, sa_type=Integer)
    left_by: int | None = Field(default=None, sa_type=Integer)
    epoch: int = Field(sa_type=BigInteger)  # of its lease
    load: float = Field(sa_type=Double)  # share of one CPU, over some minutes
