"""What-if: replays keep the campaign's own rules, and forecasts hold what the next simulated week brings."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.offers.caps import Limits, Slot
from engine.offers.experiments import is_control
from engine.offers.foretold.forecast import CouponWorth, band, curve, days_of, week_ahead
from engine.offers.foretold.replay import Held, PlaceMoment, replay
from tests.api.site import campaign

PARIS = ZoneInfo("Europe/Paris")
MONDAY = dt.datetime(2026, 6, 1, tzinfo=PARIS).timestamp()
DAY = 86_400.0
FREE = Limits(9, 9, 99)


def test_a_replay_keeps_caps_hours_and_holdout() -> None:
    noon = MONDAY + 12 * 3600
    pauses = [PlaceMoment(noon + i * DAY, "ana", f"v{i}") for i in range(6)] + [
        PlaceMoment(noon + 9 * 3600, "ben", "b")
    ]
    said = replay(campaign(when={"hours": [{"from": "10:00", "to": "20:00"}]}), pauses[::-1], [], FREE, PARIS)
    assert said.issued_at == (noon, noon + DAY, noon + 2 * DAY)  # three in seven days
    assert said.refused == {"cap_campaign_week": 3, "outside_hours": 1}


def test_what_others_gave_takes_its_place_in_the_caps() -> None:
    noon = MONDAY + 12 * 3600
    had = [Held("ana", Slot(("corner", "other"), "v0", noon - 60, counts=True))]
    once = [PlaceMoment(noon, "ana", "v0"), PlaceMoment(noon, "ben", "w0")]
    assert replay(campaign(), once, had, Limits(1, 9, 9), PARIS).issued_at == (noon,)
    later = [Held("ana", Slot(("corner", "other"), "v0", noon + 60, counts=True))]
    assert len(replay(campaign(), once, later, Limits(1, 9, 9), PARIS).issued_at) == 2


def test_a_replay_holds_out_whom_the_campaign_would() -> None:
    names = [f"s{i}" for i in range(400)]
    half = campaign(holdout_share=0.5)
    said = replay(half, [PlaceMoment(MONDAY, n, n) for n in names], [], FREE, PARIS)
    held = sum(is_control(half, n) for n in names)
    assert (len(said.issued_at), said.refused["holdout"]) == (400 - held, held)


def test_days_are_those_of_the_stores_clock() -> None:
    late = dt.datetime(2026, 6, 7, 23, 59, tzinfo=PARIS).timestamp()
    days = days_of([MONDAY, late, late + 120, MONDAY - 1], dt.date(2026, 6, 15), 2, PARIS)
    assert (days[0, 0], days[0, 6], days[1, 0], days.sum()) == (1, 1, 1, 3)


def test_the_next_simulated_week_lies_within_its_interval() -> None:
    """40 campaigns, from a few coupons a week to hundreds; weeks differ by some per cent, weekdays by threefold."""
    inside = [simulated(k) for k in range(40)]
    assert sum(inside) >= 34


def simulated(seed: int) -> bool:
    """Five weeks of which the first only fills the caps, a forecast from the other four, and the week that came."""
    rng = np.random.default_rng([7, seed])
    people = int(rng.integers(30, 250))
    pauses = [p for week in range(6) for p in week_of(rng, week, people)]
    terms = campaign(holdout_share=0.1, caps={"per_day": 1, "per_week": 2})
    issued = replay(terms, pauses, [], FREE, PARIS).issued_at
    until = dt.date(2026, 6, 1) + dt.timedelta(days=35)
    past = days_of(issued, until, 4, PARIS)
    came = days_of(issued, until + dt.timedelta(days=7), 1, PARIS).sum()
    return band(week_ahead(past, rng)).covers(came)


def week_of(rng: np.random.Generator, week: int, people: int) -> list[PlaceMoment]:
    busy = np.array([0.6, 0.7, 0.8, 0.9, 1.3, 1.8, 0.4]) * rng.lognormal(0.0, 0.08)
    out = []
    for day, rate in enumerate(busy):
        for _ in range(rng.poisson(0.12 * people * rate)):
            who = f"s{int(people * rng.random() ** 2)}"  # some come often, most seldom
            t = MONDAY + (7 * week + day) * DAY + float(rng.uniform(9, 20)) * 3600
            out.append(PlaceMoment(t, who, f"{who}-{week}-{day}"))
    return out


def test_a_budget_bounds_what_comes_and_what_it_costs() -> None:
    rng = np.random.default_rng(1)
    days = rng.poisson(20.0, (4, 7)).astype(float)
    points = curve(week_ahead(days, rng), CouponWorth(99, 150, 0.2), rng)
    free, budgets = points[0], points[1:]
    assert free.coupons.expected == pytest.approx(days.sum() / 4, rel=0.05)
    assert free.used.expected == pytest.approx(0.2 * free.coupons.expected, rel=0.05)
    assert free.margin_minor.expected == pytest.approx(150 * free.used.expected)
    assert [p.coupons.high <= (p.budget or 0) for p in budgets] == [True] * len(budgets)
    expected = [p.coupons.expected for p in budgets]
    assert expected == sorted(expected)


def test_a_share_of_uses_that_was_seen_goes_before_one_that_is_stated() -> None:
    rng = np.random.default_rng(2)
    coupons = np.full(4000, 1000.0)
    [stated, *_] = curve(coupons, CouponWorth(99, 150, 0.2, used=3, unused=4), rng)
    [seen, *_] = curve(coupons, CouponWorth(99, 150, 0.2, used=30, unused=20), rng)
    assert stated.used.expected == pytest.approx(200, rel=0.02)
    assert seen.used.expected == pytest.approx(600, rel=0.03)
    assert seen.used.high - seen.used.low > 3 * (stated.used.high - stated.used.low)


def test_a_day_that_was_far_above_its_like_makes_more_likely_and_not_less() -> None:
    """One Monday of six gave ten times as many: what is drawn again falls far above the mean as often as it did."""
    days = np.full((6, 7), 20.0)
    days[2, 0] = 200.0
    low, middle, high = np.quantile(week_ahead(days, np.random.default_rng(4)), [0.05, 0.5, 0.95])
    assert high - middle > 1.2 * (middle - low)


def test_two_weeks_alike_foretell_a_third() -> None:
    assert set(week_ahead(np.full((2, 7), 3.0), np.random.default_rng(0)).tolist()) == {21.0}


@pytest.mark.parametrize(("weeks", "t_95"), [([100.0, 300.0], 6.3138), ([100.0, 200.0, 300.0], 2.9200)])
def test_weeks_that_differ_as_wholes_leave_students_doubt_of_so_few(weeks: list[float], t_95: float) -> None:
    """Every day of a week gave as many: what weeks differ by beyond what days drawn by themselves would is theirs, with
    Student's t of one degree less than there are weeks (0.95 quantile by table), and their mean's own doubt besides."""
    days = np.repeat(np.array(weeks)[:, None], 7, axis=1)
    n, mean = len(weeks), float(np.mean(weeks))
    scale2 = mean + 0.5
    off2 = float(np.var(weeks)) / scale2 * n / (n - 1)  # of a day, in units of a Poisson count's deviation
    shared = 49 * float(np.var(weeks, ddof=1)) - 7 * scale2 * off2
    half = t_95 * np.sqrt(shared * (1 + 1 / n))
    found = float(np.quantile(week_ahead(days, np.random.default_rng(3), 20_000), 0.95))
    assert found == pytest.approx(7 * mean + half, rel=0.12)


def test_one_week_alone_foretells_nothing() -> None:
    with pytest.raises(ValueError, match="two others"):
        week_ahead(np.ones((1, 7)), np.random.default_rng(0))


def test_days_to_come_vary_as_days_did_and_so_does_what_is_expected_of_them() -> None:
    """Mondays of 2, 6, 2 and 6, all else 50. Off is what days differ by in units of a Poisson count's deviation, whose
    variance is the mean and a half, one degree of freedom of four being spent: 4 / 4.5 x 4 / 3 on one day of seven. A
    day to come is drawn with it, and so is its mean with a quarter of the variance."""
    days = np.full((4, 7), 50.0)
    days[:, 0] = [2.0, 6.0, 2.0, 6.0]
    drawn = week_ahead(days, np.random.default_rng(11), 20_000)
    off2 = 4 / 4.5 * 4 / 3 / 7
    assert drawn.var() == pytest.approx((4.5 + 6 * 50.5) * off2 * 1.25, rel=0.04)
    assert drawn.mean() == pytest.approx(304.0, abs=0.3)
    assert (drawn == np.round(drawn)).all(), "coupons are whole"
    assert (week_ahead(np.array([[0.0] * 7, [9.0] * 7]), np.random.default_rng(5)) >= 0).all()


def test_a_band_is_the_mean_and_nine_draws_in_ten() -> None:
    found = band(np.arange(101.0))
    assert (found.expected, found.low, found.high) == (50.0, pytest.approx(5.0), pytest.approx(95.0))
    assert [found.covers(v) for v in (4.9, found.low, 50, found.high, 95.1)] == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("coupons", "budgets"),
    [(100.0, [25, 50, 75, 100, 125]), (2.0, [1, 2]), (0.0, [1]), (10.0, [2, 5, 8, 10, 12])],
)
def test_the_curve_is_told_at_quarters_of_what_is_expected_and_a_quarter_more(
    coupons: float, budgets: list[int]
) -> None:
    """Halves are rounded to the even one."""
    points = curve(np.full(50, coupons), CouponWorth(99, 150, 0.0), np.random.default_rng(1))
    assert [p.budget for p in points] == [None, *budgets]
    assert [p.coupons.expected for p in points] == [coupons, *(min(b, coupons) for b in budgets)]


@pytest.mark.parametrize(
    ("worth", "share"),
    [
        (CouponWorth(99, 150, 0.2, used=19, unused=0), 0.2),
        (CouponWorth(99, 150, 0.2, used=20, unused=0), 21 / 22),  # of a beta distribution with one more of either
        (CouponWorth(99, 150, 0.2, used=0, unused=20), 1 / 22),
    ],
)
def test_of_twenty_coupons_the_share_of_uses_is_what_was_seen(worth: CouponWorth, share: float) -> None:
    [point, *_] = curve(np.full(4000, 1000.0), worth, np.random.default_rng(3))
    assert point.used.expected == pytest.approx(1000 * share, rel=0.035)
    assert point.cost_minor.expected == pytest.approx(99 * point.used.expected)
    assert point.margin_minor.expected == pytest.approx(150 * point.used.expected)


def test_weeks_end_before_the_day_and_begin_at_the_stores_midnight() -> None:
    """Two weeks before Monday the 6th of April 2026; the clock of Paris went forward on 29 March."""
    at = ["2026-03-22T23:59", "2026-03-23T00:00", "2026-03-29T23:59", "2026-04-05T23:59", "2026-04-06T00:00"]
    times = [dt.datetime.fromisoformat(one).replace(tzinfo=PARIS).timestamp() for one in at]
    days = days_of(times, dt.date(2026, 4, 6), 2, PARIS)
    assert days.tolist() == [[1, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1]]
