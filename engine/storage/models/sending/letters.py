"""E-mail that waits for its server, or was taken by it."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Index, Text
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class LetterTable(SQLModel, table=True):
    """One e-mail. `key` makes it unique; once it is over, only the key and how it ended are kept, and no address."""

    __tablename__: ClassVar[str] = "letter"
    __table_args__ = (Index("ix_letter_due", "state", "not_before"), Index("ix_letter_shopper", "shopper_id"))
    letter_id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    key: str = Field(unique=True)
    shopper_id: str  # empty where it is nobody's in particular
    recipient: str
    subject: str
    body: str = Field(sa_type=Text)
    html: str = Field(sa_type=Text)
    unsubscribe_url: str
    message_id: str
    state: str  # engine.vocabulary.LetterState
    reason: str  # why it was not taken the last time
    attempts: int = 0
    created_at: float = Field(sa_type=Double)
    not_before: float = Field(sa_type=Double)  # of the next attempt; while one runs, when it counts as lost
    expires_at: float = Field(sa_type=Double)
    ended_at: float | None = Field(default=None, sa_type=Double)


class MailboxMarkTable(SQLModel, table=True):
    """Nothing goes to this mailbox any more, by its keyed digest: it refused for good, or its reader complained."""

    __tablename__: ClassVar[str] = "mailbox_mark"
    __table_args__ = (Index("ix_mailbox_mark_at", "at"),)
    digest: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)  # engine.vocabulary.MailboxMark
    at: float = Field(sa_type=Double)
