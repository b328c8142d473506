"""What was forgotten, as proof: how much, when and by which rule. It names nobody."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double
from sqlmodel import Field, SQLModel


class RetentionProofTable(SQLModel, table=True):
    """One rule on one day (UTC, `2026-11-28`): every run of that day added up. Days with nothing to forget have a row
    too."""

    __tablename__: ClassVar[str] = "retention_proof"
    day: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)  # RetentionRule
    rows: int = Field(sa_type=BigInteger)
    keep_s: float = Field(sa_type=Double)
    first_at: float = Field(sa_type=Double)
    last_at: float = Field(sa_type=Double)
