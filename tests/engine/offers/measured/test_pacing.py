"""Budgets against their line, and slots that each day releases."""

from __future__ import annotations

import datetime as dt

import pytest

from engine.offers.campaigns import Budget, Campaign
from engine.offers.caps import Ask, Limits, Spent, cap_refusal
from engine.offers.hours import When
from engine.offers.measured.pacing import DAY_S, PaceState, pace_of, release_budget
from engine.vocabulary import DecisionReason
from tests.engine.storage.scenes import campaign

T0 = 1_800_000_000.0
START, END = (dt.datetime.fromtimestamp(t, dt.UTC) for t in (T0, T0 + 10 * DAY_S))
LINE = When(starts_at=START, ends_at=END)
WHEN = {"starts_at": START.isoformat(), "ends_at": END.isoformat()}


@pytest.mark.parametrize(
    ("spent", "days", "state", "due"),
    [
        (0, 0.0, PaceState.ON_LINE, 0.0),
        (50, 5.0, PaceState.ON_LINE, 50.0),
        (61, 5.0, PaceState.AHEAD, 50.0),
        (39, 5.0, PaceState.BEHIND, 50.0),
        (100, 5.0, PaceState.SPENT, None),
        (95, 20.0, PaceState.ON_LINE, 100.0),
    ],
)
def test_a_budget_against_its_line(spent: int, days: float, state: PaceState, due: float | None) -> None:
    found = pace_of(spent, 100, LINE, T0 + days * DAY_S)
    assert (found.state, found.due) == (state, due)


def test_a_budget_that_will_be_gone_says_when() -> None:
    assert pace_of(80, 100, LINE, T0 + 4 * DAY_S).gone_at == pytest.approx(T0 + 5 * DAY_S)
    assert pace_of(20, 100, LINE, T0 + 4 * DAY_S).gone_at is None
    assert pace_of(20, 100, When(), T0).state is PaceState.NO_LINE


def paced(**budget: object) -> Campaign:
    return campaign(when=WHEN, budget={"max_vouchers": 100, "pace": "even", **budget})


def test_each_day_releases_its_share_and_what_is_left_stays() -> None:
    made = paced(max_amount_minor=5000)
    at = [release_budget(made, T0 + days * DAY_S) for days in (-1.5, 0.0, 0.99, 1.0, 9.5, 12.0)]
    assert [b.max_vouchers for b in at] == [0, 10, 10, 20, 100, 100]
    assert [b.max_amount_minor for b in at] == [0, 500, 500, 1000, 5000, 5000]
    plain = campaign(when=WHEN, budget={"max_vouchers": 100})
    assert release_budget(plain, T0) == Budget(max_vouchers=100)


def test_a_coupon_waits_for_its_day() -> None:
    made, limits = paced(), Limits(100, 100, 100)

    def refused(spent: int, days: float) -> DecisionReason | None:
        asked = Ask(made, ("market", made.id), "v", 50, T0 + days * DAY_S)
        return cap_refusal(asked, [], Spent(spent, 0), limits)

    assert refused(9, 0.5) is None
    assert refused(10, 0.5) is DecisionReason.BUDGET
    assert refused(10, 1.0) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"budget": {"pace": "even"}, "when": WHEN},
        {"budget": {"pace": "even", "max_vouchers": 9}},
        {"budget": {"pace": "fast", "max_vouchers": 9}, "when": WHEN},
    ],
)
def test_a_pace_needs_a_line_and_a_budget(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="pace"):
        campaign(**changes)


@pytest.mark.parametrize(
    ("spent", "days", "untold", "state", "gone_days"),
    [
        (60, 5.0, 0, PaceState.ON_LINE, 25 / 3),  # ten in a hundred ahead: 100 at 12 a day
        (40, 5.0, 0, PaceState.ON_LINE, None),
        (50, 5.0, 0, PaceState.ON_LINE, None),  # gone at the end, and not before
        (5, 0.0, 0, PaceState.ON_LINE, None),  # no time has passed that a rate could be of
        (5, -1.0, 0, PaceState.ON_LINE, None),
        (90, 9.0, 9, PaceState.ON_LINE, None),
        (90, 9.0, 10, PaceState.LAST, None),
        (99, 9.0, 0, PaceState.ON_LINE, 100 / 11),
        (101, 9.0, 0, PaceState.SPENT, None),
    ],
)
def test_a_tenth_off_the_line_is_on_it_and_what_is_not_told_yet_may_be_the_last(
    spent: int, days: float, untold: int, state: PaceState, gone_days: float | None
) -> None:
    found = pace_of(spent, 100, LINE, T0 + days * DAY_S, untold=untold)
    gone_at = None if gone_days is None else pytest.approx(T0 + gone_days * DAY_S)
    assert (found.state, found.gone_at, found.spent, found.budget) == (state, gone_at, spent, 100)


@pytest.mark.parametrize("when", [When(starts_at=START), When(ends_at=END)])
def test_a_line_has_two_ends(when: When) -> None:
    assert (pace_of(20, 100, when, T0).state, pace_of(20, 100, when, T0).due) == (PaceState.NO_LINE, None)
