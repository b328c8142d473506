"""How often somebody tried, in a window of time, for limits that hold over all processes of a site."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double, Index, Integer
from sqlmodel import Field, SQLModel


class AttemptCountTable(SQLModel, table=True):
    """Attempts of a kind by a caller, who is a keyed digest, in the window that is the `number`th since 1970."""

    __tablename__: ClassVar[str] = "attempt_count"
    __table_args__ = (Index("ix_attempt_count_ends", "ends_at"),)
    kind: str = Field(primary_key=True)
    caller: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    attempts: int = Field(sa_type=Integer)
    ends_at: float = Field(sa_type=Double)  # when it counts for nothing any more
