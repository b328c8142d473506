"""The live page said 61 passages of a zone where the page of zones said 49 visits, of the same day; Trend, Queue and
the programs' answers said either.

Input: a day of a hundred shoppers with expected visits; the same without them, as imported; one zone withheld.
Right: each figure that two pages or exports show of one period is the same on all of them, to their last digit.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.context import AppContext
from api.managers import endpoints, fragments
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import Report, make_report
from api.managers.console.forms import rows_json, table_csv
from api.managers.console.letters import write_letter
from api.managers.reports import Period, Reports
from api.managers.snapshot import Choice, Snapshot, take_snapshot
from engine.config import Config
from engine.storage.database import open_database
from engine.storage.sending.weekly_reports import WeeklyReport
from tests.api.site import SECRETS
from tests.cases.hundred import DAY, PLAN, clock, drawn_stays, fill_coupons, fill_figures
from tests.databases import new_sqlite

STORE, NEXT_DAY = PLAN.store, clock(12) + 86_400.0
MIDNIGHTS = Period(clock(0), clock(0) + 86_400.0)
Facts = dict[tuple[str, str], dict[str, float | None]]
"""By figure and zone (or step): where it stands, and what."""


@pytest.fixture(params=["expected", "counted", "withheld"])
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reports]:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    fill_coupons(db, drawn_stays(5))
    fill_figures(db, drawn_stays(5))
    with db.write() as session:
        if request.param == "counted":
            session.connection().execute(text("DELETE FROM zone_expected"))
        if request.param == "withheld":
            for table in ("zone_expected", "zone_hour"):
                session.connection().execute(text(f"DELETE FROM {table} WHERE zone = 'cups'"))
    yield Reports(AppContext(Config(), db, SECRETS, {STORE: PLAN}))
    db.close()


def look(made: Reports, view: View, zone: str | None = None) -> Report:
    given = {"from": DAY.isoformat(), "to": DAY.isoformat()} | ({"zone": zone} if zone else {})
    return make_report(made, STORE, view, given, now=NEXT_DAY)


def add_report(facts: Facts, report: Report, names: dict[str, str], row: str, about: str) -> None:
    """One row of a report as it is on the page, in JSON and in CSV."""
    at = next((i for i, r in enumerate(report.table.rows) if r.key == row), None)
    if at is None:
        return
    items = rows_json(report, None, 1000)[0]
    lines = list(csv.DictReader(io.StringIO(table_csv(report))))
    for column, figure in names.items():
        page = f"{report.view} {report.asked.zone or ''}"
        facts[figure, about][page] = report.table.figures(column)[row].value
        facts[figure, about][f"{page} JSON"] = items[at][column]["value"]
        facts[figure, about][f"{page} CSV"] = float(lines[at][column]) if lines[at][column] else None
        withheld = column in lines[at]["fewer_than_k"].split()
        assert withheld == (items[at][column].get("reason") == "fewer_than_k")


def add_reports(facts: Facts, made: Reports) -> None:
    zone_columns = {"visits": "visits", "mean_dwell_s": "mean_dwell_s", "person_h": "person_h"}
    peaks = zone_columns | {"persons_peak": "persons_peak"}
    for zone in (z.id for z in PLAN.zones):
        add_report(facts, look(made, View.ZONES), peaks, zone, zone)
        add_report(facts, look(made, View.HEAT), peaks, zone, zone)
        add_report(facts, look(made, View.TREND, zone), zone_columns, DAY.isoformat(), zone)
        if zone != "tills":
            add_report(facts, look(made, View.FUNNEL, zone), {"count": "visits"}, "zone", zone)
    add_report(facts, look(made, View.FUNNEL), {"count": "visits"}, "tills", "tills")
    for step in ("issued", "shown", "redeemed", "came_in"):
        add_report(facts, look(made, View.FUNNEL), {"count": "count"}, step, step)
    add_report(facts, look(made, View.TREND), {"comings": "count"}, DAY.isoformat(), "came_in")
    queue = look(made, View.QUEUE).table.figures("visits")
    facts["visits", "tills"]["queue"] = sum(f.value or 0.0 for f in queue.values())
    flows = look(made, View.FLOWS).table.figures("transitions")
    facts["count", "came_in"]["flows"] = sum(f.value or 0.0 for key, f in flows.items() if key.startswith("outside>"))
    for key, figure in flows.items():
        facts["transitions", key]["flows"] = figure.value


def add_programs(facts: Facts, made: Reports) -> None:
    """What the contract's routes say."""
    zones = endpoints.zones(STORE, made, MIDNIGHTS).items
    for z in zones:
        named: dict[str, Any] = {"visits": z.visits, "mean_dwell_s": z.mean_dwell_s, "person_h": z.person_hours}
        for figure, value in (named | {"persons_peak": z.persons_peak}).items():
            facts[figure, z.zone]["/zones"] = value
        assert (z.rank is None) == (z.person_hours is None)
        assert (z.reason == "fewer_than_k") == (None in (*named.values(), z.persons_peak))
        assert (z.kind == "expected") == (z.visits_interval is not None)
    hours: dict[tuple[str, str], list[float]] = defaultdict(list)
    for h in endpoints.hours(STORE, made, MIDNIGHTS).items:
        hours["visits", h.zone].append(h.visits or 0.0)
        hours["person_h", h.zone].append(h.person_hours or 0.0)
    for (figure, zone), values in hours.items():
        facts[figure, zone]["/hours"] = sum(values) or None
    for v in endpoints.hot_zones(STORE, made, MIDNIGHTS).items:
        facts["person_h", v.zone]["/hot-zones"] = v.person_hours
    for f in endpoints.flows(STORE, made, MIDNIGHTS).items:
        facts["transitions", f"{f.from_zone or 'outside'}>{f.to_zone or 'outside'}"]["/flows"] = f.transitions


def add_live(facts: Facts, seen: Snapshot) -> None:
    """The live page, of the day before."""
    for z in seen.report.zones:
        said = (("visits", z.told.visits), ("mean_dwell_s", z.told.mean_dwell_s), ("persons_peak", z.told.persons_peak))
        for figure, found in said:
            facts[figure, z.zone.id]["live"] = found.value
        spent = z.told.person_s.value
        facts["person_h", z.zone.id]["live"] = None if spent is None else spent / 3600.0
    for r in seen.flows:
        facts["transitions", f"{r.from_zone or 'outside'}>{r.to_zone or 'outside'}"]["live"] = float(r.count)
    totals = {"issued": "vouchers_issued", "shown": "vouchers_acknowledged", "redeemed": "vouchers_redeemed"}
    for step, name in totals.items():
        facts["count", step]["live"] = seen.coupons.totals[name]
    issued = sum(n for (outcome, _), n in seen.coupons.reasons.items() if outcome == "issue")
    facts["count", "issued"]["reasons"] = issued or None


def test_no_page_contradicts_another(made: Reports) -> None:
    facts: Facts = defaultdict(dict)
    seen = take_snapshot(made, STORE, Choice("yesterday", None, "ground"), NEXT_DAY)
    add_reports(facts, made)
    add_programs(facts, made)
    add_live(facts, seen)
    for about, said in facts.items():
        assert len(said) > 1, f"{about} stands in one place only"
        values = list(said.values())
        if any(value is None for value in values):
            assert values == [None] * len(values), (about, said)
        else:
            assert values == [pytest.approx(values[0], rel=2e-3, abs=0.06)] * len(values), (about, said)
    assert len(facts) >= 20
    ranking = fragments.ranking(seen, "en")
    for zone in seen.report.zones:
        value = zone.told.visits.value
        assert (f"{round(value)} visits" if value is not None else "withheld (&lt; 20)") in ranking
    wanted = WeeklyReport(1, STORE, "zones", "a@example.org", "fr", 0.0)
    letter = write_letter(look(made, View.ZONES), wanted, "https://shop.example.org")
    shown = {key: value for (figure, key), by in facts.items() if figure == "visits" for value in [by["live"]]}
    for value in shown.values():
        assert ("retenu (< 20)" if value is None else str(round(value))) in letter.text
