"""What readers of figures have to know."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Text
from sqlmodel import Field, SQLModel


class PlanVersionTable(SQLModel, table=True):
    """From when on a store's figures are of which zones: a row each time that the plan's zones or levels were found
    changed. `zones` is a JSON list of their ids."""

    __tablename__: ClassVar[str] = "plan_version"
    store: str = Field(primary_key=True)
    since: float = Field(primary_key=True, sa_type=Double)
    digest: str
    zones: str = Field(sa_type=Text)
