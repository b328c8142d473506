"""What shoppers want less of."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Integer
from sqlmodel import Field, SQLModel


class MuteTable(SQLModel, table=True):
    """Nothing more of this for the shopper: `engine.offers.wishes.Mute`. Taken back, the row goes."""

    __tablename__: ClassVar[str] = "mute"
    shopper_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    store: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    at: float = Field(sa_type=Double)


class WishTable(SQLModel, table=True):
    """How often at most, and when not, by the shopper's own wish. Empty: as the shop does."""

    __tablename__: ClassVar[str] = "wish"
    shopper_id: str = Field(primary_key=True)
    per_day: int | None = Field(default=None, sa_type=Integer)
    per_week: int | None = Field(default=None, sa_type=Integer)
    quiet_from: str | None = None
    quiet_to: str | None = None
    at: float = Field(sa_type=Double)
