"""Places that shoppers told, until the engine of their store has taken them."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double
from sqlmodel import Field, SQLModel


class ToldPlaceTable(SQLModel, table=True):
    """`engine.storage.people.told_places.ToldPlace`. Taken within seconds; then the row goes."""

    __tablename__: ClassVar[str] = "told_place"
    label_id: str = Field(primary_key=True)
    store: str = Field(index=True)
    shopper_id: str = Field(index=True)
    at: float = Field(sa_type=Double)
    kind: str
    sku: str = ""
    level: str = ""
    x_m: float | None = Field(default=None, sa_type=Double)
    y_m: float | None = Field(default=None, sa_type=Double)
