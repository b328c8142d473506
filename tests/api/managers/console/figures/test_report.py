"""The figures of each page, worked out by hand, and what a reader is told of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.managers.console.drawn.charts import ticks_of
from api.managers.console.drawn.drawings import draw
from api.managers.console.figures.asked import NoteCode, View
from api.managers.console.figures.report import Report, make_report
from api.managers.console.forms import table_csv
from api.managers.console.saying import tick_text
from api.managers.console.shown import FigurePage
from api.managers.reports import Reports
from engine.presence.expected.figures import ZoneSums
from engine.presence.expected.rows import ExpectedRow
from engine.presence.zonehours import ZoneHourRow
from engine.storage.journal import save_checkpoint
from engine.storage.presence.plan_versions import note_plans
from tests.api.managers.console.shop import MONDAY, OPEN, STORE, at, days_from, open_day, plan_in, shop_with

LAST = days_from(MONDAY, 35)[-1]
TUESDAY = MONDAY + dt.timedelta(days=1)
NOW = at(plan_in(), LAST + dt.timedelta(days=2), 12)
WEEK = {"from": "2026-03-30", "to": "2026-04-05"}  # the fifth


def look(made: Reports, view: View, now: float = NOW, **given: str) -> Report:
    return make_report(made, STORE, view, {name.rstrip("_"): value for name, value in given.items()}, now=now)


def value(report: Report, row: str, name: str) -> Any:
    return report.table.figures(name)[row].value


def codes(report: Report) -> list[str]:
    return [note.code.value for note in report.notes]


def test_zones_beside_the_mean_of_the_same_weekdays(made: Reports) -> None:
    report = look(made, View.ZONES, compare="weekdays", **WEEK)
    assert value(report, "bakery", "visits") == 7 * 3 * 15
    assert value(report, "bakery", "visits_before") == 7 * 3 * 10
    assert value(report, "bakery", "visits_change") == pytest.approx(0.5)
    assert value(report, "bakery", "mean_dwell_s") == pytest.approx(300)
    assert value(report, "cellar", "mean_dwell_s") is None
    spread = report.table.figures("visits_before")["bakery"]
    assert (spread.low, spread.high) == (210, 210)  # four weeks alike
    assert [row.key for row in report.table.rows] == ["bakery", "tills", "cellar"]
    assert codes(report) == []


def test_a_period_before_the_first_figure_is_not_nought(made: Reports) -> None:
    report = look(made, View.TREND, from_="2026-02-20", to="2026-03-03")
    comings = report.table.figures("comings")
    assert comings["2026-02-27"].value is None
    assert comings["2026-03-02"].value == 3 * 20
    assert "before_first" in codes(report)


def test_a_period_is_not_compared_with_uncounted_days_in_silence(made: Reports) -> None:
    """Figures begin on the fifth of seven days before: a busier week is no news."""
    report = look(made, View.TREND, compare="previous", from_="2026-03-05", to="2026-03-11")
    assert codes(report) == ["reference_before_first"]
    assert report.notes[0].values == {"day": MONDAY}
    assert codes(look(made, View.TREND, compare="previous", from_="2026-03-09", to="2026-03-15")) == []


def test_only_some_weeks_have_figures_to_compare_with(made: Reports) -> None:
    report = look(made, View.TREND, compare="weekdays", from_="2026-03-16", to="2026-03-16")
    assert codes(report) == ["fewer_references"]
    assert value(report, "2026-03-16", "comings_before") == 60
    alone = look(made, View.TREND, compare="year", **WEEK)
    assert codes(alone) == ["no_reference"]


def test_trend_by_week_and_month(made: Reports) -> None:
    weeks = look(made, View.TREND, by="week", zone="bakery", from_="2026-03-02", to="2026-04-05", compare="previous")
    assert [value(weeks, day.isoformat(), "visits") for day in days_from(MONDAY, 35)[::7]] == [210] * 4 + [315]
    months = look(made, View.TREND, by="month", from_="2026-03-02", to="2026-04-05")
    assert [row.key for row in months.table.rows] == ["2026-03-01", "2026-04-01"]
    assert value(months, "2026-04-01", "comings") == 5 * 3 * 30


def test_hours_by_weekday_over_a_change_of_clocks(made: Reports) -> None:
    """The last Sunday of March has 23 hours; three of them are open, as on any day."""
    report = look(made, View.HOURS, from_="2026-03-23", to="2026-03-29")
    assert codes(report) == ["short_day"]
    for day in range(7):
        assert value(report, f"{day}-9", "people") == pytest.approx((3000 + 1200) / 3600)
    assert {row.key.split("-")[1] for row in report.table.rows} == {"9", "10", "11"}


def test_hours_that_are_chosen(made: Reports) -> None:
    report = look(made, View.ZONES, hours="9-11", weekdays="0", **WEEK)
    assert value(report, "bakery", "visits") == 2 * 15
    assert report.counts.heat.levels[0].person_s.sum() == pytest.approx(2 * 15 * (300 + 120))


def test_flows_and_funnel(made: Reports) -> None:
    flows = look(made, View.FLOWS, from_="2026-03-02", to="2026-03-02")
    assert value(flows, "bakery>tills", "transitions") == 30
    assert value(flows, "outside>tills", "share") == pytest.approx(0.5)
    funnel = look(made, View.FUNNEL, zone="bakery", from_="2026-03-02", to="2026-03-02")
    assert [value(funnel, step, "count") for step in ("came_in", "zone", "tills")] == [60, 30, 60]
    assert value(funnel, "zone", "share_of_first") == pytest.approx(0.5)
    assert len(FigurePage(funnel, "en").bars()) == 1  # no coupon was let out: an axis of theirs would be empty


def test_queue(made: Reports) -> None:
    report = look(made, View.QUEUE, from_="2026-03-02", to="2026-03-03")
    assert value(report, "9", "people") == pytest.approx(1200 / 3600)
    assert value(report, "9", "mean_dwell_s") == pytest.approx(60)
    assert value(report, "9", "visits") == 40


@pytest.mark.parametrize("top", [0.03, 0.17, 0.9, 3.2, 1200.0])
def test_no_two_marks_of_an_axis_read_the_same(top: float) -> None:
    said = [tick_text(mark, "people", "fr") for mark in ticks_of(top)]
    assert (len(set(said)), said[0]) == (len(said), "0")


def test_today_goes_until_now_and_so_does_what_it_is_compared_with(made: Reports) -> None:
    """Half past ten: one whole hour was open, and of last week no more is counted than had begun by then."""
    day = dt.date(2026, 3, 30)
    report = look(made, View.TREND, at(plan_in(), day, 10, 30), from_="2026-03-30", compare="weekdays")
    assert "running" in codes(report)
    assert value(report, "2026-03-30", "comings_before") == 40
    queue = look(made, View.QUEUE, at(plan_in(), day, 10, 30), from_="2026-03-30")
    assert [row.key for row in queue.table.rows] == ["9"]  # the running hour is in no mean


def test_a_store_without_readings_says_so(tmp_path: Path) -> None:
    made = shop_with(tmp_path, plan_in(), [])
    for view in View:
        report = look(made, view)
        of_ways = view in (View.ROPO, View.ROPO_UPLIFT)
        if view is View.CHANNEL_UPLIFT:
            assert set(codes(report)) <= {"nobody_joined"}, "of coupons and receipts: access points say nothing"
        else:
            assert codes(report) == ["no_views", "no_ways"] if of_ways else codes(report)[0] == "no_readings"
    made.ctx.db.close()


def test_an_empty_period_says_from_when_to_when_there_is_something(made: Reports) -> None:
    report = look(made, View.HEAT, from_="2025-01-01", to="2025-01-03")
    [note] = [n for n in report.notes if n.code == "empty"]
    assert note.values == {"first": MONDAY, "last": LAST}


def test_zones_that_the_plan_no_longer_has(tmp_path: Path) -> None:
    made = shop_with(tmp_path, plan_in(), [MONDAY])
    rows = [ZoneHourRow(at(plan_in(), MONDAY, 9), "old-bakery", 900.0, 3, 900.0, 1.0)]
    rows.append(ZoneHourRow(at(plan_in(), TUESDAY, 9), "bakery", 900.0, 3, 900.0, 1.0))
    save_checkpoint(made.ctx.db, STORE, 0, b"", [], rows, [], 1.0)
    report = look(made, View.ZONES, from_="2026-03-02", to="2026-03-02")
    [note] = [n for n in report.notes if n.code == "zones_gone"]
    assert note.values == {"n": 1, "zones": "old-bakery"}
    assert value(report, "bakery", "visits") == 30
    asked = (("2026-03-02", "bakery"), ("2026-03-03", "bakery"), ("2026-03-02", "cellar"))
    said = ["no_steps" in codes(look(made, View.FLOWS, from_=day, to=day, zone=zone)) for day, zone in asked]
    assert said == [False, True, True]  # on Tuesday nobody went anywhere from there, and nobody ever into the cellar
    made.ctx.db.close()


def test_a_shop_without_a_zone_for_its_tills(tmp_path: Path) -> None:
    made = shop_with(tmp_path, plan_in(tills=False), [MONDAY])
    report = look(made, View.QUEUE, from_="2026-03-02", to="2026-03-02")
    assert (codes(report), report.table.rows) == (["no_till_zone"], ())
    made.ctx.db.close()


def test_half_hour_zones_keep_their_hours(tmp_path: Path) -> None:
    plan = plan_in("Asia/Kolkata")
    made = shop_with(tmp_path, plan, [MONDAY])
    report = look(made, View.HOURS, at(plan, MONDAY, 23, 59), from_="2026-03-02", to="2026-03-02")
    assert [(row.key, value(report, row.key, "people")) for row in report.table.rows] == [
        (f"0-{hour}", pytest.approx(4200 / 3600)) for hour in (9, 10, 11)
    ]
    made.ctx.db.close()


def test_two_periods_add_up_to_the_one_that_holds_them(made: Reports) -> None:
    """Every figure is a sum of what k people stand behind: taking a period from a longer one gives the other one, and
    nothing that was held back."""
    whole = look(made, View.ZONES, from_="2026-03-02", to="2026-03-05")
    halves = [
        look(made, View.ZONES, from_=a, to=b) for a, b in (("2026-03-02", "2026-03-03"), ("2026-03-04", "2026-03-05"))
    ]
    for name in ("visits", "person_h"):
        for zone in ("bakery", "tills", "cellar"):
            parts = [value(half, zone, name) for half in halves]
            assert value(whole, zone, name) == (None if zone == "cellar" else pytest.approx(sum(parts)))


def test_a_plan_that_changed_in_between_is_said(tmp_path: Path) -> None:
    """Of a week before the change nothing is said; of the week of it, and of one compared with that, it is."""
    made = shop_with(tmp_path, plan_in(), days_from(MONDAY, 21))
    noted = (MONDAY - dt.timedelta(days=9), MONDAY + dt.timedelta(days=9))
    for i, day in enumerate(noted):
        note_plans(made.ctx.db, [replace(plan_in(), zones=plan_in().zones[i:])], at(plan_in(), day, 8))
    assert "plan_changed" not in codes(look(made, View.ZONES, from_="2026-03-02", to="2026-03-08"))
    report = look(made, View.ZONES, from_="2026-03-09", to="2026-03-15")
    [note] = [n for n in report.notes if n.code == "plan_changed"]
    assert note.values == {"day": dt.date(2026, 3, 11)}
    assert len(report.versions) == 2
    after = look(made, View.ZONES, from_="2026-03-16", to="2026-03-22")
    assert "plan_changed" not in codes(after)
    assert [v.since for v in after.versions] == [at(plan_in(), noted[1], 8)]
    assert "plan_changed" in codes(look(made, View.ZONES, compare="previous", from_="2026-03-16", to="2026-03-22"))
    made.ctx.db.close()


def test_figures_have_intervals_where_the_engine_expects_them(tmp_path: Path) -> None:
    """The engine kept what it expected of two weeks: 9.5 visits an hour and not 10, give or take, in every form."""
    made = shop_with(tmp_path, plan_in(), days_from(MONDAY, 14))
    rows = [
        ExpectedRow(at(plan_in(), day, hour), "bakery", 2900.0, 9.5, 2850.0, 150.0, 0.4, 9e3, 30.0, 10.0, 9e5, 2.8e3)
        for day in days_from(MONDAY, 14)
        for hour in OPEN
    ]
    save_checkpoint(made.ctx.db, STORE, 0, b"", [], [], [], 1.0, expected=rows)
    report = look(made, View.ZONES, from_="2026-03-09", to="2026-03-15", compare="previous")
    figure = report.table.figures("visits")["bakery"]
    sums = ZoneSums.of(rows[:21])
    expected = sums.count().figure()
    assert (figure.value, figure.low, figure.high) == pytest.approx((9.5 * 21, expected.low, expected.high))
    assert value(report, "bakery", "visits_before") == pytest.approx(9.5 * 21)
    assert report.table.unusual("visits") == set()
    hours = report.table.figures("person_h")["bakery"]
    assert hours.value == pytest.approx(17.5)  # what was let out with the heat
    assert hours.low is not None
    assert hours.low < 17.5
    assert report.table.figures("visits")["tills"].low is None  # nothing is known of them
    assert value(report, "tills", "visits_before") == 420, "counted ones beside counted ones"
    assert report.table.rows[0].key == "bakery"
    assert any(note.code is NoteCode.COUNTED_ZONES and note.values["n"] == 1 for note in report.notes)
    head, *lines = table_csv(report).splitlines()
    assert "visits_low" in head
    assert any(line.startswith("bakery,Boulangerie,17.5,") for line in lines)
    crisp = look(made, View.ZONES, from_="2026-03-09", to="2026-03-15", compare="previous", hours="9-10")
    assert value(crisp, "bakery", "visits") == pytest.approx(9.5 * 7)
    made.ctx.db.close()


def test_days_without_positions_are_no_part_of_the_scale(tmp_path: Path) -> None:
    """A week with heat beside one that was counted elsewhere: the colours are those of the week alone."""
    plan = plan_in()
    made = shop_with(tmp_path, plan, days_from(MONDAY, 7), heat=False)
    week = days_from(MONDAY + dt.timedelta(days=7), 7)
    rows = [open_day(plan, day) for day in week]
    for heat, zones, flows in rows:
        save_checkpoint(made.ctx.db, STORE, 0, b"", heat, zones, [], 1.0, flows=flows)
    given = {"from_": "2026-03-09", "to": "2026-03-15"}
    alone, beside = look(made, View.HEAT, **given), look(made, View.HEAT, compare="previous", **given)
    assert not beside.has_heat_before
    assert draw(beside, "now", {}) == draw(alone, "now", {})
    assert draw(look(made, View.ZONES, compare="previous", **given), "now", {}) == draw(alone, "now", {})
    elsewhere = look(made, View.HEAT, from_="2026-03-02", to="2026-03-08")
    assert codes(elsewhere) == ["no_heat"]
    assert 'class="zone-figures"' in draw(elsewhere, "now", {})
    assert 'class="hot"' not in draw(elsewhere, "now", {})
    made.ctx.db.close()
