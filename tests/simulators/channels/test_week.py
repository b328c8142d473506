"""A week of the web and the shop: the same from the same seed, and its truth agrees with what its systems say."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from engine.commerce.form import from_form
from engine.errors import OperatorError
from simulators.channels.messages import Fate, MessageWay
from simulators.channels.recording import EVENTS, TABLES, TRUTH, record_week
from simulators.channels.telling import say_week
from simulators.channels.week import draw_week
from simulators.shops.said import Speaker, read_said
from tests.simulators.channels.made import channel_scenario, priced_plan, small_week
from tests.simulators.made import scenario


def read_table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / TRUTH / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_week_has_all_that_a_shop_knows() -> None:
    week = small_week()
    assert min(map(len, (week.views, week.baskets, week.orders, week.receipts, week.returns, week.recognised))) > 3
    for happened in ("cancelled_at", "ready_at", "came_at", "collected_at", "sent_at"):
        assert any(getattr(order, happened) is not None for order in week.orders), happened
    assert {basket.ordered_at is None for basket in week.baskets} == {True, False}
    assert {message.moment.way for message in week.messages} == set(MessageWay)
    assert {message.fate for message in week.messages} >= {Fate.SENT, Fate.HELD_OUT, Fate.CAP_VISIT}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        record_week(draw_week(channel_scenario(), priced_plan(), 2), tmp_path / folder)
    names = [EVENTS, *(f"{TRUTH}/{name}.csv" for name in TABLES)]
    assert [(tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in names] == [True] * 18


def test_what_is_written_is_read_again_and_is_the_truth(tmp_path: Path) -> None:
    week = small_week()
    done = record_week(week, tmp_path)
    said = read_said(tmp_path / EVENTS)
    assert said == say_week(week)
    assert done["events"] == len(said)
    kinds = Counter(one.form["kind"] for one in said)
    rows = {name: read_table(tmp_path, name) for name in TABLES}
    assert {name: len(found) for name, found in rows.items()} == {name: done[name] for name in TABLES}
    assert kinds["product_view"] == len(rows["views"])
    assert kinds["return"] == len(rows["returns"])
    newest = {one.form["id"]: one.form["state"] for one in said if one.form["kind"] == "order"}
    assert newest == {row["order"]: row["state"] for row in rows["orders"]}
    sold = {(one.form["id"], one.form["total_minor"]) for one in said if one.form["kind"] == "purchase"}
    assert sold == {(row["purchase"], int(row["total_minor"])) for row in rows["purchases"]}
    lines: dict[str, int] = defaultdict(int)
    for row in rows["lines"]:
        lines[row["purchase"]] += int(row["returned_minor"])
    assert {k: v for k, v in lines.items() if v} == {r["purchase"]: int(r["total_minor"]) for r in rows["returns"]}


def test_every_event_is_of_the_documented_form() -> None:
    """Whose it is stands in clear on the wire; a record has digests under the same names."""
    for one in say_week(small_week()):
        who = {"email": "", "card": "", "account": "", **one.form.get("customer", {})}
        event = from_form(
            {**one.form, "source": str(one.speaker), **({"customer": who} if "customer" in one.form else {})}
        )
        assert json.dumps(one.form)
        assert event.at <= one.at


def test_views_come_before_their_stops_and_stops_before_what_is_bought_there(tmp_path: Path) -> None:
    record_week(small_week(), tmp_path)
    rows = read_table(tmp_path, "ropo")
    stopped = [row for row in rows if row["stopped_at"]]
    assert len(stopped) > 20
    assert all(row["viewed_at"] < row["stopped_at"] for row in stopped)
    bought = [row for row in stopped if row["bought_at"]]
    assert all(row["stopped_at"] <= row["bought_at"] for row in bought)
    assert {row["bought_channel"] for row in bought} == {"store", "web"}
    assert len({(row["shopper"], row["sku"]) for row in rows}) == len(rows)


def test_nobody_gets_more_than_the_caps_over_all_channels() -> None:
    week = small_week()
    sent: dict[int, list[float]] = defaultdict(list)
    for message in week.messages:
        if message.fate is Fate.SENT:
            sent[message.moment.who].append(message.moment.at)
    assert max(map(len, sent.values())) == week.config.messages.per_week
    for times in sent.values():
        assert all(sum(t - 86_400 < other <= t for other in times) <= week.config.messages.per_day for t in times)


def test_points_are_kept_of_what_is_kept() -> None:
    week = small_week()
    assert sum(p.taken_back for p in week.points.values()) > 0
    assert sum(p.cancelled for p in week.points.values()) > 0
    assert all(0 <= p.kept_of_sums <= p.earned and 0 <= p.kept <= p.earned for p in week.points.values())


def test_pages_app_tills_and_the_e_shop_speak_for_themselves() -> None:
    kinds = defaultdict(set)
    for one in say_week(small_week()):
        kinds[one.speaker].add(one.form["kind"])
    assert dict(kinds) == {
        Speaker.ESHOP: {"order", "purchase", "return"},
        Speaker.PAGES: {"product_view", "basket"},
        Speaker.APP: {"product_view", "basket"},
        Speaker.TILL: {"purchase", "return"},
    }


def test_a_scenario_without_an_e_shop_is_refused() -> None:
    with pytest.raises(OperatorError, match="has no e-shop"):
        draw_week(scenario(), priced_plan())


def test_what_is_no_file_of_events_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / EVENTS).write_text('{"at": 1.0, "speaker": "till", "event": {}}\n{"at": 1.0}\n')
    with pytest.raises(OperatorError) as caught:
        read_said(tmp_path / EVENTS)
    assert [problem.place for problem in caught.value.problems] == ["line 2"]
