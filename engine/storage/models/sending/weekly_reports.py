"""Pages of figures that go out by e-mail."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


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
