"""The referees that are quick enough for every test run; `python -m tests.accuracy` runs them all.

Three stores of four minutes take as long as a tenth of all tests. So a test run makes one store of a minute and a half
anew, and of the three it reads what the baseline file keeps: `make accuracy` measures those, and fails where a figure
of that file is no longer true.
"""

from __future__ import annotations

import pytest

from tests.accuracy.espresense import TRACKS
from tests.accuracy.referees import Figures, baseline, moved, referees

ONE_OUT = [f"espresense {track}, node 0 out" for track in list(TRACKS)[:1]]
"""Of eight; `python -m tests.accuracy` has the others, and all that is not here."""
QUICK = [
    "espresense diagonal_walk",
    "espresense living_to_bedroom",
    *ONE_OUT,
    "statistical store, short",
    "traced store, short",
    "boutique, two levels",
]


AIRS = ("statistical", "traced")
FORMS = ("plain", "short")


@pytest.fixture(scope="module")
def figures() -> dict[str, Figures]:
    """Of the quick ones anew, of all others as they are kept."""
    return baseline() | {name: run() for name, run in referees().items() if name in QUICK}


@pytest.mark.parametrize("name", QUICK)
def test_accuracy_stays_where_the_baseline_has_it(figures: dict[str, Figures], name: str) -> None:
    assert moved(name, figures[name], baseline()) == []


def test_better_than_the_nearest_open_peer_on_its_own_scenario(figures: dict[str, Figures]) -> None:
    peer = {"diagonal_walk": (0.60, 1.33, 0.066), "living_to_bedroom": (0.60, 1.61, 0.223)}
    for track, (median_m, p95_m, wrong_room) in peer.items():
        own = figures[f"espresense {track}"]
        assert own["median_m"] < 0.6 * median_m
        assert own["p95_m"] < 0.6 * p95_m
        assert own["wrong_room"] < 0.7 * wrong_room


def test_with_one_node_out_the_peer_s_scenario_is_still_located(figures: dict[str, Figures]) -> None:
    for name in ONE_OUT:
        assert figures[name]["median_m"] < 0.6


@pytest.mark.parametrize("air", AIRS)
@pytest.mark.parametrize("form", FORMS)
def test_sigma_is_true_in_stores(figures: dict[str, Figures], air: str, form: str) -> None:
    """Of a normal error, 63 to 68 % lie within one radial standard deviation, depending on its shape. One store of a
    minute and a half strays further than three of four."""
    own, stray = figures[f"{air} store, {form}"], 0.0 if form == "plain" else 0.04
    assert 0.60 < own["within_1_sigma"] < 0.74
    assert 0.92 < own["within_2_sigma"] < 0.98
    assert 0.62 < own["lagged_within_1_sigma"] < 0.74 + stray
    assert 0.92 < own["lagged_within_2_sigma"] < 0.98 + 0.375 * stray


@pytest.mark.parametrize("air", AIRS)
@pytest.mark.parametrize("form", FORMS)
def test_a_lag_helps(figures: dict[str, Figures], air: str, form: str) -> None:
    """By 2 to 8 % of the median, and by 7 to 16 % of the worst tenth."""
    own = figures[f"{air} store, {form}"]
    assert own["lagged_median_m"] < 0.98 * own["median_m"]
    assert own["lagged_p90_m"] < 0.95 * own["p90_m"]
    if air == "traced":  # live it was 2.46 and 2.93 m where tracks trailed, 2.30 and 2.66 m behind
        assert own["median_m"] < {"plain": 2.45, "short": 2.8}[form]
        assert own["lagged_median_m"] < {"plain": 2.32, "short": 2.64}[form]


@pytest.mark.parametrize("air", AIRS)
@pytest.mark.parametrize("form", FORMS)
def test_p_zone_means_what_it_says(figures: dict[str, Figures], air: str, form: str) -> None:
    assert figures[f"{air} store, {form}"]["zone_probability_off"] < 0.03


def test_the_level_is_right(figures: dict[str, Figures]) -> None:
    assert figures["boutique, two levels"]["level_right"] >= 0.99


@pytest.mark.parametrize("form", FORMS)
def test_access_points_over_shelves_do_not_teach_that_shelves_cost_nothing(
    figures: dict[str, Figures], form: str
) -> None:
    assert figures[f"statistical store, {form}"]["median_m"] < 3.0
    assert figures[f"traced store, {form}"]["median_m"] < 3.1


def test_a_figure_that_moves_is_named() -> None:
    then = {"a": {"median_m": 2.0, "share": 0.5}}
    assert moved("a", {"median_m": 2.09, "share": 0.52}, then) == []
    assert moved("a", {"median_m": 1.8, "share": 0.5}, then) == ["a: median_m 2.000 -> 1.800"]
    assert moved("a", {"share": 0.5}, then) == ["a: median_m 2.000 -> nan"]
    assert moved("b", {}, then) == ["b: not in the baseline"]


def test_the_baseline_holds_every_referee() -> None:
    assert set(baseline()) == set(referees())
