"""The page from the web into the store and back, by hand: a total, a row for each product, and what is not known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.context import AppContext
from api.managers.console.figures.asked import NoteCode, View
from api.managers.console.figures.report import Report, make_report
from api.managers.console.figures.ropo import uplift_row
from api.managers.console.forms import rows_json, table_csv
from api.managers.console.saying import cell_text
from api.managers.reports import Reports
from api.managers.told import TableFigure
from engine.config import Config
from engine.offers.measured.web_uplift import BothGroups, GroupSums
from engine.storage.commerce.events import keep_events
from engine.storage.database import open_database
from engine.storage.journal import save_checkpoint
from engine.storage.models.visits import ProductStopTable
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.vocabulary import SalesChannel
from tests.api.managers.console.shop import MONDAY, SECRETS, STORE, at, open_day, plan_in
from tests.databases import new_sqlite
from tests.engine.storage.told.web_world import person, purchase, view

PLAN = plan_in()
NOW = at(PLAN, MONDAY + dt.timedelta(days=6), 12)
N, K = 44, 10
"""Each of 44 looked at the bread on Monday; half of them were surely at it on Tuesday, where ten bought it and four
bought it online a day later. The other half were at the wine, without a look; six looked it up then."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Reports]:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    events: list[Any] = []
    tuesday = at(PLAN, MONDAY + dt.timedelta(days=1), 10)
    with db.write() as session:
        for i in range(N):
            who, here = f"s{i}", i < N // 2
            person(session, who, store=STORE)
            events.append(view(who, "BREAD", at(PLAN, MONDAY, 9) + i))
            sku = "BREAD" if here else "WINE"
            session.add(ProductStopTable(store=STORE, shopper_id=who, sku=sku, at=tuesday + i, chance=1.0))
            if i < 10:
                bought = purchase(who, "BREAD", tuesday + 600 + i, SalesChannel.STORE)
                events.append(type(bought)(**{**fields(bought), "store": STORE}))
            elif i < 14:
                events.append(purchase(who, "BREAD", tuesday + 86_400 + i, SalesChannel.WEB))
            elif N // 2 <= i < N // 2 + 6:
                events.append(view(who, "WINE", tuesday + 86_400 + i))
    keep_events(db, events, NOW)
    save_checkpoint(db, STORE, 0, b"", [], open_day(PLAN, MONDAY)[1], [], 0.0)
    yield Reports(AppContext(config(1), db, SECRETS, {STORE: PLAN}))
    db.close()


def fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__ if name != "kind"}


def config(k: int, asked: tuple[str, ...] = ("statistics:any", "crm:any")) -> Config:
    return Config.model_validate({"privacy": {"k": k, "demo": True, "asked": asked}})


def report(made: Reports, **given: str) -> Report:
    asked = {"from": MONDAY.isoformat(), "to": (MONDAY + dt.timedelta(days=5)).isoformat()} | given
    return make_report(made, STORE, View.ROPO, asked, now=NOW)


def values(shown: Report, row: str) -> dict[str, float | None]:
    names = [column.name for column in shown.table.columns if column.role == "now"][1:]
    return {name: shown.table.figures(name)[row].value for name in names}


ALL: Mapping[str, float | None] = {
    "viewed": N + 6,
    "stopped": 22,
    "bought_here": 10,
    "stop_share": 0.44,
    "bought_online": 4,
    "left_without": 8,
    "stopped_first": 22,
    "viewed_after": 6,
    "bought_after": None,
}


def test_all_products_and_each_with_what_is_known_and_expected(made: Reports) -> None:
    shown = report(made)
    assert [row.key for row in shown.table.rows] == ["all", "BREAD", "WINE"]
    assert values(shown, "all") == pytest.approx({**ALL, "bought_after": 0})
    bread = values(shown, "BREAD")
    assert (bread["viewed"], bread["stopped"], bread["stop_share"]) == (44, 22, pytest.approx(0.5))
    figure = shown.table.figures("stopped")["BREAD"]
    assert (figure.low, figure.high) == (22.0, 22.0), "each stop was sure"
    assert shown.table.figures("viewed")["all"].low is None


def test_in_whole_ks(made: Reports) -> None:
    made.ctx.config = config(K)
    shown = report(made)
    told = values(shown, "all")
    assert (told["viewed"], told["stopped"], told["bought_here"], told["bought_online"]) == (40, 20, 10, None)
    assert shown.table.figures("bought_online")["all"].withheld
    assert values(shown, "WINE")["viewed"] is None


def test_chosen_products_have_no_total_and_before_stands_beside(made: Reports) -> None:
    assert [row.key for row in report(made, product="BREAD").table.rows] == ["BREAD"]
    assert [row.key for row in report(made, category="drinks").table.rows] == ["WINE"]
    tuesday = (MONDAY + dt.timedelta(days=1)).isoformat()
    compared = report(made, **{"from": tuesday, "to": tuesday}, compare="previous")
    assert (values(compared, "all")["viewed"], compared.table.figures("viewed_before")["all"].value) == (0, 44)
    weekday = report(made, weekdays="0")
    assert (values(weekday, "all")["viewed"], values(weekday, "all")["stopped"]) == (44, 0)


def test_every_form_has_it(made: Reports) -> None:
    shown = report(made)
    assert "all,,50,22,22,22" in table_csv(shown).replace(".0", "")
    item = rows_json(shown, None, 1)[0][0]
    assert (item["product"], item["viewed"]["value"]) == ("all", 50)
    product = shown.table.columns[0]
    assert cell_text("all", product, shown, "fr") == "Tous les produits"
    assert cell_text("BREAD", product, shown, "en") == "Pain"


def test_what_is_missing_is_said(made: Reports, tmp_path: Path) -> None:
    codes = {note.code for note in report(made, hours="9-12").notes}
    assert NoteCode.PRODUCTS_ALL_HOURS in codes
    assert not codes & {NoteCode.NO_VIEWS, NoteCode.NOBODY_JOINED}
    made.ctx.config = config(1, ("statistics:any",))
    assert NoteCode.NOBODY_JOINED in {note.code for note in report(made).notes}
    empty = open_database(new_sqlite(tmp_path / "empty.db"))
    save_checkpoint(empty, STORE, 0, b"", [], open_day(PLAN, MONDAY)[1], [], 0.0)
    alone = report(Reports(AppContext(config(1), empty, SECRETS, {STORE: PLAN})))
    assert NoteCode.NO_VIEWS in {note.code for note in alone.notes}
    empty.close()
    new = open_database(new_sqlite(tmp_path / "new.db"))
    nobody = report(Reports(AppContext(config(1), new, SECRETS, {STORE: PLAN})))
    new.close()
    assert [note.code for note in nobody.notes] == [NoteCode.NO_VIEWS, NoteCode.NO_WAYS], "no word of access points"


def test_campaigns_stand_beside_who_was_held_out(made: Reports) -> None:
    both = BothGroups(GroupSums(105, 42, 60.0, 40.0), GroupSums(98, 20, 40.0, 22.0))
    row = uplift_row("coats", both, K)
    treated, held_out, bought, without, effect, stops = row.cells[1:]
    assert [f.value for f in (treated, held_out) if isinstance(f, TableFigure)] == [100, 90]
    assert isinstance(effect, TableFigure)
    assert effect.value == pytest.approx(42 / 105 - 20 / 98)
    assert effect.low is not None
    assert effect.low < 42 / 105 - 20 / 98 < (effect.high or 0.0)
    assert isinstance(stops, TableFigure)
    assert stops.value == pytest.approx(60 / 105 - 40 / 98)
    assert all(isinstance(f, TableFigure) and f.low is not None for f in (bought, without))
    few = uplift_row("few", BothGroups(GroupSums(9, 2), GroupSums(8, 1)), 1)
    assert [f.value for f in few.cells[3:] if isinstance(f, TableFigure)] == [None] * 4
    asked = {"from": MONDAY.isoformat(), "to": MONDAY.isoformat()}
    assert make_report(made, STORE, View.ROPO_UPLIFT, asked, now=NOW).table.rows == ()


def test_channels_stand_beside_who_was_held_out_there(made: Reports) -> None:
    """All 44 had a moment by notification before Tuesday's purchases: the ten who bought are five of either group."""
    with made.ctx.db.write() as session:
        spec = '{"offer": {"applies_to": "product", "sku": "BREAD"}}'
        row: dict[str, Any] = {"version": 1, "seeded": False, "updated_at": 0.0, "state": "running", "spec": spec}
        session.add(CampaignTable(store=STORE, campaign_id="bread", **row))
        session.add_all(said(f"s{i}", held_out=i % 2 == 1) for i in range(N))
    asked = {"from": MONDAY.isoformat(), "to": (MONDAY + dt.timedelta(days=1)).isoformat()}
    shown = make_report(made, STORE, View.CHANNEL_UPLIFT, asked, now=NOW)
    [found] = shown.table.rows
    assert values(shown, "push") == pytest.approx(
        {"reached": 22, "held_back": 22, "bought_reached": 7 / 22, "bought_held_back": 7 / 22, "channel_effect": 0.0}
    )
    effect = shown.table.figures("channel_effect")["push"]
    assert effect.low is not None
    assert effect.low < 0.0 < (effect.high or 0.0)
    assert cell_text(found.cells[0], shown.table.columns[0], shown, "en") == "Notification"
    assert {note.code for note in shown.notes} == set()


def said(who: str, *, held_out: bool) -> DecisionTable:
    at_t = at(PLAN, MONDAY + dt.timedelta(days=1), 9)
    return DecisionTable(
        decision_id=who,
        trigger_id=who,
        store=STORE,
        campaign_id="bread",
        shopper_id=who,
        visit_id="v",
        outcome="refuse" if held_out else "issue",
        reason="holdout" if held_out else "ok",
        at=at_t,
        since=at_t,
        probability=0.9,
        caused_by_t=at_t,
        inputs='{"store": "market", "currency": "EUR", "channel": "push", "gain_minor": 1.0}',
    )
