"""An access point that hangs elsewhere is found on the grid; less evidence or smaller moves say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.radio.evidence import Evidence
from engine.radio.misplaced import find_misplaced
from tests.engine.radio.made import evidence, hall

PLAN = hall((10.0, 5.0), (2.0, 2.0), width=30.0, depth=20.0)
EXPONENT = np.array([2.0, 2.5])
GRID = [(float(x), float(y)) for x in range(1, 30, 3) for y in range(1, 20, 3)]


def heard_from(x_m: float, y_m: float, ap: int = 0, exponent: float = 2.0, noise: float = 0.0, n: int = 99) -> Evidence:
    """What a survey hears of an access point that hangs at (x, y), 2.7 m high, in phones held at 1.2 m."""
    places = np.array(GRID[:n])
    d = np.sqrt((places[:, 0] - x_m) ** 2 + (places[:, 1] - y_m) ** 2 + 1.5**2)
    rssi = -51.0 - 10 * exponent * np.log10(np.maximum(d, 1.0))
    rssi += np.random.default_rng(1).normal(0, noise, len(places))
    return evidence([ap] * len(places), x_m=places[:, 0], y_m=places[:, 1], rssi_dbm=rssi)


def test_it_is_found_where_it_hangs_whatever_its_power() -> None:
    found = find_misplaced(PLAN, heard_from(16.0, 10.0), EXPONENT)
    assert len(found) == 1
    assert (found[0].ap, found[0].x_m, found[0].y_m) == (0, 16.0, 10.0)
    assert found[0].moved_m == pytest.approx(np.hypot(6, 5))
    assert found[0].gain == pytest.approx(1.0)


def test_the_gain_is_the_share_of_the_mean_absolute_residual() -> None:
    ev = heard_from(16.0, 10.0, noise=1.5)
    ev = replace(ev, crowd=np.arange(len(ev)) % 3 + 1.0)
    [found] = find_misplaced(PLAN, ev, EXPONENT)

    def spread(x: float, y: float) -> float:
        d = np.maximum(np.sqrt((ev.x_m - x) ** 2 + (ev.y_m - y) ** 2 + 1.5**2), 1.0)
        left = ev.rssi_dbm + 20 * np.log10(d)
        return float((np.abs(left - np.median(left)) / ev.crowd).sum() / (1 / ev.crowd).sum())

    steps = [(x, y) for x in range(-12, 13) for y in range(-12, 13) if np.hypot(x, y) <= 12]
    best = min(steps, key=lambda s: spread(10.0 + s[0], 5.0 + s[1]))
    assert (found.x_m, found.y_m) == (10.0 + best[0], 5.0 + best[1])
    assert found.gain == pytest.approx(1 - spread(found.x_m, found.y_m) / spread(10.0, 5.0), rel=1e-9)


def test_a_small_move_and_one_that_explains_little_are_not_named() -> None:
    assert find_misplaced(PLAN, heard_from(13.0, 5.0), EXPONENT) == []  # three metres
    assert len(find_misplaced(PLAN, heard_from(14.0, 5.0), EXPONENT)) == 1  # four
    [far] = find_misplaced(PLAN, heard_from(22.0, 5.0), EXPONENT)
    assert (far.x_m, far.moved_m) == (22.0, 12.0)  # as far as one looks
    assert find_misplaced(PLAN, heard_from(10.0, 5.0), EXPONENT) == []
    assert find_misplaced(PLAN, heard_from(15.0, 5.0, noise=9.0), EXPONENT) == []


def test_twelve_shadows_of_surveyed_places_on_its_level_are_needed() -> None:
    far = heard_from(18.0, 10.0)
    some = np.linspace(0, len(far) - 1, 12).astype(int)
    assert len(find_misplaced(PLAN, far.take(some), EXPONENT)) == 1
    assert find_misplaced(PLAN, far.take(some[:11]), EXPONENT) == []
    assert find_misplaced(PLAN, replace(far.take(some), crowd=np.full(12, 1.1)), EXPONENT) == []
    assert find_misplaced(PLAN, replace(far, kind=np.ones(len(far), np.int32)), EXPONENT) == []  # estimated places
    assert find_misplaced(PLAN, replace(far, level=np.ones(len(far), np.int32)), EXPONENT) == []
    assert find_misplaced(PLAN, replace(far, rssi_dbm=np.full(len(far), np.nan)), EXPONENT) == []


def test_each_access_point_is_asked_with_its_own_exponent() -> None:
    both = Evidence.concat([heard_from(10.0, 5.0), heard_from(9.0, 8.0, ap=1, exponent=2.5)])
    [found] = find_misplaced(PLAN, both, EXPONENT)
    assert (found.ap, found.x_m, found.y_m) == (1, 9.0, 8.0)
    assert found.gain == pytest.approx(1.0)
