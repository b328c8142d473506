"""Who gets which page of figures every Monday. Addresses of the shop's staff, written down by a manager."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlmodel import col, select

from engine.errors import BusinessRefusal
from engine.storage.database import Database
from engine.storage.models.sending.weekly_reports import WeeklyReportTable
from engine.storage.sending.letters import has_letter
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import ProblemCode

MOST = 20
"""Of one store: more is a mailing list, which a mail server has."""


class TooManyReports(BusinessRefusal):
    """The store has as many as it may have."""

    code = ProblemCode.TOO_MANY_REPORTS
    status = 409


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """One page for one address, in a language."""

    report_id: int
    store: str
    view: str
    recipient: str
    lang: str
    created_at: float


def add_report(db: Database, store: str, view: str, recipient: str, lang: str, now: float) -> None:
    """From now on; the same again changes its language. Raises TooManyReports."""
    with db.write() as session:
        named_lock(session, f"weekly_report.{store}")
        mine = (col(WeeklyReportTable.store) == store, col(WeeklyReportTable.view) == view)
        known = session.exec(
            select(WeeklyReportTable).where(*mine, col(WeeklyReportTable.recipient) == recipient)
        ).first()
        if known is not None:
            known.lang = lang
            return
        if session.exec(select(func.count()).select_from(WeeklyReportTable).where(mine[0])).one() >= MOST:
            raise TooManyReports(f"at most {MOST} for a store: stop one first")
        session.add(WeeklyReportTable(store=store, view=view, recipient=recipient, lang=lang, created_at=now))


def drop_report(db: Database, store: str, report_id: int) -> bool:
    """Whether there was one."""
    with db.write() as session:
        table = table_of(WeeklyReportTable)
        gone = delete(table).where(table.c.report_id == report_id, table.c.store == store)
        return session.connection().execute(gone).rowcount > 0


def weekly_reports(db: Database, store: str | None = None) -> list[WeeklyReport]:
    """Those of a store, or of all, oldest first."""
    query = select(WeeklyReportTable).order_by(col(WeeklyReportTable.report_id))
    if store is not None:
        query = query.where(col(WeeklyReportTable.store) == store)
    with db.read() as session:
        return [
            WeeklyReport(r.report_id or 0, r.store, r.view, r.recipient, r.lang, r.created_at)
            for r in session.exec(query)
        ]


def was_written(db: Database, key: str) -> bool:
    """Whether the letter of this key was, whatever became of it."""
    with db.read() as session:
        return has_letter(session, key)
