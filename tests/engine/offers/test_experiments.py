"""Control groups are fixed, of the right size, and meet the same moments as everybody else, at no cost."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from engine.offers.caps import WEEK_S, Limits, Spent
from engine.offers.claims import Claims
from engine.offers.experiments import experiment_of, is_control, note_experiment, place_in_experiment
from engine.records import Candidate, Decision, DeviceId, Grounds, Trigger
from engine.vocabulary import Channel
from tests.engine.offers.plans import campaign, spec
from tests.engine.offers.test_campaigns import parse, places

NOW = 1_700_000_000.0
WIDE = Limits(per_visit=9, per_day=9, per_week=9)
SHOPPERS = [f"s{i}" for i in range(4000)]


def control_of(experiment: str, share: float = 0.5) -> str:
    return next(s for s in SHOPPERS if place_in_experiment(experiment, s) < share)


def treated_of(experiment: str, share: float = 0.5) -> str:
    return next(s for s in SHOPPERS if place_in_experiment(experiment, s) >= share)


def candidate(campaign_id: str, shopper: str, visit: str = "v", worth: int = 200) -> Candidate:
    trigger = Trigger(f"{campaign_id}-{visit}", campaign_id, DeviceId(7), visit, NOW - 9, NOW, 0.9, NOW)
    name = f"d-{campaign_id}-{visit}-{shopper}"
    return Candidate(name, trigger, shopper, "market", "EUR", Channel.PAGE, 24.0, worth, 50)


def said(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(d.outcome, d.reason) for d in decisions]


def test_a_place_is_the_hash_of_experiment_and_shopper_and_of_nothing_else() -> None:
    first = hashlib.sha256(b"experiment|books|s1").digest()
    assert place_in_experiment("books", "s1") == int.from_bytes(first, "big") / 2**256 // 2**-53 * 2**-53
    assert place_in_experiment("books", "s1") != place_in_experiment("other", "s1")


def test_places_are_even_and_those_of_two_experiments_unrelated() -> None:
    a, b = (np.array([place_in_experiment(e, s) for s in SHOPPERS]) for e in ("books", "soap"))
    assert stats.kstest(a, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.05


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_so_many_are_held_out(share: float) -> None:
    held_out = sum(is_control(campaign(holdout_share=share), s) for s in SHOPPERS)
    assert held_out == pytest.approx(share * len(SHOPPERS), abs=4 * np.sqrt(share * (1 - share) * len(SHOPPERS)))


def test_a_share_that_grows_keeps_whom_it_held_out() -> None:
    few, many = ({s for s in SHOPPERS if is_control(campaign(holdout_share=h), s)} for h in (0.1, 0.3))
    assert few < many


def test_campaigns_of_one_experiment_hold_out_the_same_shoppers() -> None:
    one, two = (campaign(name, holdout_share=0.5, experiment="spring") for name in ("books", "other"))
    assert [is_control(one, s) for s in SHOPPERS] == [is_control(two, s) for s in SHOPPERS]
    assert (experiment_of(one), experiment_of(campaign("books"))) == ("spring", "books")
    grounds = Grounds("market", "EUR", Channel.PAGE, 24.0)
    assert note_experiment(grounds, one) == replace(grounds, experiment="spring", holdout_share=0.5)
    assert note_experiment(grounds, campaign()) == grounds


def test_the_file_may_say_so_and_its_mistakes_have_places() -> None:
    [read] = parse({**spec(), "holdout_share": 0.2, "experiment": "spring"})
    assert (read.holdout_share, read.experiment) == (0.2, "spring")
    [plain] = parse(spec())
    assert (plain.holdout_share, plain.experiment) == (0.0, None)
    for bad in ({"holdout_share": 0.95}, {"holdout_share": -0.1}, {"holdout_share": "half"}, {"experiment": "Né"}):
        assert places({**spec(), **bad}) == [f"campaigns.0.{next(iter(bad))}"]


def test_a_ghost_takes_the_slots_of_a_voucher_and_none_of_the_budget() -> None:
    held = {"holdout_share": 0.5, "budget": {"max_vouchers": 1}, "caps": {"per_day": 9, "per_week": 9}}
    book = Claims({"books": campaign(**held)}, Limits(per_visit=9, per_day=2, per_week=9))
    ana, bob = control_of("books"), treated_of("books")
    assert said(book.claim([candidate("books", ana)], NOW)) == [("refuse", "holdout")]
    assert said(book.claim([candidate("books", ana)], NOW + 1)) == [("refuse", "already_issued")]  # once a visit
    assert said(book.claim([candidate("books", ana, "w")], NOW + 2)) == [("refuse", "holdout")]
    assert said(book.claim([candidate("books", ana, "x")], NOW + 3)) == [("refuse", "cap_day")]
    assert book.spent["books"] == Spent()
    assert said(book.claim([candidate("books", bob)], NOW + 4)) == [("issue", "ok")]
    assert book.spent["books"] == Spent(1, 200)
    # nobody could be issued a coupon now, so there is no moment at which one is held back
    assert said(book.claim([candidate("books", ana, "y")], NOW + WEEK_S)) == [("refuse", "budget")]


def test_nothing_else_is_issued_in_a_ghosts_place() -> None:
    book = Claims({"books": campaign("books", holdout_share=0.5), "other": campaign("other")}, Limits(1, 9, 9))
    ana, bob = control_of("books"), treated_of("books")
    event = [candidate("books", ana), candidate("other", ana)]
    final = book.claim(event, NOW)
    assert said(final) == [("refuse", "holdout"), ("refuse", "lost_arbitration")]
    assert (final[0].grounds.experiment, final[0].grounds.holdout_share) == ("books", 0.5)
    assert (final[1].grounds.experiment, final[1].grounds.holdout_share) == (None, None)
    # nor later in the visit, as for those who got the coupon
    later = [said(book.claim([candidate("books", s), candidate("other", s)], NOW + k)) for k, s in ((9, ana), (0, bob))]
    assert later[0] == [("refuse", "already_issued"), ("refuse", "cap_visit")]
    assert later[1] == [("issue", "ok"), ("refuse", "lost_arbitration")]


def test_who_loses_the_arbitration_or_meets_a_cap_is_no_ghost() -> None:
    book = Claims({"books": campaign("books", holdout_share=0.5), "other": campaign("other")}, WIDE)
    ana = control_of("books")
    assert said(book.claim([candidate("other", ana), candidate("books", ana)], NOW)) == [
        ("issue", "ok"),
        ("refuse", "lost_arbitration"),
    ]


def test_treated_and_control_meet_the_same_moments() -> None:
    """The same events for twins of both groups: wherever one gets a coupon, the other has a ghost, and nowhere else."""
    rng = np.random.default_rng(5)
    limits = Limits(per_visit=1, per_day=3, per_week=6)
    both = {n: campaign(n, holdout_share=0.5, experiment="e", caps={"per_day": 2, "per_week": 4}) for n in ("a", "b")}
    book, twins = Claims(both, limits), (control_of("e"), treated_of("e"))
    now, reasons = NOW, set()
    for i in range(300):
        now += float(rng.choice([5.0, 600.0, 20_000.0]))
        names = rng.permutation(["a", "b"])[: int(rng.integers(1, 3))].tolist()
        ghost, coupon = (said(book.claim([candidate(n, s, f"v{i // 6}") for n in names], now)) for s in twins)
        assert [("issue", "ok") if r == "holdout" else (o, r) for o, r in ghost] == coupon
        reasons |= {r for _, r in ghost}
    assert {"holdout", "already_issued", "cap_visit", "cap_day", "cap_week", "lost_arbitration"} <= reasons
