"""Where an access point seems to hang, against the law written out once more: with shadows, phones and liars."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.radio.hanging import seeming
from engine.radio.hanging.seeming import LEAST_PLACES, Hanging, find_hanging

N = 2.3


def law_dbm(x: float, y: float, at: tuple[float, float], power: float = -40.0, n: float = N) -> float:
    """RSSI = P - 10 n log10(d), d in three dimensions and 1 m at least: what nobody else computes here."""
    d = math.sqrt((x - at[0]) ** 2 + (y - at[1]) ** 2 + 1.5**2)
    return power - 10.0 * n * math.log10(max(d, 1.0))


def heard(
    at: tuple[float, float], seed: int, places: int = 150, spread_db: float = 4.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean RSSI at squares of a hall of 30 by 20 m, five readings each, shadows included."""
    chance = np.random.default_rng(seed)
    x = chance.uniform(0, 30, places)
    y = chance.uniform(0, 20, places)
    rssi = np.array([law_dbm(a, b, at) for a, b in zip(x, y, strict=True)]) + chance.normal(0, spread_db, places)
    return x, y, rssi, np.full(places, 5.0)


@pytest.mark.parametrize("at", [(15.0, 10.0), (4.0, 16.0), (29.0, 1.0)])
def test_it_is_found_and_says_how_well(at: tuple[float, float]) -> None:
    errors, told = [], []
    for seed in range(20):
        found = find_hanging(*heard(at, seed))
        assert found is not None
        errors.append(math.hypot(found.x_m - at[0], found.y_m - at[1]))
        told.append(found.sigma_m)
    assert np.median(errors) < 2.0
    assert np.mean(np.array(errors) < 2.0 * np.array(told)) >= 0.85
    assert np.mean(told) < 3.5 * np.sqrt(np.mean(np.square(errors))), "nor does it know much better than it says"


def test_a_power_and_phones_of_another_make_change_nothing() -> None:
    x, y, rssi, n = heard((10.0, 8.0), 1)
    one, other = find_hanging(x, y, rssi, n), find_hanging(x, y, rssi - 17.0, n)
    assert one is not None
    assert other is not None
    assert (one.x_m, one.y_m, one.sigma_m) == pytest.approx((other.x_m, other.y_m, other.sigma_m))


def test_a_tenth_of_liars_moves_it_little() -> None:
    x, y, rssi, n = heard((10.0, 8.0), 2)
    rssi[::10] += np.where(np.arange(15) % 2, 30.0, -30.0)
    found = find_hanging(x, y, rssi, n)
    assert found is not None
    assert math.hypot(found.x_m - 10.0, found.y_m - 8.0) < 3.0


def test_one_that_hangs_elsewhere_is_told_and_one_in_its_place_is_not() -> None:
    moved = [find_hanging(*heard((20.0, 10.0), seed), told=(11.0, 10.0)) for seed in range(20)]
    there = [find_hanging(*heard((20.0, 10.0), seed), told=(20.5, 10.0)) for seed in range(20)]
    assert all(one is not None and one.moved for one in moved)
    assert np.median([one.told_off_m for one in moved if one]) == pytest.approx(9.0, abs=1.5)
    assert not any(one is not None and one.moved for one in there)


def test_where_it_is_found_nothing_speaks_against_it() -> None:
    """The odds are the cost at the told place less the least there is: none where that place is the best."""
    for seed in range(5):
        found = find_hanging(*heard((20.0, 10.0), seed))
        assert found is not None
        again = find_hanging(*heard((20.0, 10.0), seed), told=(found.x_m, found.y_m))
        assert again is not None
        assert again.told_off_m == pytest.approx(0.0)
        assert again.told_odds == pytest.approx(0.0, abs=0.5)


def test_without_the_evidence_no_place_is_named() -> None:
    x, y, rssi, n = heard((10.0, 8.0), 3)
    few = LEAST_PLACES - 1
    assert find_hanging(x[:few], y[:few], rssi[:few], n[:few]) is None
    assert find_hanging(x, y, np.full(len(x), -70.0), n) is None, "everything is as strong: nobody was near"
    line = np.linspace(0.0, 30.0, len(x))
    along = np.array([law_dbm(a, 0.0, (15.0, 12.0)) for a in line])
    assert find_hanging(line, np.zeros(len(x)), along, n) is None, "heard along one aisle it may hang on either side"
    rng = np.random.default_rng(4)
    assert find_hanging(x, y, rng.uniform(-90, -40, len(x)), n) is None, "noise is no place"


SPOTS = [(x, y) for x in (0.3, 4.1, 8.2, 11.9, 16.4, 19.8) for y in (0.0, 3.7, 7.1, 9.4, 13.6, 15.5)]
"""Thirty-six places of a room of 20 by 16 m."""


def cost_by_hand(at: tuple[float, float], rssi: list[float], weight: list[float], n: float) -> float:
    """Sum of w (v + 1) / 2 log(1 + r² / (v 25)), v = 4, around the weighted median: the least value that half the
    weight lies at or below."""
    left = sorted((s - law_dbm(x, y, at, 0.0, n), w) for (x, y), s, w in zip(SPOTS, rssi, weight, strict=True))
    below = np.cumsum([w for _, w in left])
    power = left[int(np.flatnonzero(below >= 0.5 * sum(weight))[0])][0]
    return sum(w * 2.5 * math.log(1.0 + ((v - power) / 5.0) ** 2 / 4.0) for v, w in left)


@pytest.mark.parametrize(("at", "n", "told"), [((5.2, 4.4), 3.9, (5.0, 5.0)), ((10.5, 2.0), 3.4, (2.0, 8.5))])
def test_the_posterior_written_out(at: tuple[float, float], n: float, told: tuple[float, float]) -> None:
    """A grid of metres from 10 m beside the places on; a place counts half, and less of one reading or two."""
    readings = [float(1 + k % 5) for k in range(36)]
    weight = [0.5 * min(r / 3.0, 1.0) for r in readings]
    rssi = [law_dbm(x, y, at, n=n) + 4.0 * math.sin(2.1 * k) - 14.0 * (k == 6) for k, (x, y) in enumerate(SPOTS)]
    grid = [(-9.7 + i, -10.0 + j) for i in range(41) for j in range(37)]
    cost = np.array([cost_by_hand(spot, rssi, weight, n) for spot in grid])
    likely = np.exp(cost.min() - cost) / np.exp(cost.min() - cost).sum()
    x, y = (float(likely @ np.array(grid)[:, axis]) for axis in (0, 1))
    spread = likely @ ((np.array(grid)[:, 0] - x) ** 2 + (np.array(grid)[:, 1] - y) ** 2)
    sx, sy = np.array(SPOTS).T
    found = find_hanging(sx, sy, np.array(rssi), np.array(readings), exponent=n, told=told)
    assert found is not None
    assert (found.x_m, found.y_m) == pytest.approx((x, y), rel=1e-6)
    assert found.sigma_m == pytest.approx(math.sqrt(spread + 2 / 12), rel=1e-6), "and anywhere in its square metre"
    assert found.told_off_m == pytest.approx(math.hypot(x - told[0], y - told[1]), rel=1e-6)
    assert found.told_odds == pytest.approx(cost_by_hand(told, rssi, weight, n) - cost.min(), rel=1e-6)


@pytest.mark.parametrize(
    ("places", "weakest_db", "most_sigma_m", "named"),
    [(12, 10.0, 99.0, True), (11, 10.0, 99.0, False), (12, 9.9, 99.0, False), (12, 10.0, 5.0, False)],
)
def test_twelve_places_and_ten_decibels_are_needed(
    places: int, weakest_db: float, most_sigma_m: float, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However badly it is known then: worse than to 5 m it is not named."""
    monkeypatch.setattr(seeming, "MOST_SIGMA_M", most_sigma_m)
    x, y, rssi, n = heard((10.0, 8.0), 1, places=places)
    rssi = np.linspace(-50.0, -50.0 - weakest_db, places)
    assert (find_hanging(x, y, rssi, n) is not None) is named


@pytest.mark.parametrize(
    ("sigma_m", "off_m", "odds", "moved"),
    [(1.0, 4.0, 4.0, True), (1.0, 3.99, 9.0, False), (1.0, 9.0, 3.99, False), (2.5, 5.0, 9.0, True),
     (2.5, 4.99, 9.0, False)],
)  # fmt: skip
def test_a_move_is_four_metres_two_sigmas_and_likelier_by_far(
    sigma_m: float, off_m: float, odds: float, moved: bool
) -> None:
    assert Hanging(3.0, 4.0, sigma_m, off_m, odds).moved is moved
