"""True flows: by the definition, with the engine's idea of a visit, and in the recording."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine.config import PresenceConfig
from engine.files.flows import read_flows
from engine.presence.flows import FlowRow
from simulators.truth.flows import STAY_S, zone_flows
from simulators.truth.recording import record
from simulators.truth.truth import Episode, positions, zone_visits
from simulators.world import World
from tests.simulators.made import scenario, small_plan

HOUR = scenario().starts_at.timestamp()
RULES = PresenceConfig(confirm_s=3.0, grace_s=10.0)


@pytest.fixture(scope="module")
def world() -> World:
    return World(scenario(people={"arrivals_per_hour": 240, "start_inside": 15}), small_plan())


def flows(world: World, *visits: tuple[int, str, float, float], heard: bool = True) -> dict[tuple[str, str], int]:
    who = np.full(len(world.journeys), heard, np.bool_)
    rows = zone_flows(world, [Episode(*v) for v in visits], who, RULES)
    return {(r.from_zone, r.to_zone): r.moves for r in rows}


def test_each_persons_way(world: World) -> None:
    said = flows(world, (0, "front", 0, 50), (1, "front", 5, 60), (0, "back", 51, 90))
    assert said == {("", "front"): 2, ("front", "back"): 1, ("back", ""): 1, ("front", ""): 1}


def test_a_corner_cut_is_no_visit_and_a_step_aside_no_leaving(world: World) -> None:
    assert flows(world, (0, "front", 0, 50), (0, "back", 51, 53), (0, "front", 54, 90)) == {
        ("", "front"): 1,
        ("front", ""): 1,
    }
    through = flows(world, (0, "front", 0, 50), (0, "back", 51, 60), (0, "front", 80, 90))
    assert through == {("", "front"): 1, ("front", ""): 1}, "nine seconds are a way through"
    there_and_back = flows(world, (0, "front", 0, 50), (0, "back", 51, 70), (0, "front", 71, 90))
    assert there_and_back[("back", "front")] == there_and_back[("front", "back")] == 1


def test_phones_that_are_not_heard_do_not_count(world: World) -> None:
    assert flows(world, (0, "front", 0, 50), heard=False) == {}


def test_everybody_who_was_in_a_zone_came_in_and_left(world: World) -> None:
    visits, everybody = zone_visits(world, positions(world)), np.ones(len(world.journeys), np.bool_)
    rows = zone_flows(world, visits, everybody)
    into, out = Counter[str](), Counter[str]()
    for r in rows:
        into[r.to_zone] += r.moves
        out[r.from_zone] += r.moves
    assert into == out, "every zone, and the outside, is left as often as it is entered"
    stayed = {v.shopper for v in visits if v.until_s - v.since_s >= STAY_S}
    assert len(stayed) <= out[""] <= len({v.shopper for v in visits})
    assert Counter(r.hour_start for r in rows).keys() == {HOUR}


def test_the_recording_holds_them(world: World, tmp_path: Path) -> None:
    counts = record(world, tmp_path)
    heard, whole = (read_flows(tmp_path / f"{name}.csv") for name in ("flows", "flows_everybody"))
    assert (len(heard), len(whole)) == (counts["flows"], counts["flows_everybody"])
    assert 0 < _ways(heard) < _ways(whole)


def _ways(rows: list[FlowRow]) -> int:
    return sum(r.count for r in rows if r.from_zone == "")
