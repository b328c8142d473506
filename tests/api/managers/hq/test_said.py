"""What HQ and Queue say: times with their year where it is another, people without a useless decimal."""

from __future__ import annotations

import datetime as dt

import pytest

from api.managers.alerted import alert_text
from api.managers.console.saying import figure_text
from api.managers.hq.budgets import CampaignBudget
from api.managers.hq.pages import budget_row
from api.texts.language import Language
from engine.offers.measured.pacing import BudgetPace, PaceState
from engine.storage.vouchers.rows.writing import StoredCampaign
from tests.api.managers.console.shop import at, plan_in
from tests.api.site import campaign

PLAN = plan_in()
NEW_YEAR = at(PLAN, dt.date(2027, 1, 1), 9)


def said(kind: str, day: dt.date, lang: Language = "en") -> str:
    alert = {"kind": kind, "about": "t1", "at": at(PLAN, day, 23, 5), "value": 9.0, "usual": 4.0}
    return alert_text(alert, PLAN, lang, NEW_YEAR).replace("\u00a0", " ")


def test_an_alert_says_since_when_and_the_year_where_it_is_another() -> None:
    assert said("queue", dt.date(2026, 12, 31)).startswith("31 Dec 2026, 23:05 · About 9 people wait at till t1")
    assert said("queue", dt.date(2027, 1, 1)).startswith("1 Jan, 23:05 · ")
    assert said("queue", dt.date(2026, 12, 31), "fr").startswith("31 déc. 2026, 23:05 · ")
    assert said("change", dt.date(2026, 12, 31)).startswith("31 Dec 2026 · t1 had 9 visits"), "a day has no hour"


def test_a_budget_says_in_which_year_it_is_gone() -> None:
    def gone(day: dt.date) -> str:
        pace = BudgetPace(40, 100, 10.0, PaceState.AHEAD, at(PLAN, day, 9))
        stored = StoredCampaign(PLAN.store, campaign(), 1, 40, 0, 0.0)
        return str(budget_row(CampaignBudget(PLAN, stored, False, pace), "en", NEW_YEAR)["gone"])

    assert "9 Feb at this" in gone(dt.date(2027, 2, 9)).replace("\u00a0", " ")
    assert "9 Feb 2028" in gone(dt.date(2028, 2, 9)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("people", "lang", "shown"),
    [
        (6.0, "en", "6"),
        (5.98, "fr", "6"),
        (6.4, "en", "6.4"),
        (6.4, "fr", "6,4"),
        (0.43, "fr", "0,43"),
        (0.999, "en", "1"),
        (1234.0, "en", "1,234"),
    ],
)
def test_most_people_at_once_are_whole(people: float, lang: Language, shown: str) -> None:
    assert figure_text(people, "people", lang) == shown
