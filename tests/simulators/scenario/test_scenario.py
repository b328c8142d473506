"""Scenario files: what is shipped loads, what is wrong is listed whole, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.plan.load import load_plan
from simulators.people.people import draw_people, scenario_problems
from simulators.scenario.files import SHIPPED, load_scenario, shipped_scenarios, store_folder
from simulators.scenario.people import ScenarioModel
from simulators.scenario.scenario import Scenario
from simulators.world import World
from tests.simulators.made import scenario, small_plan


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_every_shipped_scenario_fits_its_store(name: str) -> None:
    chosen = load_scenario(name)
    assert chosen.name == name
    assert chosen.about
    assert scenario_problems(chosen, load_plan(store_folder(chosen))) == []


def test_shipped_scenarios_are_those_promised() -> None:
    assert set(shipped_scenarios()) >= {
        "attack",
        "bad-network",
        "cross-canal-week",
        "crowd-300",
        "demo-boutique",
        "demo-supermarket",
        "moved-ap",
        "pick-up-rush",
        "quiet-tuesday",
        "returns",
        "sales-day",
        "saturday-rush",
        "year",
    }


OF_DAYS = {"year", "cross-canal-week", "returns"}
"""They have no seconds to look at."""


@pytest.mark.parametrize("name", sorted(shipped_scenarios().keys() - OF_DAYS))
def test_every_shipped_scenario_comes_to_life(name: str) -> None:
    chosen = load_scenario(name)
    if chosen.duration_s > 3600:
        # the beginning says enough; how long a crowd takes is measured by `rayon bench`
        chosen = chosen.model_copy(update={"duration_s": 3600.0})
    world = World(chosen, load_plan(store_folder(chosen)), 1800.0)
    somewhen = [world.tick(k) for k in range(2400, 2460)]
    assert sum(map(len, somewhen)) > 100
    assert any(j.stops for j in world.journeys)


def test_what_scenarios_are_about_is_in_them() -> None:
    out = load_scenario("one-ap-out").radio.outages
    assert [(o.from_s, o.until_s) for o in out] == [(300.0, None)]
    assert len(load_scenario("moved-ap").radio.misplaced) == 2
    assert load_scenario("crowd-300").people.start_inside == 300
    assert load_scenario("attack").attack.forged_devices == 40
    bad = load_scenario("bad-network").wire
    assert min(bad.late_share, bad.duplicate_share, bad.reorder_share, bad.malformed_share) > 0
    sales = load_scenario("sales-day").people
    assert sales.fitting_rooms is not None
    assert sales.turn_back_share > 0


def test_extends_merges_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "store: small\npeople: {arrivals_per_hour: 10, buy_share: 0.1, speed_max_m_s: 2}\nseed: 4\n"
    )
    (tmp_path / "day.yaml").write_text("extends: base.yaml\npeople: {buy_share: 0.9, speed_max_m_s: null}\n")
    chosen = load_scenario(str(tmp_path / "day.yaml"))
    assert (chosen.name, chosen.store, chosen.seed) == ("day", "small", 4)
    assert (chosen.people.arrivals_per_hour, chosen.people.buy_share) == (10, 0.9)
    assert chosen.people.speed_max_m_s == 1.4  # null: back to the default


def test_all_mistakes_are_listed_with_the_file_they_are_in(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("store: small\nradio: {exponent: 99}\n")
    day = "extends: base\npeopel: {}\npeople: {speed_min_m_s: 2, speed_max_m_s: 1}\nphones: {consent_share: lots}\n"
    (tmp_path / "day.yaml").write_text(day)
    with pytest.raises(OperatorError) as caught:
        load_scenario(str(tmp_path / "day.yaml"))
    found = {(Path(p.file).name, p.place) for p in caught.value.problems}
    assert found == {
        ("base.yaml", "radio.exponent"),
        ("day.yaml", "peopel"),
        ("day.yaml", "people"),
        ("day.yaml", "phones.consent_share"),
    }


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("extends: loop\nstore: small\n", "extends"),
        ("extends: 3\nstore: small\n", "extends"),
        ("store: [small\n", "line 2, column 1"),
        ("- store\n", "(whole file)"),
        ("store: small\nfolder: /tmp\n", "folder"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "loop.yaml").write_text(text)
    with pytest.raises(OperatorError) as caught:
        load_scenario(str(tmp_path / "loop.yaml"))
    assert [p.place for p in caught.value.problems] == [place]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(OperatorError, match="quiet-tuesday"):
        load_scenario("quiet-wednesday")


def test_what_the_store_lacks_is_listed() -> None:
    asked = scenario(
        people={"favourites": {"caviar": 2}, "dwell_by_category": {"fish": {"median_s": 5}}},
        scripted=[{"name": "a", "sku": "caviar"}, {"name": "a", "sku": "milk"}],
    )
    places = [p.place for p in scenario_problems(asked, small_plan())]
    assert places == ["people.favourites.caviar", "people.dwell_by_category.fish", "scripted.0.sku", "scripted"]


def test_a_store_without_floor_plan_is_refused() -> None:
    with pytest.raises(OperatorError, match="no floor plan 'nowhere'"):
        store_folder(scenario(store="nowhere"))


def test_a_saturday_rush_is_ten_hours_and_some_3000_visitors() -> None:
    chosen = load_scenario("saturday-rush")
    plan = load_plan(store_folder(chosen))
    people = draw_people(chosen, plan, chosen.duration_s, np.random.default_rng(1))
    visitors = [p for p in people if p.kind in ("shopper", "companion")]
    assert chosen.duration_s == 10 * 3600
    assert len(visitors) == pytest.approx(3000, rel=0.1)
    hours = np.histogram([p.arrive_s for p in visitors], np.arange(11) * 3600.0)[0]
    assert hours[6] > 2 * hours[3] > 2 * hours[9] * 0.8


def test_every_key_and_every_scenario_is_documented() -> None:
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0]: part for part in text.split("\n### ")}
    keys = documented_keys(Scenario, "")
    assert len(keys) > 120
    for path, name in keys:
        heading = f"`{path}`" if path else "The whole"
        assert f"| `{name}` |" in sections[heading], f"{path}.{name}"
    for name in shipped_scenarios():
        assert f"`{name}`" in text


def documented_keys(model: type[ScenarioModel], path: str) -> list[tuple[str, str]]:
    """(path of the mapping, key) of everything that a scenario may say."""
    out = []
    for name, field in model.model_fields.items():
        if name == "folder":
            continue
        out.append((path, name))
        for below, mark in nested(field.annotation, ""):
            out += documented_keys(below, f"{path}.{name}{mark}" if path else f"{name}{mark}")
    return out


def nested(annotation: Any, mark: str) -> list[tuple[type[ScenarioModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, ScenarioModel):
        return [(annotation, mark)]
    kind = get_origin(annotation)
    mark = "[]" if kind is tuple else ".<name>" if kind is dict else mark
    return [found for argument in get_args(annotation) for found in nested(argument, mark)]
