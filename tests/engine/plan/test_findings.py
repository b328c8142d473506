"""One thing is said once: many problems that differ in numbers alone are one line with their places."""

from __future__ import annotations

from engine.errors import Problem
from engine.plan.findings import MOST_ALIKE, tell_once


def far(n: int, reason: str = "is 3.5 m outside level '0'") -> list[Problem]:
    return [
        Problem("plan.geojson", f"features[{i}].geometry", reason.replace("3.5", f"{i}.5"), "is it?") for i in range(n)
    ]


def test_a_few_keep_their_places() -> None:
    assert tell_once(far(MOST_ALIKE)) == far(MOST_ALIKE)
    assert tell_once([]) == []


def test_many_are_one_with_the_first_places_and_how_many_more() -> None:
    (told,) = tell_once(far(MOST_ALIKE + 4))
    assert (told.place, told.fix) == ("features[0].geometry", "is it?")
    assert told.reason == (
        "is 0.5 m outside level '0'; the same at features[1].geometry, features[2].geometry, features[3].geometry"
        f" and {MOST_ALIKE} more places"
    )


def test_kinds_are_told_apart_and_keep_their_order() -> None:
    other = Problem("plan.geojson", "features[3].geometry", "has no area", "an outline")
    elsewhere = Problem("products.csv", "features[3].geometry", "is 3.5 m outside level '0'", "is it?")
    told = tell_once([*far(5), other, *far(9)[5:], elsewhere])
    assert [p.reason[:12] for p in told] == ["is 0.5 m out", "has no area", "is 3.5 m out"]
    assert told[1:] == [other, elsewhere]


def test_the_very_same_problem_many_times() -> None:
    assert len(tell_once([Problem("f", "p", "r", "x")] * 20)) == 1
