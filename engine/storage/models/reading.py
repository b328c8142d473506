"""What readers of figures have to know, and who gets them by e-mail."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class PlanVersionTable(SQLModel, table=True):
    """From when on a store's figures are of which zones: a row each time that the plan's zones or levels were found
    changed. `zones` is a JSON list of their ids."""

    __tablename__: ClassVar[str] = "plan_version"
    store: str = Field(primary_key=True)
    since: float = Field(primary_key=True, sa_type=Double)
    digest: str
    zones: str = Field(sa_type=Text)


class WeeklyReportTable(SQLModel, table=True):
    """A page of figures that goes to an address of the shop's staff every Monday, until it is taken back."""

    __tablename__: ClassVar[str] = "weekly_report"
    __table_args__ = (UniqueConstraint("store", "view", "recipient", name="uq_weekly_report"),)
    report_id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    store: str
    view: str
    recipient: str
    lang: str
    created_at: float = Field(sa_type=Double)
