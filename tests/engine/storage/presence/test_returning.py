"""Repeat and frequency are of shoppers who agreed to statistics, by whole months, of k at least."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from engine.indicators.counts import Counts
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.journal import VisitRow, save_checkpoint
from engine.storage.presence.returning import returning_shoppers
from tests.engine.storage.scenes import PAGE, STORE, shopper

PARIS = "Europe/Paris"
STATISTICS = ConsentChoice("statistics", "any", True)
LATER = dt.datetime(2027, 1, 1, tzinfo=ZoneInfo(PARIS)).timestamp()


def at(day: int, hour: int = 12, month: int = 3) -> float:
    return dt.datetime(2026, month, day, hour, tzinfo=ZoneInfo(PARIS)).timestamp()


def come(db: Database, shopper_id: str, *times: float) -> None:
    rows = [VisitRow(shopper_id, zone, f"{t}", t, t + 60, 60.0) for t in times for zone in ("a", "b")]
    save_checkpoint(db, STORE, 0, b"", [], [], rows, 0.0)


@pytest.fixture
def march(db: Database) -> Database:
    """Three who agreed, of whom one came on two days; one who agreed to offers alone."""
    who = [shopper(db, consents=[PAGE, STATISTICS]).shopper_id for _ in range(3)]
    come(db, who[0], at(1, 0), at(1, 20), at(31, 23))
    come(db, who[1], at(2), at(2, 15))
    come(db, who[2], at(3), at(1, 0, month=4))
    come(db, shopper(db).shopper_id, at(5), at(6), at(7))
    return db


def counted(db: Database, month: int = 3, k: int = 3, now: float = LATER) -> Counts:
    return returning_shoppers(db, STORE, 2026, month, PARIS, k=k, now=now)


def test_days_of_the_month_by_the_store_s_clock(march: Database) -> None:
    assert counted(march) == Counts(shoppers=3, shoppers_again=1, shopper_days=4)
    assert counted(march, month=4, k=1) == Counts(shoppers=1, shoppers_again=0, shopper_days=1)


def test_nothing_is_said_of_fewer_than_k_or_of_a_month_that_goes_on(march: Database) -> None:
    assert counted(march, k=4) == Counts()
    assert counted(march, now=at(31, 22)) == Counts()
    assert counted(march, month=12, k=1) == Counts()
