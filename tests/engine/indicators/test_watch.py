"""A year of a store in which nothing happens has less than one alarm a month; what happens is told of once."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from engine.indicators.alerts import AlertKind, changes
from engine.indicators.watch import STEP_S, AlertWatch, Look
from engine.presence.expected.figures import Spread
from engine.presence.local_hours import hours_in

MONTHS, DAYS = 12, 30
LEARNT_DAYS = 50
OPEN, SHUT = 9, 13
HEARS = np.array([0.6, 0.5, 0.4, 0.3, 0.2, 0.12, 0.08, 0.05])
"""The share of visitors that each access point hears."""
MIDNIGHT = dt.datetime(2026, 1, 5, tzinfo=dt.UTC).timestamp()
LIMIT = 6.0


class Store:
    """Days of Poisson visitors; `at` is a day and an hour of it."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.watch = AlertWatch(hours_in("UTC"), LIMIT)
        self.points = np.zeros(len(HEARS))
        self.sources = {"controller": 0.0, "agent": 0.0}
        self.dead: set[int] = set()
        self.silent: set[str] = set()
        self.street: frozenset[int] = frozenset()  # access points that hear who passes by while the store is shut

    def day(self, day: int, *, waiting: float = 3.0) -> list[tuple[AlertKind, str]]:
        """What is told on this day, which has its own weather; it is closed at night, and nothing speaks then."""
        told = []
        steps = int((SHUT - OPEN) * 3600 / STEP_S)
        people = self.rng.poisson(8.0 * self.rng.lognormal(0.0, 0.3), steps)
        heard = self.rng.random((steps, len(HEARS))) < 1 - (1 - HEARS) ** people[:, None]
        queue = self.rng.poisson(6 * waiting, steps) / 6  # means over a step, in which six are served
        for i in range(steps):
            at = MIDNIGHT + day * 86_400.0 + OPEN * 3600.0 + (i + 1) * STEP_S
            alive = [j for j in np.flatnonzero(heard[i]).tolist() if j not in self.dead]
            self.points[alive] = at - self.rng.uniform(0.0, STEP_S)
            for name in self.sources:
                if name not in self.silent:
                    self.sources[name] = at - float(self.rng.exponential(20.0))
            spread = Spread(float(queue[i]), 1.0, 0.0, 0.0)
            samples = [(at - STEP_S, spread), (at, Spread(float(queue[i - 1]), 1.0, 0.0, 0.0))]
            look = Look(
                at, dict(self.sources), dict(zip("abcdefgh", self.points.tolist(), strict=True)), {"t": samples}
            )
            told += [(a.kind, a.about) for a in self.watch.see(look)]
        if not self.street:
            return told + self.look(MIDNIGHT + day * 86_400.0 + (SHUT + 2) * 3600.0, [])
        for i in range(int((24 + OPEN - SHUT) * 3600 / STEP_S) - 1):
            at = MIDNIGHT + day * 86_400.0 + SHUT * 3600.0 + (i + 1) * STEP_S
            self.points[[j for j in self.street if j not in self.dead]] = at - 1.0
            self.sources = {name: at - 1.0 if name not in self.silent else was for name, was in self.sources.items()}
            told += self.look(at, [])
        return told

    def look(self, at: float, samples: list[tuple[float, Spread]]) -> list[tuple[AlertKind, str]]:
        points = dict(zip("abcdefgh", self.points.tolist(), strict=True))
        return [(a.kind, a.about) for a in self.watch.see(Look(at, dict(self.sources), points, {"t": samples}))]


def test_a_year_in_which_nothing_happens_has_less_than_an_alarm_a_month() -> None:
    store, told = Store(1), []
    for day in range(MONTHS * DAYS):
        told += store.day(day)
    rng = np.random.default_rng(2)
    days = MONTHS * DAYS
    weather = rng.lognormal(0.0, 0.15, days)
    counts = rng.poisson(np.outer((1 + 0.3 * np.sin(np.arange(days) % 7)) * weather, np.linspace(50, 800, 8)))
    for day in range(56, days):
        before = {f"f{i}": counts[day - 56 : day : 7, i].astype(float).tolist() for i in range(8)}
        told += [(a.kind, a.about) for a in changes({f"f{i}": float(counts[day, i]) for i in range(8)}, before, 0.0)]
    assert len(told) <= MONTHS, told


@pytest.fixture(scope="module")
def learnt() -> Store:
    """A store that was watched for weeks, by two processes one after the other."""
    store = Store(3)
    for day in range(LEARNT_DAYS):
        if day == LEARNT_DAYS - 1:
            kept = json.loads(json.dumps(store.watch.state()))
            store.watch = AlertWatch(hours_in("UTC"), LIMIT)
            store.watch.restore(kept)
        store.day(day)
    return store


def test_what_happens_is_told_of_once(learnt: Store) -> None:
    learnt.dead, learnt.silent = {0}, {"agent"}
    found = learnt.day(LEARNT_DAYS)
    assert found.count((AlertKind.DEAD_ACCESS_POINT, "a")) == 1
    assert found.count((AlertKind.SILENT_SOURCE, "agent")) == 1
    assert {a.about for a in learnt.watch.going_on} >= {"a"}
    learnt.dead, learnt.silent = set(), set()
    learnt.day(LEARNT_DAYS + 1)
    assert "a" not in {a.about for a in learnt.watch.going_on}
    queue = learnt.day(LEARNT_DAYS + 2, waiting=20.0)
    assert (AlertKind.QUEUE, "t") in queue


def test_a_store_that_is_new_says_nothing() -> None:
    store = Store(4)
    assert store.day(0) == []
    store.silent = {"agent"}
    assert store.day(1) == []


@pytest.mark.parametrize("street", [frozenset[int](), frozenset({1, 2})])
def test_an_access_point_that_dies_in_the_first_week_is_told_of_within_a_day(street: frozenset[int]) -> None:
    store = Store(5)
    store.street = street
    assert [store.day(day) for day in range(3)] == [[], [], []]
    store.dead = {0}
    assert store.day(3) == [(AlertKind.DEAD_ACCESS_POINT, "a")]


def test_who_passes_by_at_night_makes_no_access_point_inside_dead() -> None:
    store = Store(6)
    store.street = frozenset({1})
    told = [alert for day in range(2 * DAYS) for alert in store.day(day)]
    assert len(told) <= 2, told


def test_an_access_point_is_dead_by_the_looks_that_are_known_of_it() -> None:
    """Of L looks it was heard at h: low is Wilson's lower limit of h / L at 90 %. Missing m in a row has a chance of
    (1 - low)^(m sqrt(L / 2000) / 2), as devices come in twos and looks of fewer days say less; from 1e-6 on it is dead.
    """
    watch = AlertWatch(hours_in("UTC"), LIMIT)
    noon = MIDNIGHT + 12 * 3600.0
    heard, looks, missed, last, fade = 0.0, 0.0, 0, 0.0, 0.5**1e-4
    for i in range(400):
        at = noon + i
        last = at if i % 2 else last
        assert watch.see(Look(at, {}, {"a": last, "b": at})) == []
        if i % 2:
            heard, looks, missed = heard * fade + 1, looks * fade + 1 + missed, 0
        else:
            missed += i > 0  # nothing follows from the first look: nobody knows since when
    [[h, n, *_], _] = watch.state()["points"].values()
    assert (h, n) == (pytest.approx(heard), pytest.approx(looks))
    h, n, z2 = round(heard), round(looks), 1.644854**2
    low = (h / n + z2 / (2 * n) - (z2 * (h / n * (1 - h / n) / n + z2 / (4 * n * n))) ** 0.5) / (1 + z2 / n)
    m = 1
    while (1 - low) ** (round(m * (looks / 2000) ** 0.5) / 2) >= 1e-6:
        m += 1
    told = [m for m in range(1, 200) if watch.see(Look(noon + 400 + m, {}, {"a": last, "b": noon + 400 + m}))]
    assert told == [m]


def test_gaps_that_suffice_suffice_after_a_restart() -> None:
    """Twenty gaps at this hour are known, of 10 s at most: a source is silent after five minutes, before and after."""
    watch = AlertWatch(hours_in("UTC"), LIMIT)
    noon = MIDNIGHT + 12 * 3600.0
    for i in range(21):
        watch.see(Look(noon + 10.0 * i, {"till": noon + 10.0 * i}, {}))
    again = AlertWatch(hours_in("UTC"), LIMIT)
    again.restore(json.loads(json.dumps(watch.state())))
    for one in (watch, again):
        assert one.see(Look(noon + 500.0, {"till": noon + 200.0}, {})) == []
        assert [a.about for a in one.see(Look(noon + 501.0, {"till": noon + 200.0}, {}))] == ["till"]
