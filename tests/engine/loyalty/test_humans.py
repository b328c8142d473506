"""One person with forty browsers makes no points; forty people behind the shop's address do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.loyalty.humans import (
    REVIEW_AT,
    WEIGHTS,
    OpeningSigns,
    Signal,
    header_signals,
    judge,
    tap_signals,
)

CHROMIUM = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0 Mobile Safari/537.36"
)
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 Version/18.3 Mobile Safari/604.1"
OF_CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
OF_SAFARI = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TAPPED = frozenset({Signal.TAPPED})


def reviewed(times: list[float], own: frozenset[Signal]) -> int:
    """How many of these openings from one address have to wait, all of them looked at afterwards."""
    opened = [OpeningSigns(t, own) for t in times]
    return sum(judge(o, opened[:i] + opened[i + 1 :]).needs_review for i, o in enumerate(opened))


@pytest.mark.parametrize("own", [frozenset(), TAPPED, TAPPED | {Signal.SIGNED_IN}])
@pytest.mark.parametrize("within_s", [60.0, 600.0])
def test_forty_browsers_within_minutes_all_wait(own: frozenset[Signal], within_s: float) -> None:
    """Also those that press the button, and those that make a profile each."""
    assert reviewed(list(np.linspace(0.0, within_s, 40)), own) == 40


@pytest.mark.parametrize(("within_h", "at_least"), [(1, 40), (2, 38)])
def test_a_slow_farm_of_private_windows_mostly_waits(within_h: float, at_least: int) -> None:
    own = TAPPED | {Signal.SAME_BROWSER}
    assert reviewed(list(np.linspace(0.0, within_h * 3600.0, 40)), own) >= at_least


@pytest.mark.parametrize("seed", range(20))
def test_forty_people_over_a_day_count(seed: int) -> None:
    """Ten hours, all unproved: nobody has a phone that the network vouches for."""
    assert 40 - reviewed(list(np.random.default_rng(seed).uniform(0.0, 36_000.0, 40)), TAPPED) >= 38


def test_most_days_with_a_crowd_at_noon_count_as_well() -> None:
    """A third of the forty within an hour or so of noon: 294 of 300 days were right when the weights were set."""
    right = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        times = [*rng.normal(5 * 3600.0, 3600.0, 13), *rng.uniform(0.0, 36_000.0, 27)]
        right += 40 - reviewed(times, TAPPED) >= 38
    assert right >= 48


def test_phones_that_the_network_vouches_for_never_wait_and_crowd_nobody() -> None:
    proved = frozenset({Signal.PROVED_PHONE, Signal.SIGNED_IN})
    assert reviewed([float(i) for i in range(40)], proved) == 0
    crowd = [OpeningSigns(float(i), proved) for i in range(40)]
    assert judge(OpeningSigns(5.0, frozenset()), crowd).score == 0.0


def test_a_table_of_friends_is_no_farm() -> None:
    assert reviewed([0.0, 20.0, 45.0, 90.0], TAPPED) == 0


@given(st.sets(st.sampled_from(list(Signal))), st.lists(st.floats(-5_000, 5_000), max_size=60))
def test_the_score_is_the_sum_of_what_it_names(own: set[Signal], times: list[float]) -> None:
    found = judge(
        OpeningSigns(0.0, frozenset(own - {Signal.BURST, Signal.CROWD})), [OpeningSigns(t, TAPPED) for t in times]
    )
    each = [
        min(WEIGHTS[s].each * n, WEIGHTS[s].most) if WEIGHTS[s].most > 0 else WEIGHTS[s].most
        for s, n in found.signals.items()
    ]
    assert math.isclose(found.score, sum(each), abs_tol=1e-5)
    assert found.needs_review is (found.score >= REVIEW_AT)


@given(st.lists(st.floats(-5_000, 5_000), max_size=30), st.floats(-5_000, 5_000))
def test_one_more_opener_never_makes_it_less_doubtful(times: list[float], more: float) -> None:
    others = [OpeningSigns(t, TAPPED) for t in times]
    now = OpeningSigns(0.0, TAPPED)
    assert judge(now, [*others, OpeningSigns(more, TAPPED)]).score >= judge(now, others).score


@pytest.mark.parametrize(
    ("agent", "accept", "odd"),
    [
        (CHROMIUM, OF_CHROMIUM, False),
        (SAFARI, OF_SAFARI, False),
        (SAFARI, OF_CHROMIUM, True),  # one program that calls itself by many names
        (CHROMIUM, OF_SAFARI, True),
        (CHROMIUM, "*/*", True),
        (SAFARI, "", True),
    ],
)
def test_headers_that_do_not_fit_the_name(agent: str, accept: str, odd: bool) -> None:
    assert (Signal.ODD_HEADERS in header_signals(agent, {"Accept": accept, "Accept-Language": "fr"})) is odd


def test_every_browser_names_a_language() -> None:
    assert Signal.NO_LANGUAGE in header_signals(SAFARI, {"accept": OF_SAFARI})
    assert header_signals(SAFARI, {"accept": OF_SAFARI, "accept-language": "fr-FR"}) == frozenset()


def test_a_tap_speaks_for_a_person_unless_it_is_too_quick() -> None:
    assert tap_signals(0.0, 4.0, ()) == TAPPED
    assert tap_signals(0.0, 0.2, ()) == TAPPED | {Signal.TOO_QUICK}
    assert judge(OpeningSigns(0.0, tap_signals(0.0, 0.2, ())), ()).score > 0


def test_one_address_alone_never_weighs_more_than_the_guide_says() -> None:
    """docs/guides/sharing.md: 0.8 for each other within 5 minutes, at most 6; 0.12 beyond ten in an hour, at most 3."""
    alone = OpeningSigns(0.0, frozenset())

    def score(near: int, far: int) -> float:
        return judge(alone, [OpeningSigns(t, frozenset()) for t in [300.0] * near + [-3_600.0] * far]).score

    assert [score(n, 0) for n in (1, 7, 8, 10)] == pytest.approx([0.8, 5.6, 6.0, 6.0])
    assert [score(0, n) for n in (10, 11, 34, 35, 36)] == pytest.approx([0.0, 0.12, 2.88, 3.0, 3.0])


@pytest.mark.parametrize("signal", [s for s in Signal if s not in (Signal.BURST, Signal.CROWD)])
def test_what_is_seen_once_adds_all_that_it_may(signal: Signal) -> None:
    assert judge(OpeningSigns(0.0, frozenset({signal})), ()).score == WEIGHTS[signal].each == WEIGHTS[signal].most


@pytest.mark.parametrize("signal", list(Signal))
def test_every_weight_says_why(signal: Signal) -> None:
    weight = WEIGHTS[signal]
    assert len(weight.why.split()) >= 4
    assert (weight.each > 0) == (weight.most > 0)
    assert abs(weight.each) <= abs(weight.most)


@pytest.mark.parametrize(
    ("own", "waits"),
    [
        ({Signal.SAME_BROWSER, Signal.TOO_QUICK}, True),  # 1.5 and 1.5: three is enough
        ({Signal.SAME_BROWSER, Signal.ODD_HEADERS}, False),
        ({Signal.ONE_PERSON, Signal.REDEEMED}, True),
        ({Signal.ONE_PERSON, Signal.PROVED_PHONE}, False),
    ],
)
def test_points_wait_from_a_score_of_three_on(own: set[Signal], waits: bool) -> None:
    """docs/guides/sharing.md"""
    assert REVIEW_AT == 3.0
    assert judge(OpeningSigns(0.0, frozenset(own)), ()).needs_review is waits


def test_within_five_minutes_and_within_the_hour_are_to_the_second_on_both_sides() -> None:
    alone = OpeningSigns(10_000.0, frozenset())
    seen = judge(alone, [OpeningSigns(10_000.0 + t, frozenset()) for t in (-300.0, 300.0, -301.0, 301.0)]).signals
    assert seen == {Signal.BURST: 2}
    hour = [OpeningSigns(10_000.0 + t, frozenset()) for t in (-3_600.0, 3_600.0) * 6 + (-3_601.0, 3_601.0) * 9]
    assert judge(alone, hour).signals == {Signal.CROWD: 2}


def test_what_takes_a_second_is_no_machine() -> None:
    assert tap_signals(10.0, 11.0, {Signal.NO_LANGUAGE}) == TAPPED | {Signal.NO_LANGUAGE}
    assert Signal.TOO_QUICK in tap_signals(10.0, 10.99, ())


def test_only_a_proved_phone_is_proved() -> None:
    assert OpeningSigns(0.0, frozenset({Signal.PROVED_PHONE})).proved
    assert not OpeningSigns(0.0, frozenset({Signal.SIGNED_IN, Signal.REDEEMED})).proved
