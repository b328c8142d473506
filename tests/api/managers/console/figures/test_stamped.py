"""Who has a report is told so before it is made; whatever may change in it changes its tag."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.managers.console.figures.asked import View
from api.managers.console.figures.report import AskedReport, ask_report
from api.managers.console.figures.stamped import RUNNING_S, STAMPED
from api.managers.reports import Reports
from engine.storage.journal import save_checkpoint
from engine.storage.presence.plan_versions import note_plans
from tests.api.managers.console.shop import MONDAY, STORE, at, days_from, open_day, plan_in, shop_with
from tests.databases import statements

WEEK = {"from": MONDAY.isoformat(), "to": (MONDAY + dt.timedelta(days=6)).isoformat()}
NOW = at(plan_in(), MONDAY + dt.timedelta(days=10), 10)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Reports]:
    """Nine days of the shop."""
    reports = shop_with(tmp_path, plan_in(), days_from(MONDAY, 9))
    yield reports
    reports.ctx.db.close()


def ask(made: Reports, view: View = View.ZONES, now: float = NOW, **changes: str) -> AskedReport:
    """A week of the shop."""
    return ask_report(made, STORE, view, {**WEEK, **changes}, now=now)


@pytest.mark.parametrize("view", View)
def test_its_tag_costs_a_look_at_one_row(made: Reports, view: View) -> None:
    with statements() as sent:
        tag = ask(made, view).tag("json")
    asked = [s for s in sent if s.startswith("SELECT")]
    assert len(asked) == 1
    assert (tag is not None) == (view in STAMPED)
    assert not [s for s in asked if "heat" in s or "zone_" in s]
    assert ask(made, view, NOW + 1e6).tag("json") == tag  # the week is over for good


def test_it_is_another_one_for_another_page_period_or_form(made: Reports) -> None:
    asked = [ask(made), ask(made, View.TREND), ask(made, zone="tills"), ask(made, compare="previous")]
    asked += [ask(made, sort="visits"), ask(made, to=MONDAY.isoformat()), ask(made, hours="9-10")]
    tags = {a.tag("json") for a in asked} | {asked[0].tag("csv"), asked[0].tag("json", "a-row", 10)}
    assert len(tags) == len(asked) + 2


def test_it_is_another_one_when_figures_or_the_plan_change(made: Reports) -> None:
    tags = [ask(made).tag("json")]
    heat, zones, flows = open_day(plan_in(), MONDAY)
    save_checkpoint(made.ctx.db, STORE, 1, b"", heat, zones, [], 0.0, flows=flows)
    tags.append(ask(made).tag("json"))
    note_plans(made.ctx.db, [plan_in()], NOW)
    tags.append(ask(made).tag("json"))
    made.ctx.plans[STORE] = plan_in(tills=False)
    tags.append(ask(made).tag("json"))
    assert len(set(tags)) == 4


def test_a_day_that_is_not_over_follows_the_clock(made: Reports) -> None:
    running = {"from": (MONDAY + dt.timedelta(days=8)).isoformat(), "to": (MONDAY + dt.timedelta(days=10)).isoformat()}
    now = NOW // RUNNING_S * RUNNING_S
    tag = ask(made, View.HOURS, now, **running).tag("json")
    assert ask(made, View.HOURS, now + RUNNING_S / 2, **running).tag("json") == tag
    assert ask(made, View.HOURS, now + RUNNING_S, **running).tag("json") != tag


def test_heat_is_not_kept_past_a_change_of_its_figures(made: Reports) -> None:
    """Else its tag would name what is not there, until the next change."""
    before = ask(made, View.HEAT).make().counts.heat.levels[0].person_s.sum()
    heat, zones, flows = open_day(plan_in(), MONDAY)
    save_checkpoint(made.ctx.db, STORE, 1, b"", heat, zones, [], 0.0, flows=flows)
    after = ask(made, View.HEAT).make().counts.heat.levels[0].person_s.sum()
    assert after == pytest.approx(before + sum(row.person_s for row in heat))
