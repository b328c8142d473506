"""What was decided to tell a shopper, beside coupons."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Index, Text
from sqlmodel import Field, SQLModel


class MessageTable(SQLModel, table=True):
    """An occasion to tell a shopper something, and its decision: now, later or silence. Said now, it holds a slot in
    the caps as a voucher does, until no channel took it."""

    __tablename__: ClassVar[str] = "message"
    __table_args__ = (
        Index("ix_message_shopper", "shopper_id", "said_at"),
        Index("ix_message_due", "outcome", "not_before"),
        Index("ix_message_store", "store", "at"),
    )
    message_id: str = Field(primary_key=True)  # a digest of what the occasion is called
    shopper_id: str
    store: str
    visit_id: str = ""  # empty where nobody has to be in the shop for it
    kind: str  # engine.vocabulary.MessageKind
    outcome: str  # engine.vocabulary.MessageOutcome
    reason: str  # engine.vocabulary.MessageReason
    at: float = Field(sa_type=Double)  # of the occasion
    until: float = Field(sa_type=Double)
    not_before: float = Field(sa_type=Double)  # when it is decided again, or sent
    said_at: float | None = Field(default=None, sa_type=Double)  # when it took its slot
    holds_slot: bool = False
    channel: str = ""  # engine.vocabulary.Channel
    route: str = ""  # channels to try after it, separated by commas
    sent_at: float | None = Field(default=None, sa_type=Double)
    about: str = Field(default="{}", sa_type=Text)  # JSON: what its words need, and of which product it is
