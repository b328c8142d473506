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


NOON = MIDNIGHT + 12 * 3600.0
WEEK_S = 7 * 86_400.0


def watched(looks: int, at: float = NOON) -> AlertWatch:
    """At each of `looks` looks, a second apart, point `a` was heard; of the first nothing follows."""
    watch = AlertWatch(hours_in("UTC"), LIMIT)
    for i in range(looks + 1):
        assert watch.see(Look(at + i, {}, {"a": at + i, "b": at + i})) == []
    return watch


def misses_until_dead(watch: AlertWatch, at: float, most: int = 400) -> int | None:
    """How many looks in a row, a second apart from `at` on, `a` misses before it is told of."""
    return next((m for m in range(1, most) if watch.see(Look(at + m, {}, {"a": 1.0, "b": at + m}))), None)


def test_nothing_follows_of_fewer_than_a_hundred_looks_nor_than_eight_missed() -> None:
    """Old looks fade a little, so that of 101 a hundred are left."""
    assert misses_until_dead(watched(99), NOON + 200) is None
    assert misses_until_dead(watched(101), NOON + 200) is not None
    assert misses_until_dead(watched(3000), NOON + 3100) == 8, "after four it would be a millionth"


def test_a_point_must_miss_twice_as_much_as_it_ever_did_at_this_hour() -> None:
    watch = watched(3000)
    for m in range(1, 7):
        assert watch.see(Look(NOON + 3000 + m, {}, {"a": 1.0, "b": NOON + 3000 + m})) == []
    watch.see(Look(NOON + 3007, {}, {"a": NOON + 3007, "b": NOON + 3007}))
    assert misses_until_dead(watch, NOON + 3100) == 13, "twelve are twice as many as six"


def test_what_was_missed_fades_with_the_looks_of_its_hour() -> None:
    """Six, times 0.995 for each look at which it is heard: after 60 of them 4.44, of which twice as much is 8.9."""
    watch = watched(3000)
    for m in range(1, 7):
        watch.see(Look(NOON + 3000 + m, {}, {"a": 1.0, "b": NOON + 3000 + m}))
    for i in range(61):
        watch.see(Look(NOON + 3007 + i, {}, {"a": NOON + 3007 + i, "b": NOON + 3007 + i}))
    longest = dict(watch.state()["points"]["a"][4])[12]
    assert longest == pytest.approx(6 * 0.995**60)
    assert misses_until_dead(watch, NOON + 3100) == 9


def test_nothing_is_said_of_an_hour_in_which_a_point_was_never_heard_nor_on_sundays() -> None:
    """A Monday's noon is learnt: at one in the afternoon nothing is known, on Sunday neither, on Tuesday it is."""
    assert misses_until_dead(watched(3000), NOON + 3600) is None
    assert misses_until_dead(watched(3000), NOON + 6 * 86_400) is None
    assert misses_until_dead(watched(3000), NOON + 86_400) == 8


def test_a_run_of_misses_counts_in_every_hour_that_it_went_over() -> None:
    """From a quarter to twelve, over noon, to a quarter past one: eleven, twelve and one."""
    watch = watched(200, MIDNIGHT + 11.75 * 3600)
    last = MIDNIGHT + 11.75 * 3600 + 200
    for k in range(1, 9):
        watch.see(Look(last + 600 * k, {}, {"a": last, "b": last + 600 * k}))
    watch.see(Look(last + 5400, {}, {"a": last + 5400, "b": last + 5400}))
    heard, looks, missed, since, longest = watch.state()["points"]["a"]
    assert (missed, since) == (0, last + 5400)
    assert looks - heard == pytest.approx(8.0), "what it missed until it was heard again was chance"
    assert [(hour, n) for hour, n in longest if n] == [(11, 8.0), (12, 8.0), (13, 8.0)]


def test_looks_at_which_nobody_is_heard_say_nothing() -> None:
    watch = watched(3000)
    before = watch.state()["points"]
    for m in range(1, 50):
        assert watch.see(Look(NOON + 3100 + m, {}, {"a": 1.0, "b": 2.0})) == []
    assert watch.state()["points"] == before


def test_a_dead_point_is_dead_until_it_is_heard_whatever_the_hour() -> None:
    watch = watched(3000)
    assert misses_until_dead(watch, NOON + 3100) == 8
    evening = NOON + 8 * 3600
    assert watch.see(Look(evening, {}, {"a": 1.0, "b": evening})) == [], "told once"
    [alert] = watch.going_on
    assert (alert.kind, alert.about, alert.at) == (AlertKind.DEAD_ACCESS_POINT, "a", NOON + 3108)
    assert watch.see(Look(evening + 300, {}, {"b": evening + 300})) == []
    assert watch.going_on == [], "a point that is no longer there is none that is dead"


def gaps_of(watch: AlertWatch) -> dict[int, tuple[int, float]]:
    """By hour: how many gaps of the source, and the longest."""
    return {hour: (n, longest) for _, hour, n, longest in watch.state()["gaps"]}


def test_a_gap_is_one_of_every_hour_that_it_goes_over_a_day_at_most() -> None:
    watch = AlertWatch(hours_in("UTC"), LIMIT)
    for spoke in (NOON, NOON + 60, NOON + 3 * 3600, NOON + 3 * 3600):
        watch.see(Look(spoke, {"till": spoke}, {}))
    assert gaps_of(watch) == {12: (2, 10_740.0), 13: (1, 10_740.0), 14: (1, 10_740.0), 15: (1, 10_740.0)}
    for spoke in (NOON + 3 * 3600 + 100 * 3600,):
        watch.see(Look(spoke, {"till": spoke}, {}))
    assert {hour: n for hour, (n, _) in gaps_of(watch).items()} == {
        h: 3 if h == 12 else 2 if h in (13, 14, 15) else 1 for h in range(24)
    }


def test_a_source_that_never_spoke_or_spoke_five_minutes_ago_is_not_silent() -> None:
    watch = AlertWatch(hours_in("UTC"), LIMIT)
    for i in range(30):
        watch.see(Look(NOON + i, {"till": NOON + i, "new": 0.0}, {}))
    assert watch.see(Look(NOON + 329, {"till": NOON + 29, "new": 0.0}, {})) == []
    [alert] = watch.see(Look(NOON + 330, {"till": NOON + 29, "new": 0.0}, {}))
    assert (alert.kind, alert.about, alert.at) == (AlertKind.SILENT_SOURCE, "till", NOON + 330)
    assert watch.see(Look(NOON + 400, {"till": NOON + 29, "new": 0.0}, {})) == []
    assert [a.at for a in watch.going_on] == [NOON + 330]
    watch.see(Look(NOON + 401, {"till": NOON + 400, "new": 0.0}, {}))
    assert watch.going_on == []
    assert watch.looked_at == NOON + 401


def test_four_hundred_gaps_of_an_hour_are_kept_and_enough_of_them_come_back() -> None:
    watch = AlertWatch(hours_in("UTC"), LIMIT)
    watch.see(Look(NOON - 3000, {"till": NOON - 3000}, {}))
    for i in range(402):
        watch.see(Look(NOON + i, {"till": NOON + i}, {}))
    assert gaps_of(watch)[12] == (400, 1.0), "the long one of before noon is forgotten"
    few = AlertWatch(hours_in("UTC"), LIMIT)
    for i in range(20):  # nineteen gaps: one too few, before a restart and after
        few.see(Look(NOON + i, {"till": NOON + i}, {}))
    again = AlertWatch(hours_in("UTC"), LIMIT)
    again.restore(json.loads(json.dumps(few.state())))
    assert gaps_of(again)[12] == (19, 1.0)
    assert [one.see(Look(NOON + 900, {"till": NOON + 19}, {})) for one in (few, again)] == [[], []]


def test_what_goes_on_is_sorted_and_survives_a_restart() -> None:
    watch = watched(3000)
    misses_until_dead(watch, NOON + 3100)
    at = NOON + 3300
    samples = [(at - 300, Spread(9.0, 0.0, 0.0, 0.0)), (at, Spread(9.0, 0.0, 0.0, 0.0))]
    begun = watch.see(Look(at, {}, {"a": 1.0, "b": at}, {"t2": samples, "t1": samples}))
    assert {(a.kind, a.about) for a in begun} == {(AlertKind.QUEUE, "t1"), (AlertKind.QUEUE, "t2")}
    again = AlertWatch(hours_in("UTC"), LIMIT)
    again.restore(json.loads(json.dumps(watch.state())))
    for one in (watch, again):
        assert [(a.kind, a.about, a.at) for a in one.going_on] == [
            (AlertKind.DEAD_ACCESS_POINT, "a", NOON + 3108), (AlertKind.QUEUE, "t1", at), (AlertKind.QUEUE, "t2", at),
        ]  # fmt: skip
        assert one.looked_at == at
    assert again.see(Look(at + 1, {}, {"a": 1.0, "b": at + 1}, {"t2": samples})) == [], "both are known already"


def test_what_an_earlier_version_kept_of_a_point_is_read() -> None:
    watch = AlertWatch(hours_in("UTC"), LIMIT)
    watch.restore({"last": 5.0, "spoke": {}, "gaps": [], "points": {"a": [3.0, 4.0, 2]}, "going_on": []})
    assert watch.state()["points"] == {"a": [3.0, 4.0, 2, 0.0, []]}
