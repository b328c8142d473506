"""How far people came in one stay, by hand: chances of places, of tills after them, and what each step is a part of."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.expected.levels import LEVELS, Runs
from engine.presence.expected.rows import PRODUCT, TILL, ExpectedRow, StayLength, stay_row
from engine.presence.expected.ways import CAME, Reached, find_reached, way_rows, wholes_of
from engine.presence.local_hours import hours_in

HOUR = 1_800_000_000.0 // 3600 * 3600


def reached(chance: float, first_at: float, last_at: float | None = None) -> Reached:
    """At the lowest thresholds, as a history reaches them."""
    levels = (np.arange(LEVELS) < round(chance * LEVELS)).astype(float)
    return Reached(levels, first_at, first_at if last_at is None else last_at)


def visits(found: dict[str, Reached], within: dict[str, str] | None = None) -> dict[str, float]:
    return {row.zone: pytest.approx(row.visits) for row in way_rows(found, within or {}, HOUR)}


def test_a_place_is_reached_at_the_thresholds_at_which_it_has_a_visit() -> None:
    """Zone b twice at the third threshold and once at the first; a never."""
    runs = Runs(np.array([1, 1, 1]), np.array([2, 2, 0]), np.array([50.0, 10.0, 30.0]), np.array([12.0, 12.0, 12.0]))
    found = find_reached(runs, ["a", "b"])
    assert list(found) == ["b"]
    assert found["b"].levels.tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert (found["b"].chance, found["b"].first_at, found["b"].last_at) == (0.2, 10.0, 50.0)


def test_a_till_counts_after_the_zone_and_by_both_chances() -> None:
    found = {"a": reached(0.5, 100.0), TILL + "1": reached(0.4, 90.0, 101.0)}
    assert visits(found) == {":way till": 0.4, ":way zone a": 0.5, ":way zone-till a": 0.2}
    at_once = {"a": reached(0.5, 100.0), TILL + "1": reached(0.4, 90.0, 100.0)}
    assert visits(at_once) == {":way till": 0.4, ":way zone a": 0.5}, "whoever was at the till before is not counted"


def test_chances_of_tills_that_stand_apart_add_up_to_one_at_most() -> None:
    tills = {TILL + "1": reached(0.4, 200.0), TILL + "2": reached(0.3, 150.0)}
    assert visits({"a": reached(1.0, 100.0)} | tills)[":way zone-till a"] == 0.7
    assert visits({"a": reached(1.0, 160.0)} | tills)[":way zone-till a"] == 0.4
    many = {TILL + str(i): reached(0.6, 200.0) for i in range(3)}
    assert visits({"a": reached(0.5, 100.0)} | many) == {
        ":way till": 1.0, ":way zone a": 0.5, ":way zone-till a": 0.5,
    }  # fmt: skip


def test_a_product_is_reached_where_its_zone_is_at_the_same_threshold() -> None:
    found = {"a": reached(0.5, 100.0), PRODUCT + "tea": reached(0.8, 120.0), TILL + "1": reached(0.5, 130.0)}
    rows = visits(found, {"tea": "a"})
    assert rows == {
        ":way till": 0.5, ":way zone a": 0.5, ":way zone-till a": 0.25,
        ":way product tea": 0.5, ":way product-till tea": 0.25,
    }  # fmt: skip
    between = {"a": reached(0.5, 100.0), PRODUCT + "tea": reached(0.8, 120.0)}
    assert visits(between, {"tea": "b"}) == visits(between) == {":way zone a": 0.5}, "its zone was not reached"


@pytest.mark.parametrize(("chance", "told"), [(0.1, True), (0.0, False)])
def test_what_is_hardly_likely_is_left_out(chance: float, told: bool) -> None:
    assert (":way zone a" in visits({"a": reached(chance, 1.0)})) is told
    third = {"a": reached(0.1, 1.0), TILL + "1": reached(0.1, 2.0)}
    assert ":way zone-till a" in visits(third), "one in a hundred is told"


def test_a_step_is_a_count_of_one_and_what_is_not_sure_of_it_is_p_1_less_p() -> None:
    [till, zone] = way_rows({"a": reached(0.3, 1.0), TILL + "1": reached(1.0, 0.5)}, {}, HOUR)
    assert till == ExpectedRow(HOUR, ":way till", 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    assert zone == ExpectedRow(
        HOUR, ":way zone a", 0.0, pytest.approx(0.3), pytest.approx(0.3), pytest.approx(0.21), pytest.approx(0.21),
        0.0, 0.0, pytest.approx(0.09), 0.0, 0.0,
    )  # fmt: skip


def test_what_each_step_is_a_part_of() -> None:
    assert wholes_of(["a", "b"], {"tea": "a"}, ["tea", "lost"]) == {
        ":way till": CAME,
        ":way zone a": CAME, ":way zone-till a": (":way zone a",),
        ":way zone b": CAME, ":way zone-till b": (":way zone b",),
        ":product tea": ("a",), ":way product tea": (":way zone a",), ":way product-till tea": (":way product tea",),
        ":product lost": (),
    }  # fmt: skip
    assert CAME == (":short", ":middle", ":long")


@pytest.mark.parametrize(
    ("stay_s", "kind"),
    [
        (0.0, StayLength.PASSED), (59.9, StayLength.PASSED), (60.0, StayLength.SHORT), (299.9, StayLength.SHORT),
        (300.0, StayLength.MIDDLE), (899.9, StayLength.MIDDLE), (900.0, StayLength.LONG), (9e4, StayLength.LONG),
    ],
)  # fmt: skip
def test_a_stay_is_of_one_kind_and_counts_in_the_hour_in_which_it_began(stay_s: float, kind: StayLength) -> None:
    row = stay_row(HOUR + 3599.0, stay_s, hours_in("UTC"))
    assert row == ExpectedRow(HOUR, kind, 0.0, 1.0, stay_s, 0.0, 0.0, 0.0, 0.0, 1.0, stay_s**2, stay_s)
