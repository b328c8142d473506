"""People who walk in for an order that waits, and people with one who only pass by: the truth knows which."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from engine.errors import OperatorError
from simulators.channels.walked import record_walked, walked_week
from simulators.shops.said import read_said
from simulators.world import World
from tests.simulators.channels.made import priced_plan
from tests.simulators.made import scenario

RUN_S = 1_800.0


def world(**channels: Any) -> World:
    people = {"arrivals_per_hour": 90, "list_length_mean": 2, "passers_by": {"per_hour": 120, "connected_share": 0.6}}
    phones = {"probe_interval_s": 60, "connected_share": 0.9, "sign_in_share": 1, "consent_share": 1}
    said = {"account_share": 0.9, "orders": {"waiting_share": 0.6}} | channels
    return World(scenario(people=people, phones=phones, channels=said, duration_s=RUN_S), priced_plan())


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "truth" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_who_comes_for_an_order_and_who_passes_by_with_one(tmp_path: Path) -> None:
    made = world()
    done = record_walked(made, tmp_path)
    entered = {row["shopper"]: row["entered_at"] for row in read(tmp_path, "visits")}
    pickups = {row["shopper"]: row for row in read(tmp_path, "pickups")}
    passers = {row["shopper"]: row for row in read(tmp_path, "passers_by")}
    came = {name: row for name, row in pickups.items() if row["came_at"]}
    assert len(came) > 10
    assert all(row["came_at"] == entered[name] for name, row in came.items())
    past = {name: row for name, row in passers.items() if row["order"]}
    assert len(past) > 5
    assert {name: row["order"] for name, row in past.items()} == {
        name: row["order"] for name, row in pickups.items() if name not in came
    }
    assert {row["connected"] for row in past.values()} == {"1"}
    assert {row["connected"] for row in passers.values()} == {"0", "1"}
    assert done["truth/passers_by"] == len(passers)


def test_orders_are_ready_before_anybody_comes(tmp_path: Path) -> None:
    made = world()
    record_walked(made, tmp_path)
    start = made.scenario.starts_at.timestamp()
    said = [one for one in read_said(tmp_path / "events.jsonl") if one.form["kind"] == "order"]
    ready = {one.form["id"]: one.at for one in said if one.form["state"] == "ready"}
    assert max(ready.values()) < start
    collected = {one.form["id"]: one.at for one in said if one.form["state"] == "collected"}
    assert min(collected.values()) > start
    assert ready.keys() > collected.keys()


def test_what_is_paid_at_the_till_is_the_recordings(tmp_path: Path) -> None:
    made = world()
    paid = sum(sale.product.price_minor for j in made.journeys for sale in j.purchases if sale.t_s < RUN_S)
    known = walked_week(made).receipts
    assert 0 < sum(receipt.total_minor for receipt in known) == paid


def test_without_an_e_shop_there_is_nothing_to_say() -> None:
    with pytest.raises(OperatorError, match="has no e-shop"):
        walked_week(World(scenario(), priced_plan()))
