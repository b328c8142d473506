"""The page of products and the funnel of followed people, by hand; and what they say where something is not known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.managers.console.figures.asked import NoteCode, View
from api.managers.console.figures.products import whole_months
from api.managers.console.figures.report import Report, make_report
from api.managers.reports import Reports
from api.managers.spans.days import DaySpan, midnight_of
from engine.commerce.records import OrderLine, Purchase
from engine.presence.expected.rows import StayLength
from engine.presence.expected.ways import WAY_PRODUCT, WAY_PRODUCT_TILL, WAY_TILL, WAY_ZONE, WAY_ZONE_TILL
from engine.storage.commerce.events import keep_events
from engine.storage.journal import save_checkpoint
from engine.vocabulary import SalesChannel
from tests.api.managers.console.shop import MONDAY, STORE, at, days_from, expected, open_day, plan_in, shop_with

NOW = at(plan_in(), MONDAY + dt.timedelta(days=40), 12)
PEOPLE = {"came": 60.0, WAY_TILL: 50.0, WAY_ZONE + "bakery": 30.0, WAY_ZONE_TILL + "bakery": 27.0}
PRODUCT_WAYS = {WAY_PRODUCT + "BREAD": 20.0, WAY_PRODUCT_TILL + "BREAD": 18.0}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    """A week: a day has 60 who came, 30 at the bakery, 20 at its bread; and 45 receipts on the
    first, 25 of them with bread."""
    days, plan = days_from(MONDAY, 7), plan_in()
    made = shop_with(tmp_path_factory.mktemp("followed"), plan, days)
    rows = []
    for day in days:
        t = at(plan, day, 0)
        rows += [expected(t, name if name != "came" else StayLength.LONG.value, n) for name, n in PEOPLE.items()]
        rows += [expected(t, name, n) for name, n in PRODUCT_WAYS.items()]
        rows += [expected(at(plan, day, 9), "bakery", 30.0, 300.0)]
    save_checkpoint(made.ctx.db, STORE, 1, b"", [], [], [], 0.0, expected=rows)
    keep_events(made.ctx.db, [receipt(i, at(plan, MONDAY, 10)) for i in range(45)], NOW)
    yield made
    made.ctx.db.close()


def receipt(i: int, t: float) -> Purchase:
    line = OrderLine("1", "BREAD" if i < 25 else "MILK", 1000, 100)
    return Purchase("pos", str(i), 1, t, SalesChannel.STORE, "EUR", 100, (line,), store=STORE)


def report(made: Reports, view: View = View.PRODUCTS, days: int = 7, **given: str) -> Report:
    asked = {"from": MONDAY.isoformat(), "to": (MONDAY + dt.timedelta(days=days - 1)).isoformat()} | given
    return make_report(made, STORE, view, asked, now=NOW)


def values(made: Report, name: str) -> dict[str, float | None]:
    return {key: f.value for key, f in made.table.figures(name).items()}


def codes(made: Report) -> set[NoteCode]:
    return {note.code for note in made.notes}


def test_stops_with_their_rate_their_time_and_receipts(followed: Reports) -> None:
    made = report(followed)
    assert values(made, "stops") == {"BREAD": 168.0, "WINE": None, "SOUP": None}
    assert values(made, "stop_rate")["BREAD"] == pytest.approx(24 / 30)
    assert values(made, "stop_s")["BREAD"] == pytest.approx(20.0)
    assert values(made, "receipts") == {"BREAD": 20.0, "WINE": None, "SOUP": None}, "20 at a time"
    assert made.table.rows[0].cells[:3] == ("BREAD", "fresh", "bakery")
    figure = made.table.figures("stops")["BREAD"]
    assert figure.low is not None
    assert figure.high is not None
    assert codes(made) == {NoteCode.WHOLE_MONTHS, NoteCode.RECEIPTS_IN_BLOCKS}


def test_products_are_chosen_by_category_by_zone_and_one_by_one(followed: Reports) -> None:
    def shown(**given: str) -> set[str]:
        return {row.key for row in report(followed, **given).table.rows}

    assert shown(category="drinks") == {"WINE"}
    assert shown(zone="bakery") == {"BREAD", "SOUP"}
    assert shown(product="SOUP") == {"SOUP"}
    wrong = report(followed, product="CAKE", category="toys")
    assert len(wrong.table.rows) == 3
    assert {NoteCode.PRODUCT_UNKNOWN, NoteCode.BAD_CHOICE} <= codes(wrong)


def test_the_address_holds_what_was_chosen(followed: Reports) -> None:
    said = report(followed, product="BREAD", category="fresh").asked.query()
    assert "product=BREAD&category=fresh" in said


def test_what_is_not_known_has_words(made: Reports) -> None:
    shown = report(made, hours="9-11")
    assert {NoteCode.PRODUCTS_ALL_HOURS, NoteCode.NO_RECEIPTS} <= codes(shown)
    assert values(shown, "receipts") == {"BREAD": None, "WINE": None, "SOUP": None}
    assert report(made, days=3).table.figures("stops")["BREAD"].value == 72.0


def test_a_store_without_stops_says_so(tmp_path: Path) -> None:
    plan = plan_in()
    made = shop_with(tmp_path, plan, [])
    _, zones, _ = open_day(plan, MONDAY)
    save_checkpoint(made.ctx.db, STORE, 1, b"", [], zones, [], 0.0)
    assert NoteCode.NO_STOPS in codes(report(made))
    made.ctx.db.close()


def test_the_funnel_is_of_followed_people(followed: Reports) -> None:
    def steps(**given: str) -> dict[str, float | None]:
        found = values(report(followed, View.FUNNEL, **given), "count")
        return {step: n for step, n in found.items() if step not in ("issued", "shown", "redeemed")}

    assert steps() == {"came_in": 420.0, "tills": 350.0, "bought": 40.0}
    assert steps(zone="bakery") == {"came_in": 420.0, "zone": 210.0, "tills": 189.0, "bought": 40.0}
    bread = {"came_in": 420.0, "zone": 210.0, "product": 140.0, "tills": 126.0, "bought": 20.0}
    assert steps(product="BREAD") == bread
    shares = values(report(followed, View.FUNNEL, product="BREAD"), "share_of_first")
    assert shares["product"] == pytest.approx(1 / 3)
    assert shares["bought"] == pytest.approx(20 / 420)
    assert NoteCode.NOT_FOLLOWED not in (found := codes(report(followed, View.FUNNEL)))
    assert NoteCode.RECEIPTS_IN_BLOCKS in found


def test_the_funnel_says_where_nobody_was_followed(made: Reports, followed: Reports) -> None:
    assert NoteCode.NOT_FOLLOWED in codes(report(made, View.FUNNEL))
    assert NoteCode.NOT_FOLLOWED in codes(report(followed, View.FUNNEL, hours="9-11"))
    assert NoteCode.NOT_FOLLOWED in codes(report(followed, View.FUNNEL, zone="cellar"))


def test_whole_months_are_those_within_and_over() -> None:
    def months(first: str, last: str, until: str = "2027-01-01") -> list[tuple[int, int]]:
        now = midnight_of(dt.date.fromisoformat(until), "Europe/Paris")
        return whole_months(DaySpan(dt.date.fromisoformat(first), dt.date.fromisoformat(last), "Europe/Paris", now))

    assert months("2026-03-01", "2026-03-31") == [(2026, 3)]
    assert months("2026-03-02", "2026-05-30") == [(2026, 4)]
    assert months("2026-11-15", "2027-02-10", "2027-03-01") == [(2026, 12), (2027, 1)]
    assert months("2026-03-01", "2026-03-31", "2026-03-31") == []
