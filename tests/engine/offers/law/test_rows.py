"""The law as dated rows: what holds on which day and where, and that no row is over without anybody noticing."""

from __future__ import annotations

import datetime as dt

import pytest

from engine.offers.law.rows import OVERSEAS_DEPARTMENTS, ROWS, caps_at, caps_on, rows_on
from engine.plan.model import LEGAL_CLASSES

BEFORE, IN_FORCE, LAST, AFTER = (
    dt.date(2018, 12, 31),
    dt.date(2026, 11, 28),
    dt.date(2028, 4, 15),
    dt.date(2028, 4, 16),
)


@pytest.mark.parametrize(
    ("legal_class", "before", "now", "after", "overseas"),
    [
        ("food", None, 3400, None, None),
        ("pet_food", None, 3400, None, None),
        ("alcohol", None, 3400, None, None),
        ("everyday", None, 4000, None, None),
        ("hygiene", None, 4000, None, None),  # another name of everyday
        ("", None, 3400, None, None),
        ("book", 500, 500, 500, 500),
        ("infant_formula", None, 0, 0, 0),
        ("tobacco", 0, 0, 0, 0),
        ("other", None, None, None, None),
    ],
)
def test_caps_by_class_and_day(
    legal_class: str, before: int | None, now: int | None, after: int | None, overseas: int | None
) -> None:
    said = [caps_on(day, "Europe/Paris").get(legal_class) for day in (BEFORE, IN_FORCE, LAST, AFTER)]
    assert said == [before, now, now, after]
    assert {caps_on(IN_FORCE, zone).get(legal_class) for zone in OVERSEAS_DEPARTMENTS} == {overseas}
    assert caps_on(None).get(legal_class) == now


def test_everyday_goods_were_capped_like_food_for_a_year() -> None:
    days = (dt.date(2024, 2, 29), dt.date(2024, 3, 1), dt.date(2025, 4, 15), dt.date(2025, 4, 16))
    assert [caps_on(day).get("everyday") for day in days] == [None, 3400, 3400, 4000]


def test_a_day_is_the_shops_own() -> None:
    evening = dt.datetime(2028, 4, 15, 22, 30, tzinfo=dt.UTC).timestamp()  # half past midnight in Paris
    assert "food" not in caps_at(evening, "Europe/Paris")
    assert caps_at(evening, "Europe/London")["food"] == 3400


def test_rows_are_of_classes_there_are_and_say_where_they_are_from() -> None:
    for row in ROWS:
        assert row.legal_class in ("", *LEGAL_CLASSES)
        assert row.source
        assert 0 <= row.cap_bp < 10_000
        assert row.last_day is None or row.first_day <= row.last_day
    assert caps_on(IN_FORCE).keys() == {*LEGAL_CLASSES, "", "hygiene"} - {"other"}


def test_no_row_is_over_without_a_next_one() -> None:
    """Fails by itself when the law ends: read what follows it, and write the next row."""
    today = dt.datetime.now(dt.UTC).date()
    assert rows_on(today).keys() == {row.legal_class for row in ROWS}
