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
    assert store_spread(LeagueFigure.QUEUE, Counts(waiting=Spread(2.0, 1.0, 0.0, 3.0))) == Spread(2.0, 1.0, 0.0, 3.0)
    assert store_spread(LeagueFigure.WAITING, Counts(wait=Spread(9.0, 1.0, 0.0, 3.0))) == Spread(9.0, 1.0, 0.0, 3.0)
    assert store_spread(LeagueFigure.CAPTURE, Counts(came_in=5)) is None
    assert store_spread(LeagueFigure.BOUNCE, Counts(came_in=0, short_stays=0)) is None


def test_a_figures_variance_is_that_of_its_sample() -> None:
    """A count's own; of a share with one more of either kind p (1 - p) / n; of a rate that of both of its counts."""
    counts = Counts(devices_heard=98, came_in=49, short_stays=0, long_stays=49, transactions=7)
    assert store_spread(LeagueFigure.CAME_IN, counts) == Spread(49.0, 0.0, 0.0, 49.0)
    assert store_spread(LeagueFigure.CAPTURE, counts) == Spread(0.5, 0.0, 0.0, pytest.approx(0.25 / 98))
    none, all_of_them = (store_spread(f, counts) for f in (LeagueFigure.BOUNCE, LeagueFigure.ENGAGED))
    assert none == Spread(0.0, 0.0, 0.0, pytest.approx((1 / 51) * (50 / 51) / 49)), "none of 49 is not surely none"
    assert all_of_them == Spread(1.0, 0.0, 0.0, pytest.approx((1 / 51) * (50 / 51) / 49))
    rate = store_spread(LeagueFigure.CONVERSION, counts)
    assert rate == Spread(1 / 7, 0.0, 0.0, pytest.approx(7 / 49**2 + (1 / 7) ** 2 / 49))
    nothing_sold = store_spread(LeagueFigure.CONVERSION, Counts(came_in=10, transactions=0))
    assert nothing_sold == Spread(0.0, 0.0, 0.0, pytest.approx(1 / 100)), "as if one had been"
    assert store_spread(LeagueFigure.CONVERSION, Counts(came_in=0, transactions=3)) is None


def test_stores_without_a_place_are_named_at_last_and_in_order() -> None:
    now = {"z": None, "b": share(0.4, 900), "a": share(0.5, 900), "n": share(0.9, 900)}
    rows = compare_stores(now, {"a": share(0.5, 900), "b": share(0.2, 900), "z": share(0.1, 900), "n": None})
    assert [(r.store, r.now, r.before, r.best, r.worst) for r in rows] == [
        ("a", now["a"], share(0.5, 900), 1, 1), ("b", now["b"], share(0.2, 900), 2, 2),
        ("n", now["n"], None, None, None), ("z", None, share(0.1, 900), None, None),
    ]  # fmt: skip
    assert [r.change is None for r in rows] == [False, False, True, True]
    assert rows[0].change is not None
    assert (rows[0].change.change.value, rows[0].change.q) == (0.0, 1.0)
