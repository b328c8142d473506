"""What customer files are told: events in one order, who was told of whom, and what waits for which receiver."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double, Index, Integer, Text
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class CrmSubjectTable(SQLModel, table=True):
    """By what customer files know a shopper: a name of chance, which leads to nobody once this row is gone."""

    __tablename__: ClassVar[str] = "crm_subject"
    shopper_id: str = Field(primary_key=True)
    crm_ref: str = Field(unique=True)
    at: float = Field(sa_type=Double)


class CrmEventTable(SQLModel, table=True):
    """One fact, written in the transaction that made it so. `number` is its place in the log, given after the commit:
    ids of transactions that run at once become visible in any order, numbers in theirs. `data` is JSON."""

    __tablename__: ClassVar[str] = "crm_event"
    __table_args__ = (
        Index("ix_crm_event_number", "number", unique=True),
        Index("ix_crm_event_ref", "crm_ref"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    number: int | None = Field(default=None, sa_type=BigInteger)
    message_id: str
    kind: str  # engine.vocabulary.CrmKind
    crm_ref: str
    store: str
    at: float = Field(sa_type=Double)
    data: str = Field(sa_type=Text)


class CrmCounterTable(SQLModel, table=True):
    """The last number that was given: no number is given twice, whatever was forgotten since."""

    __tablename__: ClassVar[str] = "crm_counter"
    name: str = Field(primary_key=True)
    last: int = Field(sa_type=BigInteger)


class CrmReceiverTable(SQLModel, table=True):
    """A receiver of the configuration and how it does. `kinds` and `stores` by commas, `stores` empty for all. `acked`
    is up to where one that asks has everything. `hold_until`: nothing is sent before."""

    __tablename__: ClassVar[str] = "crm_receiver"
    name: str = Field(primary_key=True)
    form: str  # engine.vocabulary.CrmForm
    kinds: str
    stores: str
    declared: bool
    declared_at: float = Field(sa_type=Double)
    acked: int = Field(default=0, sa_type=BigInteger)
    hold_until: float = Field(default=0.0, sa_type=Double)
    failures: int = Field(default=0, sa_type=Integer)  # since it took something
    failing_since: float | None = Field(default=None, sa_type=Double)
    taken_at: float | None = Field(default=None, sa_type=Double)
    trouble: str = ""  # engine.vocabulary.CrmTrouble
    status: int = Field(default=0, sa_type=Integer)


class CrmToldTable(SQLModel, table=True):
    """That a receiver may know of a shopper: from the first attempt on, until an erasure is taken. Nothing of theirs
    is sent before `busy_until`, because something is on its way."""

    __tablename__: ClassVar[str] = "crm_told"
    __table_args__ = (Index("ix_crm_told_ref", "crm_ref"),)
    receiver: str = Field(primary_key=True)
    crm_ref: str = Field(primary_key=True)
    busy_until: float = Field(default=0.0, sa_type=Double)


class CrmSendingTable(SQLModel, table=True):
    """What waits for a receiver, gone once it is taken. `first`: nothing of this shopper is before it. A dead letter
    has `dead_at`, and its shopper's line waits behind it."""

    __tablename__: ClassVar[str] = "crm_sending"
    __table_args__ = (
        Index("ix_crm_sending_due", "receiver", "first", "retry_at"),
        Index("ix_crm_sending_line", "crm_ref", "receiver", "number"),
    )
    receiver: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    crm_ref: str
    first: bool
    queued_at: float = Field(sa_type=Double)
    tries: int = Field(default=0, sa_type=Integer)
    retry_at: float = Field(default=0.0, sa_type=Double)
    failing_since: float | None = Field(default=None, sa_type=Double)
    dead_at: float | None = Field(default=None, sa_type=Double)
    trouble: str = ""
    status: int = Field(default=0, sa_type=Integer)
