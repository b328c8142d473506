"""The database and the offline chain give the same answers to the same candidates, whatever they are."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from engine.offers.campaigns import Campaign
from engine.offers.caps import DAY_S, WEEK_S, Limits
from engine.offers.claims import Claims
from engine.offers.experiments import place_in_experiment
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.claims import claim
from tests.engine.storage.scenes import NOW, SECRET, campaign, candidate, shopper

CAMPAIGNS = (
    campaign("apples", caps={"per_day": 1, "per_week": 2}, budget={"max_vouchers": 9}),
    campaign("pears", caps={"per_day": 2, "per_week": 3}, budget={"max_amount_minor": 400}),
    campaign("plums"),
)

GAPS_S = (1.0, 600.0, DAY_S / 2, DAY_S, WEEK_S / 3)  # a day to the second, so that windows end where events begin


def held_out(people: list[str]) -> tuple[Campaign, ...]:
    """The same, two of them with a control group that the first of these people is in, and nobody else."""
    names = (f"try-{i}" for i in count())
    name = next(n for n in names if [place_in_experiment(n, p) < 0.5 for p in people] == [True, False, False])
    share = {"holdout_share": 0.5, "experiment": name}
    return CAMPAIGNS[0].model_copy(update=share), CAMPAIGNS[1].model_copy(update=share), CAMPAIGNS[2]


@pytest.mark.parametrize("experiment", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_random_events_end_alike_in_memory_and_in_the_database(db: Database, seed: int, experiment: bool) -> None:
    rng = np.random.default_rng(seed)
    limits = Limits(per_visit=2, per_day=3, per_week=5)
    people = [shopper(db).shopper_id for _ in range(3)]
    campaigns = held_out(people) if experiment else CAMPAIGNS
    for each in campaigns:
        put_campaign(db, "market", each)
    book = Claims({c.id: c for c in campaigns}, limits)
    now, reasons = NOW, set()
    for i in range(50):  # the rarest reasons are there by then
        now += float(rng.choice(GAPS_S))
        who, visit = people[int(rng.integers(3))], f"v{i // 8}"
        chosen = rng.permutation(3)[: int(rng.integers(1, 4))].tolist()
        event = [
            candidate(who, campaigns[k].id, visit=f"{visit}-{who}", name=f"{seed}-{i}-{k}", at=now, worth=50 + 30 * k)
            for k in chosen
        ]
        stored, kept = claim(db, event, limits, SECRET, now), book.claim(event, now)
        assert stored.decisions == kept
        assert [i.decision for i in stored.issued] == [d for d in kept if d.outcome == "issue"]
        reasons |= {d.reason for d in kept}
    assert {"ok", "lost_arbitration", "already_issued", "cap_visit", "budget"} <= reasons
    assert ("holdout" in reasons) == experiment
    for each in campaigns:
        row, spent = get_campaign(db, "market", each.id), book.spent[each.id]
        assert (row.vouchers_used, row.amount_used_minor) == (spent.vouchers, spent.amount_minor)
