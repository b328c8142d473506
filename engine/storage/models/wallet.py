"""What pages that are open follow: news of coupons that they show already."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double, Index
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class WalletChangeTable(SQLModel, table=True):
    """Something became of a voucher: written with what caused it, told to open pages after commit, kept for a day."""

    __tablename__: ClassVar[str] = "wallet_change"
    __table_args__ = (
        Index("ix_wallet_change_shopper", "shopper_id"),
        Index("ix_wallet_change_at", "at"),
        {"sqlite_autoincrement": True},
    )
    change_id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    shopper_id: str
    voucher_id: str
    kind: str  # engine.vocabulary.WalletChangeKind
    at: float = Field(sa_type=Double)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str


class CardCodeTable(SQLModel, table=True):
    """A code that a shopper's card shows in one half minute, by its digest: which till has read it, and what it has
    bought there. Gone minutes later."""

    __tablename__: ClassVar[str] = "card_code"
    __table_args__ = (Index("ix_card_code_shopper", "shopper_id"), Index("ix_card_code_step", "step"))
    digest: str = Field(primary_key=True)
    shopper_id: str
    step: int = Field(sa_type=BigInteger)
    till: str
    bought: str
