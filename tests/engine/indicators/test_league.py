"""Stores are ranked where they differ, and where they are alike in both periods."""

from __future__ import annotations

import numpy as np
import pytest

from engine.indicators.counts import Counts
from engine.indicators.league import LeagueFigure, compare_stores, store_spread
from engine.presence.expected.figures import Spread


def share(value: float, n: int) -> Spread:
    return Spread(value, 0.0, 0.0, value * (1 - value) / n)


def test_two_stores_are_apart_only_where_they_differ() -> None:
    now = {"a": share(0.50, 4000), "b": share(0.49, 4000), "c": share(0.30, 4000)}
    rows = compare_stores(now, now)
    assert [(r.store, r.best, r.worst) for r in rows] == [("a", 1, 2), ("b", 1, 2), ("c", 3, 3)]


def test_stores_that_were_not_counted_in_both_periods_have_no_place() -> None:
    rows = compare_stores(
        {"new": share(0.9, 900), "old": share(0.4, 900), "shut": None}, {"old": share(0.2, 900), "shut": share(0.2, 9)}
    )
    assert [(r.store, r.best) for r in rows] == [("old", 1), ("new", None), ("shut", None)]
    assert rows[0].change is not None
    assert rows[0].change.significant
    assert rows[0].change.share == pytest.approx(1.0)
    assert compare_stores({"shut": None}, {}) == [rows[0].__class__("shut", None, None, None)]


def test_stores_that_are_the_same_are_seldom_apart() -> None:
    """Forty leagues of ten stores of one rate: a false discovery rate of 5 % of pairs, together."""
    rng = np.random.default_rng(4)
    apart = 0
    for _ in range(40):
        found = {str(i): share(rng.binomial(2000, 0.3) / 2000, 2000) for i in range(10)}
        rows = compare_stores(found, found)
        apart += any(row.best != 1 or row.worst != 10 for row in rows)
    assert apart <= 5


def test_figures_of_a_store_by_hand() -> None:
    counts = Counts(devices_heard=200, came_in=100, short_stays=20, long_stays=30, transactions=40)
    found = {f: store_spread(f, counts, Spread(600.0, 0.0, 0.0, 9.0)) for f in LeagueFigure}
    values = {f: s.value for f, s in found.items() if s is not None}
    assert values == {
        LeagueFigure.CAME_IN: 100.0,
        LeagueFigure.CAPTURE: 0.5,
        LeagueFigure.BOUNCE: 0.2,
        LeagueFigure.ENGAGED: 0.3,
        LeagueFigure.STAY: 600.0,
        LeagueFigure.CONVERSION: 0.4,
    }
    assert store_spread(LeagueFigure.CONVERSION, Counts(came_in=100)) is None
    assert store_spread(LeagueFigure.CAME_IN, Counts(came_in=0)) is None
