"""Experiments against a truth that is known: what is seen of it, and that whole runs cover it as often as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.files.experiments import PotentialTable
from engine.files.outcomes import DecisionLogTable
from engine.offers.experiments import place_in_experiment
from engine.referee.uplift import UpliftReport, score_uplift


def texts(values: Any) -> Any:
    return np.array(list(values), np.str_)


def decided(*rows: tuple[float, str, str, str]) -> DecisionLogTable:
    """(t, device, campaign, reason); `ok` issues."""
    t, device, campaign, reason = zip(*rows, strict=True) if rows else ((), (), (), ())
    at = np.array(t, np.float64)
    outcome = texts("issue" if r == "ok" else "refuse" for r in reason)
    one = texts(device)
    return DecisionLogTable(at, one, texts(campaign), outcome, texts(reason), at, at, one, one, at)


def fates(*rows: tuple[str, str, bool, bool], share: tuple[float, float] = (0.2, 0.5)) -> PotentialTable:
    """(device, campaign, buys without, buys with): a basket of 300 for 250 with the coupon, a margin of 100 for 50."""
    device, campaign, without, with_it = zip(*rows, strict=True) if rows else ((), (), (), ())
    a, b = np.array(without, np.bool_), np.array(with_it, np.bool_)
    low, high = (np.full(len(rows), s) for s in share)
    return PotentialTable(texts(device), texts(campaign), low, high, a, b, b, 300.0 * a, 250.0 * b, 100.0 * a, 50.0 * b)


def crowd(n: int, name: str = "c") -> list[tuple[str, str, bool, bool]]:
    """Of five, one buys anyway and two with the coupon only."""
    return [(f"{name}{i}", "tea", i % 5 == 0, i % 5 < 3) for i in range(n)]


def report(*arguments: Any) -> UpliftReport:
    found = score_uplift(*arguments)
    assert found is not None
    return found


def test_vouchers_show_one_fate_and_ghosts_the_other() -> None:
    people = crowd(200)
    rows = [(float(i), who[0], "tea", "ok" if i < 100 else "holdout") for i, who in enumerate(people)]
    said = report(decided(*rows), fates(*people), {"tea": 0.5}).figures()["by_campaign"]["tea"]
    assert (said["treated"], said["bought_treated"]) == (100, 60)
    assert (said["ghosts"], said["bought_ghosts"]) == (100, 20)
    assert said["purchase"]["estimate"] == 0.4
    assert said["redeemed"]["estimate"] == 0.6
    assert (said["basket_minor"]["estimate"], said["margin_minor"]["estimate"]) == (0.6 * 250 - 0.2 * 300, 10.0)
    assert (said["true_uplift"], said["true_uplift_drawn"]) == (0.3, 0.4)
    assert (said["true_basket_minor"], said["true_margin_minor"]) == (90.0, 10.0)
    assert (said["covered"], said["covered_drawn"], said["sample_ratio_p"]) == (True, True, 1.0)


def test_a_wrong_estimate_is_said_to_be_wrong() -> None:
    """Ghosts whom nobody asked to buy, treated who buy anyway: the groups are not alike, and the truth is elsewhere."""
    people = [(f"a{i}", "tea", True, True) for i in range(60)] + [(f"b{i}", "tea", False, False) for i in range(60)]
    rows = [(float(i), who[0], "tea", "ok" if i < 60 else "holdout") for i, who in enumerate(people)]
    figures = report(decided(*rows), fates(*people, share=(0.5, 0.6)), {"tea": 0.5}).figures()
    assert (figures["measured"], figures["covered"]) == (1, 0)
    said = figures["by_campaign"]["tea"]
    assert (said["covered"], said["covered_drawn"], said["true_uplift_drawn"]) == (False, False, 0.0)


def test_only_moments_count_and_each_shopper_once() -> None:
    people = crowd(60)
    rows = [(float(i), who[0], "tea", "ok" if i % 2 else "holdout") for i, who in enumerate(people)]
    again = [(100.0 + i, who[0], "tea", "holdout" if i % 2 else "ok") for i, who in enumerate(people)]
    noise = [(50.0, "c1", "tea", r) for r in ("already_issued", "lost_arbitration", "budget", "no_consent")]
    one, same = (report(decided(*r), fates(*people), {"tea": 0.5}) for r in (rows, rows + again + noise))
    assert one == same


def test_shoppers_without_a_known_fate_are_counted_and_left_out() -> None:
    people = crowd(40)
    rows = [(float(i), who[0], "tea", "ok" if i % 2 else "holdout") for i, who in enumerate([*people, *crowd(9, "x")])]
    found = report(decided(*rows), fates(*people), {"tea": 0.5})
    assert found.without_fate == 9
    assert found.by_campaign["tea"].found.treated + found.by_campaign["tea"].found.ghosts == 40


def test_campaigns_that_hold_nobody_out_are_no_experiments() -> None:
    people = crowd(4)
    rows = [(1.0, "c1", "tea", "ok"), (2.0, "c2", "tea", "ok")]
    assert score_uplift(decided(*rows), fates(*people), {}) is None
    unmet = report(decided(*rows), fates(*people), {"jam": 0.2})
    assert list(unmet.by_campaign) == ["jam"]
    said = unmet.figures()["by_campaign"]["jam"]
    assert (said["state"], said["covered"], said["true_uplift"]) == ("not_enough_evidence", None, None)
    # a ghost tells of an experiment even where the table of shares is not there
    ghost = report(decided(*rows, (3.0, "c3", "tea", "holdout")), fates(*people), {})
    assert ghost.by_campaign["tea"].found.sample_ratio_p is None
    nothing = report(decided(), fates(), {"tea": 0.5}).figures()
    assert (nothing["experiments"], nothing["measured"], nothing["covered"]) == (1, 0, 0)


@pytest.mark.parametrize(("n", "holdout", "without", "with_it"), [(150, 0.5, 0.3, 0.45), (60, 0.4, 0.5, 0.4)])
def test_whole_experiments_cover_the_configured_truth(n: int, holdout: float, without: float, with_it: float) -> None:
    """500 crowds, groups by the hash that the engine uses, scored as a run is. 95 % within three standard errors."""
    rng = np.random.default_rng(n)
    covered, drawn, alarms = [], [], 0
    for k in range(500):
        u = rng.random(n)
        names = [f"{k}-{i}" for i in range(n)]
        people = [(name, "tea", bool(x < without), bool(x < with_it)) for name, x in zip(names, u, strict=True)]
        held = [place_in_experiment("tea", name) < holdout for name in names]
        rows = [(1.0, name, "tea", "holdout" if h else "ok") for name, h in zip(names, held, strict=True)]
        scored = report(decided(*rows), fates(*people, share=(without, with_it)), {"tea": holdout}).by_campaign["tea"]
        alarms += scored.found.sample_ratio_alarm
        covered.append(scored.covered)
        drawn.append(scored.figures()["covered_drawn"])
    assert alarms <= 3  # one in a thousand by design
    assert 0.92 <= np.mean([c for c in covered if c is not None]) <= 0.98
    assert np.mean(drawn) >= np.mean(covered) - 0.01  # the crowd's own mean is never harder to cover


def test_alarms_and_fates_are_counted_for_each_campaign() -> None:
    """Ninety of a hundred held out where half should be, in one of two campaigns."""
    people = crowd(100) + [(name, "jam", a, b) for name, _, a, b in crowd(100)]
    rows = [(float(i), f"c{i}", "tea", "ok" if i < 10 else "holdout") for i in range(100)]
    rows += [(float(i), f"c{i}", "jam", "ok" if i % 2 else "holdout") for i in range(100)]
    found = report(decided(*rows), fates(*people), {"tea": 0.5, "jam": 0.5})
    said = found.figures()
    assert (said["experiments"], said["sample_ratio_alarms"], said["moments_without_fate"]) == (2, 1, 0)
    assert set(said["by_campaign"]) == {"jam", "tea"}
    assert (found.by_campaign["tea"].found.ghosts, found.by_campaign["jam"].found.ghosts) == (90, 50)


def test_truth_is_rounded_and_of_those_who_reached_the_moment() -> None:
    people = [(f"c{i}", "tea", i == 0, i < 2) for i in range(3)]
    rows = [(float(i), f"c{i}", "tea", "ok" if i else "holdout") for i in range(2)]
    said = report(decided(*rows), fates(*people, share=(0.1, 0.43333)), {"tea": 0.5}).figures()["by_campaign"]["tea"]
    assert (said["true_uplift"], said["true_uplift_drawn"]) == (0.3333, 0.5)
    assert (said["true_basket_minor"], said["true_margin_minor"]) == (100.0, 0.0)
    assert (said["treated"], said["ghosts"]) == (1, 1)
