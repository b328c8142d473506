"""Where shoppers who agreed to offers by location were a moment ago."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Index, Text
from sqlmodel import Field, SQLModel


class LastPlaceTable(SQLModel, table=True):
    """The newest fix of a linked shopper in a store, for their own page only. One row each, gone within minutes."""

    __tablename__: ClassVar[str] = "last_place"
    __table_args__ = (Index("ix_last_place_at", "at"), Index("ix_last_place_shopper", "shopper_id"))
    store: str = Field(primary_key=True)
    shopper_id: str = Field(primary_key=True)
    level: str
    x_m: float = Field(sa_type=Double)
    y_m: float = Field(sa_type=Double)
    sigma_m: float = Field(sa_type=Double)
    at: float = Field(sa_type=Double)
    zones: str = Field("[]", sa_type=Text)  # JSON: zone and since when (s UTC), of the visits under way
