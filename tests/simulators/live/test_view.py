"""What a live run shows on a terminal: who is where, and nothing at all elsewhere."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console
from shapely.geometry import Point

from simulators.live.counters import Tally
from simulators.live.run import LiveProgress
from simulators.live.view import NAMES, watch, who_is_where, zone_table
from simulators.world import World
from tests.simulators.made import scenario, small_plan

PEOPLE = {"arrivals_per_hour": 120, "start_inside": 25, "passers_by": {"per_hour": 900}}


def crowded() -> World:
    return World(scenario(people=PEOPLE, phones={"probe_interval_s": 30.0}), small_plan())


def test_everybody_is_somewhere_once() -> None:
    world = crowded()
    rows = who_is_where(world, 60.0)
    present = np.flatnonzero((world.crowd.start_s <= 60.0) & (world.crowd.end_s > 60.0))
    outside = [i for i in present if world.shoppers[i].kind == "passer-by"]
    assert sum(r.people for r in rows) == len(present) > 20
    assert sum(r.heard for r in rows) == world.phones.connected[present].sum()
    assert [r.zone for r in rows] == ["Front", "Back", "outside"]
    assert rows[-1].people == len(outside) > 0
    assert rows[-1].heard == 0
    front = world.plan.zones[0].polygon
    at = world.crowd.at(present.astype(np.int32), np.full(len(present), 60.0))
    inside = [front.covers(Point(x, y)) for x, y in zip(at.x_m, at.y_m, strict=True)]
    assert rows[0].people >= np.count_nonzero(inside) - 1


def test_who_stands_at_a_product_is_said_to() -> None:
    script = {"name": "vip", "sku": "wine", "stand_s": 500, "start_inside": True}
    world = World(scenario(people={"arrivals_per_hour": 0}, scripted=[script]), small_plan())
    (row,) = who_is_where(world, 100.0)
    assert (row.zone, row.people, row.heard, row.doing) == ("Back", 1, 1, ("vip at wine",))
    assert who_is_where(world, 5000.0) == []


def test_a_terminal_shows_the_bar_and_the_zones() -> None:
    world, out = crowded(), io.StringIO()
    console = Console(file=out, force_terminal=True, width=160, height=60)
    with watch(world, console) as view:
        view.show(LiveProgress(60.0, 25, Tally(readings=1234)))
        console.print(view.draw())
    text = out.getvalue()
    assert "25 inside, 1234 readings, 0 coupons" in text
    assert "Front" in text
    assert "outside" in text


def test_without_a_terminal_nothing_is_written() -> None:
    out = io.StringIO()
    with watch(crowded(), Console(file=out, force_terminal=False)) as view:
        view.show(LiveProgress(60.0, 25, Tally()))
    assert out.getvalue() == ""


def test_long_lists_are_cut() -> None:
    table = zone_table(crowded(), 30.0)
    out = io.StringIO()
    Console(file=out, width=200).print(table)
    assert "more" in out.getvalue()
    assert max(len(r.doing) for r in who_is_where(crowded(), 30.0)) == NAMES
