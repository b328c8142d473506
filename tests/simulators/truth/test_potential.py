"""Potential outcomes: both fates of one person, as configured, the very ones that a live phone acts on."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.files.experiments import PotentialTable, read_potential
from engine.offers.campaigns import Campaign
from simulators.people.responses import buy_shares, reaction, target_of
from simulators.truth.potential import potential_outcomes
from simulators.truth.recording import record
from simulators.truth.truth import consents
from simulators.world import World
from tests.simulators.made import scenario, small_plan
from tests.simulators.truth.test_truth import campaign

OFFERS: dict[str, dict[str, Any]] = {
    "milk": {"kind": "percent", "applies_to": "product", "sku": "milk", "basis_points": 2000},
    "two-breads": {"kind": "buy_x_get_y", "applies_to": "product", "sku": "bread", "buy": 1, "get": 1},
    "household": {"kind": "amount", "applies_to": "category", "category": "household", "amount_minor": 100},
    "basket": {"kind": "amount", "applies_to": "basket", "amount_minor": 150, "min_basket_minor": 1000},
}
RESPONSES = {
    "milk": {"buy_share": 0.2, "uplift": 0.15},
    "household": {"buy_share": 0.5, "uplift": -0.3},
    "basket": {"buy_share": 0.4, "uplift": 0.0},
}


def campaigns(**changes: Any) -> list[Campaign]:
    return [campaign(name, {"store": True}, offer=offer, **changes) for name, offer in OFFERS.items()]


def many(n: int = 1200, run_s: float = 5.0, **phones: Any) -> World:
    people = {"start_inside": n, "arrivals_per_hour": 0, "list_length_mean": 2, "turn_back_share": 0}
    carried = {"connected_share": 0.9, "sign_in_share": 1.0, "consent_share": 0.9, "responses": RESPONSES, **phones}
    return World(scenario(people=people, phones=carried), small_plan(), run_s)


@pytest.fixture(scope="module")
def world() -> World:
    return many(open_share=0.8)


@pytest.fixture(scope="module")
def table(world: World) -> PotentialTable:
    return potential_outcomes(world, campaigns())


def of(table: PotentialTable, name: str) -> np.ndarray[Any, Any]:
    return table.campaign_id == name


def test_every_consenting_shopper_has_a_row_for_every_running_campaign(world: World, table: PotentialTable) -> None:
    names = {world.shoppers[i].name for i in np.flatnonzero(consents(world)).tolist()}
    assert 900 < len(names) < 1050
    assert len(table) == len(names) * len(OFFERS)
    assert set(zip(table.device.tolist(), table.campaign_id.tolist(), strict=True)) == {
        (n, c) for n in names for c in OFFERS
    }
    assert len(potential_outcomes(world, campaigns(state="paused"))) == 0
    assert len(potential_outcomes(world, [])) == 0


def test_shares_come_out_as_configured(table: PotentialTable) -> None:
    expected = {
        "milk": (0.2, 0.2 + 0.8 * 0.15),
        "two-breads": (0.0, 0.8 * 0.5),  # redeem_share
        "household": (0.5, 0.5 - 0.8 * 0.3),
        "basket": (0.4, 0.4),
    }
    for name, (without, with_it) in expected.items():
        mine = of(table, name)
        assert set(table.share_without[mine].tolist()) == {without}
        assert table.share_with[mine] == pytest.approx(with_it)
        limit = 4 * np.sqrt(0.25 / mine.sum())
        assert table.buys_without[mine].mean() == pytest.approx(without, abs=limit)
        assert table.buys_with[mine].mean() == pytest.approx(with_it, abs=limit)
        both = table.buys_with[mine].astype(int) - table.buys_without[mine]
        assert set(both.tolist()) <= ({0, 1} if with_it >= without else {0, -1})  # one person's fates, drawn together


def test_a_live_phone_acts_on_the_same_draw(world: World, table: PotentialTable) -> None:
    """What the phone computes from the offer in a delivered coupon is what the table says."""
    rows = {(d, c): i for i, (d, c) in enumerate(zip(table.device, table.campaign_id, strict=True))}
    config, seed = world.scenario.phones, world.scenario.seed
    for each in campaigns():
        delivered = each.offer.model_dump(exclude_none=True)  # as the outbox holds it
        for k in np.flatnonzero(consents(world))[:200].tolist():
            does = reaction(config, target_of(delivered), seed, k)
            i = rows[world.shoppers[k].name, each.id]
            assert (table.buys_without[i], table.buys_with[i]) == (does.would_buy_without, does.buys)
            assert table.redeems[i] == (does.opens and does.buys)


def test_two_campaigns_for_one_product_ask_one_person(world: World) -> None:
    twice = [campaign(name, {"store": True}, offer=OFFERS["milk"]) for name in ("a", "b")]
    table = potential_outcomes(world, twice)
    a, b = of(table, "a"), of(table, "b")
    assert (table.buys_without[a] == table.buys_without[b]).all()
    assert (table.buys_with[a] == table.buys_with[b]).all()


def test_what_is_drawn_does_not_depend_on_who_else_is_asked(world: World, table: PotentialTable) -> None:
    alone = potential_outcomes(world, campaigns()[:1])
    milk = of(table, "milk")
    for name in PotentialTable.__slots__:
        assert (getattr(alone, name) == getattr(table, name)[milk]).all()


def test_baskets_and_margins_follow_from_the_fates(world: World, table: PotentialTable) -> None:
    """The milk costs 250; its coupon takes 50 off, and leaves a margin of 100 (150 where it is bought without)."""
    milk = of(table, "milk")
    without, with_it, used = table.buys_without[milk], table.buys_with[milk], table.redeems[milk]
    rest = table.amount_without_minor[milk] - 250 * without
    assert (rest >= 0).all()
    assert (rest % 250 == 0).all()  # what else the journey bought
    assert len(set(rest.tolist())) > 1
    assert (table.amount_with_minor[milk] == rest + 250 * with_it - 50 * used).all()
    assert (table.margin_without_minor[milk] == 150 * without).all()
    assert (table.margin_with_minor[milk] == 150 * with_it - 50 * used).all()
    assert (with_it & ~used).any()  # bought by who never looked at the coupon
    breads = of(table, "two-breads") & table.redeems
    paid_besides = table.amount_with_minor[breads] - table.amount_without_minor[breads]
    assert set(paid_besides.tolist()) == {250.0}  # two for the price of one
    basket = of(table, "basket") & table.redeems
    assert (table.amount_with_minor[basket] >= 1000 - 150).all()


def test_the_table_is_written_and_read_back_to_the_byte(tmp_path: Path) -> None:
    world = many(60)
    asked = campaigns()
    counts = record(world, tmp_path / "one", campaigns=asked)
    record(many(60), tmp_path / "two", campaigns=asked)
    one, two = (tmp_path / name / "potential_outcomes.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    table, drawn = read_potential(one), potential_outcomes(world, asked)
    assert len(table) == counts["potential_outcomes"] > 100
    for name in PotentialTable.__slots__:
        assert (getattr(table, name) == getattr(drawn, name)).all() or name.startswith("share")
    with one.open(encoding="utf-8") as stream:
        assert next(csv.reader(stream))[:4] == ["device", "campaign_id", "share_without", "share_with"]


def test_mistakes_in_the_table_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "potential_outcomes.csv"
    rows = ["ana,tea,0.1,1.2,0,2,0,0,0,0,0", "bob,tea,0.1,0.2,0,1,1,0,0,0,0", "bob,tea,0.1,0.2,0,1,1,0,0,0,0"]
    file.write_text("\n".join([",".join(PotentialTable.__slots__), *rows]) + "\n")
    with pytest.raises(OperatorError) as refused:
        read_potential(file)
    said = [(p.place, p.reason) for p in refused.value.problems]
    assert said == [
        ("line 2, column buys_with", "2 is neither 0 nor 1"),
        ("line 2, column share_with", "1.2 is not a share"),
        ("line 4", "bob under tea is on line 3 too"),
    ]


def test_people_move_as_before_whatever_their_responses() -> None:
    """The draws have a stream of their own: other responses, the same journeys and the same readings."""
    one, other = many(20), many(20, responses={"milk": {"buy_share": 0.9, "uplift": 0.1}})
    assert [j.t_s for j in one.journeys] == [j.t_s for j in other.journeys]
    a, b = one.tick(3), other.tick(3)
    assert (a.rssi_dbm == b.rssi_dbm).all()
    assert buy_shares(one.scenario.phones, "milk") != buy_shares(other.scenario.phones, "milk")
