"""Tables by month: made ahead, dropped whole, and on SQLite none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, col, select

from engine.config import RetentionConfig
from engine.storage.database import Database, open_database
from engine.storage.migrate import alembic_config
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.visits import VisitTable, ZoneHourTable
from engine.storage.retention import months
from engine.storage.retention.months import PARTED, Month, drop_months, make_months
from engine.storage.retention.rules import DAY_S, rules_of
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import RetentionRule
from tests.databases import Postgres
from tests.engine.storage.scenes import shopper

NOVEMBER = datetime(2026, 11, 29, tzinfo=UTC).timestamp()


@pytest.fixture
def parted(postgres: Postgres) -> Iterator[Database]:
    db = open_database(postgres.fresh())
    yield db
    db.close()


def months_of(db: Database, model: type[SQLModel]) -> list[Month]:
    """The months that have a part of this table, by the catalogue of PostgreSQL."""
    parent = table_of(model).name
    with db.read() as session:
        parts = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:parent AS regclass)")
        names = session.connection().execute(parts, {"parent": parent}).scalars().all()
    found = [re.search(r"_(\d{4})_(\d{2})$", name) for name in names]
    return sorted(Month(int(m[1]), int(m[2])) for m in found if m)


def visit(who: str, at: float) -> VisitTable:
    return VisitTable(
        store="corner", shopper_id=who, zone="tea", store_visit_id=f"v{at}", started_at=at, ended_at=at + 60, dwell_s=60
    )


def test_months_follow_each_other_over_the_turn_of_a_year() -> None:
    assert Month.of(NOVEMBER) == Month(2026, 11)
    assert Month(2026, 12).next == Month(2027, 1)
    assert Month(2026, 12).next.begins - Month(2026, 12).begins == 31 * DAY_S
    assert Month(2027, 1).part_of("visit") == "visit_2027_01"


def test_on_sqlite_there_is_one_table(db: Database) -> None:
    if db.dialect == "sqlite":
        assert make_months(db, NOVEMBER) == 0


def test_rows_go_into_their_month_and_a_month_goes_whole(parted: Database, tmp_path: Path) -> None:
    ahead = [Month(2026, 11), Month(2026, 12), Month(2027, 1)]
    assert make_months(parted, NOVEMBER) == len(PARTED) * len(ahead)
    assert make_months(parted, NOVEMBER) == 0
    assert months_of(parted, ZoneHourTable) == ahead
    who, kept = (shopper(parted, n).shopper_id for n in (1, 2))
    december = Month(2026, 12).begins
    with parted.write() as session:
        session.add_all([visit(who, NOVEMBER + n) for n in range(5)])
        session.add_all([visit(who, december), visit(kept, december + 1), visit(who, 1e6)])
        zone = {"store": "corner", "hour_start": december, "zone": "tea", "visits": 20, "persons_peak": 1.0}
        for _ in range(2):
            upsert(session, ZoneHourTable, [zone | {"person_s": 9.0, "dwell_s_sum": 9.0}], add=["visits"])
        session.get_one(ShopperTable, kept).restricted_at = NOVEMBER
    with parted.read() as session:
        rows = session.connection().execute(text("SELECT tableoid::regclass::text, count(*) FROM visit GROUP BY 1"))
        assert {str(name): int(n) for name, n in rows} == {"visit_2026_11": 5, "visit_2026_12": 2, "visit_rest": 1}
        assert session.exec(select(ZoneHourTable.visits)).one() == 40, "found again by its key, which holds its hour"

    [rule] = [r for r in rules_of(parted, RetentionConfig(visits_days=30), tmp_path) if r.name is RetentionRule.VISITS]
    late = Month(2027, 1).begins + 31 * DAY_S
    assert rule.due(late) == 7, "all but the visit of who had their data restricted"
    assert rule.forget(late) == 7
    assert months_of(parted, VisitTable) == [Month(2026, 12), Month(2027, 1)], (
        "november went, december is still asked for"
    )
    assert months_of(parted, ZoneHourTable) == ahead, "figures stay"
    with parted.read() as session:
        assert list(session.exec(select(VisitTable.shopper_id))) == [kept]


def test_a_month_with_rows_already_stays_with_the_rest(parted: Database) -> None:
    with parted.write() as session:
        session.add(visit("ana", NOVEMBER))
    assert make_months(parted, NOVEMBER) == len(PARTED) * 3 - 1
    assert months_of(parted, VisitTable) == [Month(2026, 12), Month(2027, 1)]
    old = col(VisitTable.ended_at) < NOVEMBER + 400 * DAY_S
    assert drop_months(parted, VisitTable, old, NOVEMBER + 400 * DAY_S) == 0, "empty parts go, with no row"
    assert months_of(parted, VisitTable) == []


def test_a_table_in_use_is_left_for_later(
    parted: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "LOCK_MS", 20)
    with parted.read() as session:
        session.exec(select(VisitTable)).all()
        session.connection().execute(text("LOCK TABLE visit IN ACCESS EXCLUSIVE MODE"))
        assert make_months(parted, NOVEMBER) == (len(PARTED) - 1) * 3
    assert "no part of visit was made" in caplog.text
    assert make_months(parted, NOVEMBER) == 3


def test_what_was_there_before_is_there_after_and_back_again(parted: Database) -> None:
    """Up from a database with rows, and down with rows in three parts: none is lost, and numbers go on."""
    with parted.write() as session:
        command.downgrade(alembic_config(session.connection()), "0091")
        session.connection().execute(
            table_of(VisitTable).insert(), [visit("ana", at).model_dump(exclude={"id"}) for at in (1e6, NOVEMBER)]
        )
        command.upgrade(alembic_config(session.connection()), "head")
    make_months(parted, NOVEMBER + 40 * DAY_S)
    with parted.write() as session:
        session.add(visit("ben", NOVEMBER + 40 * DAY_S))
    with parted.write() as session:
        assert [v.id for v in session.exec(select(VisitTable).order_by(col(VisitTable.id)))] == [1, 2, 3]
        command.downgrade(alembic_config(session.connection()), "0091")
        assert "visit_rest" not in inspect(session.connection()).get_table_names()
        session.add(visit("cleo", NOVEMBER))
        session.flush()
        assert [v.id for v in session.exec(select(VisitTable).order_by(col(VisitTable.id)))] == [1, 2, 3, 4]
        assert inspect(session.connection()).get_pk_constraint("visit")["constrained_columns"] == ["id"]
        command.upgrade(alembic_config(session.connection()), "head")
