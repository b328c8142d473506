"""What a site's processes keep so that they can stop, go on and work side by side."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from sqlalchemy import BigInteger, Double, Index, Integer, LargeBinary, Text
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class JournalTable(SQLModel, table=True):
    """Decoded readings, one packed batch per row, in the order of `seq`.

    Those up to the checkpoint's `upto_id` are worked off, and written over by later ones. There is no index: the
    rows are few, and an index is one more page to write for each.
    """

    __tablename__: ClassVar[str] = "journal"
    slot: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    store: str
    seq: int = Field(sa_type=BigInteger)
    now: float = Field(sa_type=Double)
    payload: bytes = Field(sa_type=LargeBinary)


class CheckpointTable(SQLModel, table=True):
    """The state of a store's engine, up to and including journal row `upto_id`."""

    __tablename__: ClassVar[str] = "checkpoint"
    store: str = Field(primary_key=True)
    upto_id: int = Field(sa_type=BigInteger)
    blob: bytes = Field(sa_type=LargeBinary)
    saved_at: float = Field(sa_type=Double)


class TaughtTable(SQLModel, table=True):
    """What a store's labels taught its radio map, without a person, as of the plan and grid `layout`."""

    __tablename__: ClassVar[str] = "taught"
    store: str = Field(primary_key=True)
    layout: str
    blob: bytes = Field(sa_type=LargeBinary)
    saved_at: float = Field(sa_type=Double)


class StoreVersionTable(SQLModel, table=True):
    """Counters that move with every change of a store's campaigns, claims or stock: what an engine polls."""

    __tablename__: ClassVar[str] = "store_version"
    store: str = Field(primary_key=True)
    campaigns: int = Field(default=0, sa_type=BigInteger)
    links: int = Field(default=0, sa_type=BigInteger)
    claims: int = Field(default=0, sa_type=BigInteger)
    stock: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class StatusTable(SQLModel, table=True):
    """What a running component says of itself, for the health page."""

    __tablename__: ClassVar[str] = "status"
    store: str = Field(primary_key=True)
    component: str = Field(primary_key=True)
    values_json: str = Field(sa_type=Text)
    at: float = Field(sa_type=Double)


class RequestState(StrEnum):
    """How far a request has come that may be repeated."""

    NEW = "new"
    IN_FLIGHT = "in_flight"
    DONE = "done"


class IdempotencyTable(SQLModel, table=True):
    """The first answer to a write, kept byte for byte. A sign-in's names the session it made, and ends with it."""

    __tablename__: ClassVar[str] = "idempotency"
    __table_args__ = (
        Index("ix_idempotency_at", "at"),
        Index("ix_idempotency_caller", "caller", "at"),
        Index("ix_idempotency_session", "session_id"),
    )
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_hash: str
    state: str  # RequestState
    status: int | None = Field(default=None, sa_type=Integer)
    media_type: str | None = None
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    at: float = Field(sa_type=Double)
    caller: str = Field(default="", sa_column_kwargs={"server_default": ""})
    session_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    salt: str = Field(default="", sa_column_kwargs={"server_default": ""})  # of that session's secret


class ReceivedTable(SQLModel, table=True):
    """A message that a receiver took: it is not taken again."""

    __tablename__: ClassVar[str] = "received"
    __table_args__ = (Index("ix_received_at", "at"),)
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    at: float = Field(sa_type=Double)


class AttemptCountTable(SQLModel, table=True):
    """Attempts of a kind by a caller, who is a keyed digest, in the window that is the `number`th since 1970."""

    __tablename__: ClassVar[str] = "attempt_count"
    __table_args__ = (Index("ix_attempt_count_ends", "ends_at"),)
    kind: str = Field(primary_key=True)
    caller: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    attempts: int = Field(sa_type=Integer)
    ends_at: float = Field(sa_type=Double)  # when it counts for nothing any more


class JobTurnTable(SQLModel, table=True):
    """When a job that any process of the site may do was last begun, by the database's clock, and by which."""

    __tablename__: ClassVar[str] = "job_turn"
    job: str = Field(primary_key=True)
    who: str
    at: float = Field(sa_type=Double)


class OpenPageTable(SQLModel, table=True):
    """Who has a page open in which process, until when that is believed without being said again."""

    __tablename__: ClassVar[str] = "open_page"
    __table_args__ = (Index("ix_open_page_until", "until"),)
    shopper_id: str = Field(primary_key=True)
    process: str = Field(primary_key=True)
    until: float = Field(sa_type=Double)


class SchemaReachTable(SQLModel, table=True):
    """One row: the schema's version, and the one that a program has to know at least to go on with it."""

    __tablename__: ClassVar[str] = "schema_reach"
    version: str = Field(primary_key=True)
    least: str
