"""What a page shows, as data and as escaped HTML; no browser needed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markupsafe import escape

from api.context import AppContext
from api.keyring import Grant
from api.managers import fragments
from api.managers.charts import flows_chart, hours_chart, people_by_hour
from api.managers.overlay import ground_level, heat_layer, hot_layer, mean_density
from api.managers.reports import Reports, hour_of_day, midnight
from api.managers.snapshot import Choice, Snapshot, glances, period_of, pulse, take_snapshot
from api.managers.told import CountedSums, tell_zone
from api.rights import ROLE_RIGHTS
from api.texts.catalogue import words
from engine.config import Config
from engine.plan.load import load_plans
from engine.plan.model import Plan
from engine.presence.heat import ZoneHourRow
from engine.presence.hotzones import HotReason, HotState
from engine.storage.database import open_database
from engine.storage.journal import save_checkpoint
from engine.storage.status import get_status, put_status
from engine.storage.vouchers.campaigns import seed_campaigns
from engine.vocabulary import DecisionReason, Role, StoreTrouble
from tests.api.managers.site import FLOORPLANS, SECRETS, fill
from tests.databases import new_sqlite

NOON = dt.datetime(2026, 3, 10, 12, 20, tzinfo=dt.UTC).timestamp()  # 13:20 in Paris
PLANS = load_plans(FLOORPLANS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    db = open_database(new_sqlite(tmp_path_factory.mktemp("looks") / "rayon.db"))
    fill(db, PLANS, NOON)
    assert seed_campaigns(db, "boutique", []) == 0
    yield Reports(AppContext(Config(), db, SECRETS, dict(PLANS)))
    db.close()


@pytest.fixture(scope="module")
def seen(made: Reports) -> Snapshot:
    return take_snapshot(made, "supermarket", Choice("now", None, "rdc"), NOON)


def of_simulated(made: Reports) -> Snapshot:
    """The same of shoppers who are simulated, with a k of 1."""
    demo = Config.model_validate({"privacy": {"demo": True, "k": 1}})
    reports = Reports(AppContext(demo, made.ctx.db, SECRETS, dict(PLANS)))
    return take_snapshot(reports, "supermarket", Choice("now", None, "rdc"), NOON)


def utc(text: str) -> float:
    return dt.datetime.fromisoformat(text + "+00:00").timestamp()


@pytest.mark.parametrize(
    ("choice", "start", "end"),
    [
        (Choice("now", None, "rdc"), "2026-03-10T11:00", "2026-03-10T12:20"),
        (Choice("today", None, "rdc"), "2026-03-09T23:00", "2026-03-10T12:20"),
        (Choice("today", 9, "rdc"), "2026-03-10T08:00", "2026-03-10T09:00"),
        (Choice("yesterday", None, "rdc"), "2026-03-08T23:00", "2026-03-09T23:00"),
        (Choice("yesterday", 0, "rdc"), "2026-03-08T23:00", "2026-03-09T00:00"),
        (Choice("week", None, "rdc"), "2026-03-03T23:00", "2026-03-10T12:20"),
        (Choice("year", None, "rdc"), "2025-03-10T23:00", "2026-03-10T12:20"),
        (Choice("last_year", None, "rdc"), "2024-12-31T23:00", "2025-12-31T23:00"),
    ],
)
def test_spans_are_those_of_the_store(choice: Choice, start: str, end: str) -> None:
    period = period_of(PLANS["supermarket"], choice, NOON)
    assert (period.from_t, period.to_t) == (utc(start), utc(end))


def test_days_are_right_when_the_clocks_change() -> None:
    plan = PLANS["supermarket"]
    sunday = utc("2026-03-29T10:00")  # summer time began at 01:00 UTC
    assert midnight(plan, sunday) == utc("2026-03-28T23:00")
    assert hour_of_day(plan, sunday, 0, 9) == (utc("2026-03-29T07:00"), utc("2026-03-29T08:00"))
    assert period_of(plan, Choice("yesterday", None, "rdc"), utc("2026-03-30T10:00")).from_t == utc("2026-03-28T23:00")


def test_times_by_zone_without_a_heat_map_are_not_too_little_data(tmp_path: Path) -> None:
    """Counted elsewhere, as a simulated year is: the headline names the year and says what is missing."""
    with closing(open_database(new_sqlite(tmp_path / "rayon.db"))) as db:
        rows = [ZoneHourRow(utc("2025-07-14T09:00"), z.id, 3600.0, 40, 3600.0, 3.0) for z in PLANS["supermarket"].zones]
        save_checkpoint(db, "supermarket", 0, b"", [], rows, [], NOON)
        there = take_snapshot(
            Reports(AppContext(Config(), db, SECRETS, dict(PLANS))),
            "supermarket",
            Choice("last_year", None, "rdc"),
            NOON,
        )
    html = fragments.headline(there, "fr", now=False)
    assert words("fr").why_none_hot["no_heat"] in html
    assert "2025" in html
    assert there.report.zones[0].told.visits.value == 40


def test_the_headline_names_the_hottest_first(seen: Snapshot) -> None:
    html = fragments.headline(seen, "fr", now=True)
    root = ElementTree.fromstring(f"<div>{html}</div>")
    chips = [e.text for e in root.iter("span") if e.get("class") == "r-chip"]
    assert chips[0] == "Boulangerie"
    assert "Cave" not in chips
    assert "12:00 – 13:20" in html


def test_too_little_is_said_so_everywhere(made: Reports) -> None:
    night = take_snapshot(made, "supermarket", Choice("today", 3, "rdc"), NOON)
    assert escape(words("fr").why_none_hot["too_little"]) in fragments.headline(night, "fr", now=False)
    ranking = fragments.ranking(night, "fr")
    assert ranking.count("La présence est ce qui est publié du temps de chacun") == 2  # for pointers and ears
    assert ranking.count("pas assez de données") == len(PLANS["supermarket"].zones)
    assert escape(words("fr").evidence["person_s"]) in ranking


def test_nothing_above_the_rest_is_not_the_same_as_nothing_known(seen: Snapshot) -> None:
    none = HotReason.NO_HOT_SQUARES
    cool = [replace(z, hot=replace(z.hot, state=HotState.NOT_HOT, reason=none)) for z in seen.report.zones]
    quiet = replace(seen, report=replace(seen.report, zones=cool))
    assert words("en").why_none_hot["none_hot"] in fragments.headline(quiet, "en", now=True)


def test_a_headline_does_not_deny_the_places_that_the_plan_outlines(seen: Snapshot) -> None:
    some = HotReason.FEW_HOT_SQUARES
    cool = [replace(z, hot=replace(z.hot, state=HotState.NOT_HOT, reason=some)) for z in seen.report.zones]
    quiet = replace(seen, report=replace(seen.report, zones=cool))
    assert words("en").why_none_hot["few_hot"] in fragments.headline(quiet, "en", now=True)


def test_where_one_person_is_enough_nobody_is_nought(seen: Snapshot) -> None:
    """A site may show every figure (a demo does): then none is withheld."""
    none = tell_zone(CountedSums(), None, 1)
    empty = [replace(z, told=none) for z in seen.report.zones]
    ranking = fragments.ranking(replace(seen, report=replace(seen.report, zones=empty)), "en")
    assert "withheld" not in ranking
    assert ranking.count("0 visits") == len(empty)


def test_names_are_escaped(made: Reports, seen: Snapshot) -> None:
    zone = seen.report.zones[0]
    evil = replace(zone, zone=replace(zone.zone, name="<script>alert(1)</script>", id='"><img src=x>'))
    html = fragments.ranking(replace(seen, report=replace(seen.report, zones=[evil])), "fr")
    assert "<script" not in html
    assert "<img" not in html
    named = replace(of_simulated(made), campaign_names={"croissants": "<b>2 & 1</b>"})
    assert "&lt;b&gt;2 &amp; 1&lt;/b&gt;" in fragments.decisions(named, "fr")


def test_zones_of_one_name_say_their_level(made: Reports) -> None:
    html = fragments.ranking(take_snapshot(made, "boutique", Choice("today", None, "rdc"), NOON), "fr")
    assert "Escalier · Étage" in html
    assert "Escalier · Rez-de-chaussée" in html


def test_counters_and_life_signs(seen: Snapshot) -> None:
    assert "<b>≥ 20</b>" in fragments.counters(seen, "fr"), "37, in steps of 20"
    assert "<b>&lt; 20</b>" in fragments.counters(replace(seen, devices=0), "fr")
    assert "<b>37</b>" in fragments.counters(replace(seen, devices=37, k=1), "fr")
    assert "20" in fragments.privacy(seen, "en")
    assert "Demo" in fragments.privacy(replace(seen, demo=True), "en")
    assert "en direct" in fragments.live(seen, "fr")
    assert "moteur muet depuis 2\u00a0min\u00a005" in fragments.live(replace(seen, at=NOON + 125), "fr")
    assert "engine silent for 2\u00a0min\u00a05\u00a0s" in fragments.live(replace(seen, at=NOON + 125), "en")
    newer = replace(seen, at=NOON + 125, troubles=[StoreTrouble.DATABASE_NEWER])
    assert re.search(
        "A newer Rayon has changed the database.*engine silent for", fragments.live(newer, "en"), re.DOTALL
    )
    silent = replace(seen, engine_at=None, devices=None)
    assert "moteur à l&#39;arrêt" in fragments.live(silent, "fr")
    assert "<b>–</b>" in fragments.counters(silent, "fr")


@pytest.mark.parametrize("trouble", ["broker_away", "making_map", "mostly_late", "mostly_refused"])
def test_what_is_wrong_is_said_on_both_pages(made: Reports, trouble: str) -> None:
    """Whatever the store's page shows, and within seconds: `pulse` is read for it every time."""
    store = "*" if trouble == "broker_away" else "supermarket"
    before = get_status(made.ctx.db)
    put_status(made.ctx.db, store, "engine", {"devices": 37, "troubles": {trouble: 1}}, NOON)
    try:
        felt = pulse(made, "supermarket", NOON)
        there = take_snapshot(made, "supermarket", Choice("now", None, "rdc"), NOON)
        cards = fragments.stores(glances(made, NOON), "en")
    finally:
        put_status(made.ctx.db, "*", "engine", {}, NOON)
        for row in before:
            put_status(made.ctx.db, row.store, row.component, row.values, row.at)
    said = escape(words("en").troubles[trouble])
    for html in (fragments.live(felt, "en"), fragments.live(there, "en")):
        assert said in html
        assert "r-on" not in html
    assert said in cards
    assert "engine silent for" in fragments.live(pulse(made, "supermarket", NOON + 9.0), "en")


def test_what_managers_are_told_unasked_stands_beside_it(seen: Snapshot) -> None:
    dead = {"kind": "dead_access_point", "about": "ap-<3>", "at": NOON, "value": None, "usual": None}
    html = fragments.live(replace(seen, alerts=[dead]), "en")
    assert "r-on" in html, "the engine is well"
    assert "Access point ap-&lt;3&gt; hears nobody while others do" in html
    assert "<ul" not in fragments.live(seen, "fr")


def test_decisions_in_words(made: Reports, seen: Snapshot) -> None:
    html = fragments.decisions(seen, "en")
    assert html.index("coupon issued") < html.index("already a coupon on this visit")
    assert "<tr>" not in html, "one by one only those of simulated shoppers"
    assert fragments.decisions(of_simulated(made), "en").count("<tr>") == 8
    assert fragments.reason_text(DecisionReason.TOO_LATE, "fr").startswith("trop tard")
    nothing = replace(seen, coupons=replace(seen.coupons, reasons={}))
    assert words("fr").board.no_decisions.format(k=seen.k) in fragments.decisions(nothing, "fr")


@pytest.mark.parametrize(("share", "said"), [(None, "<b>–</b>"), (0.07, "<b>7%</b>")])
def test_the_share_of_phones_that_are_not_followed(seen: Snapshot, share: float | None, said: str) -> None:
    html = fragments.counters(replace(seen, not_followed=share), "en")
    assert f"{said}<span>{words('en').board.not_followed}</span>" in html
    assert "less often than every 3\u00a0min" in html


def test_hours_are_local_and_a_week_is_a_mean() -> None:
    plan = PLANS["supermarket"]
    rows = [ZoneHourRow(utc(f"2026-03-0{day}T09:00"), "caisses", 3600.0 * day, 1, 1.0, 1.0) for day in (2, 4)]
    rows.append(ZoneHourRow(utc("2026-03-04T12:00"), "caisses", 7200.0, 1, 1.0, 1.0))
    hours, people = people_by_hour(plan, rows)
    assert hours == [10, 11, 12, 13]
    assert people == {"caisses": {10: 3.0, 13: 1.0}}
    chart = hours_chart(plan, plan.zones, rows, "fr")
    assert chart["xAxis"]["data"] == [f"{h}\u00a0h" for h in range(10, 18)]  # room for the rest of the day
    late = hours_chart(plan, plan.zones, [ZoneHourRow(utc("2026-03-04T22:00"), "caisses", 60.0, 1, 1.0, 1.0)], "fr")
    assert late["xAxis"]["data"][-1] == "23\u00a0h"
    assert {x for x, _, _ in late["series"][0]["data"]} == {7}
    assert len(chart["series"][0]["data"]) == 4 * len(plan.zones)
    assert chart["yAxis"]["data"][-1] == plan.zones[0].name  # on top
    assert hours_chart(plan, plan.zones, [], "fr")["series"][0]["data"] == []


def test_flows_are_shares_of_those_who_leave_a_zone(made: Reports) -> None:
    plan = PLANS["boutique"]
    chart = flows_chart(plan, take_snapshot(made, "boutique", Choice("today", None, "rdc"), NOON).flows, "en")
    zones = chart["xAxis"]["data"]
    assert zones == ["Outside", *(z.name for z in plan.zones)]
    assert chart["yAxis"]["data"] == zones[::-1]
    shares = {tuple(d["value"][:2]): d["value"][2] for d in chart["series"][0]["data"]}
    assert shares[1, len(zones) - 1] == 100  # all come in by the first zone: outside is on top
    assert shares[2, len(zones) - 2] == pytest.approx(75, abs=1)
    assert any(d["name"].startswith("Outside → Nouveautés: ") for d in chart["series"][0]["data"])
    assert flows_chart(plan, [], "fr")["series"][0]["data"] == []


def test_the_overlay_covers_the_heated_floor_and_outlines_what_is_hot(seen: Snapshot) -> None:
    heat = seen.report.levels[0]
    mean = mean_density(seen.report.levels)
    assert mean == pytest.approx(heat.person_s.sum() / heat.walkable_m2.sum())
    root = ElementTree.fromstring(heat_layer(heat, mean))
    paths = [e.get("d") or "" for e in root]
    area = sum(float(run.split("h")[1].split("v")[0]) for d in paths for run in d.split("M")[1:])
    shown = ((heat.density >= 0.25 * mean) & heat.mask).sum()
    assert area == pytest.approx(shown)  # runs are one metre high
    hot = heat.mask & (heat.q < 0.05)
    assert 0 < hot.sum() < heat.mask.sum() / 2
    assert 'class="hot"' in hot_layer(heat, hot)
    assert heat_layer(heat, 0.0) == ""


def test_the_ground_level_is_the_one_one_enters() -> None:
    assert ground_level(PLANS["boutique"]) == "rdc"
    plan: Plan = PLANS["boutique"]
    deep = [replace(lv, ordinal=lv.ordinal - 2) for lv in plan.levels]
    assert ground_level(replace(plan, levels=tuple(deep))) == "rdc"


def test_nobody_is_shown_a_way_to_what_they_may_not_see() -> None:
    ways = {"campaigns": "/campaigns/shop", "reviews": "/share-reviews/shop"}

    def shown(role: Role, store: str) -> list[str]:
        grant = Grant(None, ((ROLE_RIGHTS[role], store),), "", role.value)
        html = fragments.ways_on("shop", "en", grant)
        assert "/manage/shop/heat" in html
        return [name for name, address in ways.items() if address in html]

    assert shown(Role.VIEWER, "shop") == []
    assert shown(Role.MANAGER, "shop") == ["campaigns", "reviews"]
    assert shown(Role.MANAGER, "elsewhere") == []
    assert shown(Role.CAMPAIGN_EDITOR, "*") == ["campaigns"]
