"""Which engine runs a store."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double
from sqlmodel import Field, SQLModel


class LeaseTable(SQLModel, table=True):
    """One engine's right to run a store. `epoch` moves with every change of owner and never back: it is the fence."""

    __tablename__: ClassVar[str] = "lease"
    store: str = Field(primary_key=True)
    owner: str  # "" where the last one gave it back
    epoch: int = Field(sa_type=BigInteger)
    renewals: int = Field(sa_type=BigInteger)  # who waits for the store watches this number, and no clock of anybody's
    term_s: float = Field(sa_type=Double)  # without a renewal for so long, another engine may take the store
    expires_at: float = Field(sa_type=Double)  # by the database's clock: for people, nothing is decided by it
