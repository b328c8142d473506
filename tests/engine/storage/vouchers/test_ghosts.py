"""Ghost triggers in the database: a refusal that holds slots, costs nothing, and stays as it was told first."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.offers.caps import DAY_S, WEEK_S, Limits
from engine.offers.experiments import is_control
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.shoppers import set_consents
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.decisions import latest_decisions
from engine.storage.vouchers.outbox import pending
from engine.storage.vouchers.vouchers import counts, vouchers_of
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, STORE, at_once, campaign, candidate, shopper

HELD = campaign("apples", holdout_share=0.5)


@pytest.fixture
def ana(db: Database) -> str:
    """A shopper whom `apples` holds out; `pears` is for everybody."""
    put_campaign(db, STORE, HELD)
    put_campaign(db, STORE, campaign("pears"))
    while not is_control(HELD, who := shopper(db).shopper_id):
        continue
    return who


def ask(
    db: Database, who: str, *campaigns: str, name: str, visit: str = "v1", at: float = NOW, limits: Limits = NO_LIMITS
) -> list[tuple[str, str]]:
    event = [candidate(who, c, visit=visit, name=f"{name}-{c}", at=at) for c in campaigns]
    return [(d.outcome, d.reason) for d in claim(db, event, limits, SECRET, at).decisions]


def test_a_ghost_is_stored_with_its_experiment_and_nothing_is_sent(db: Database, ana: str) -> None:
    assert ask(db, ana, "apples", "pears", name="d") == [("refuse", "holdout"), ("refuse", "lost_arbitration")]
    kept = {d.campaign_id: d for d in latest_decisions(db, STORE, from_t=0, to_t=4e9)}
    assert (kept["apples"].reason, kept["apples"].shopper_id) == ("holdout", ana)
    assert (kept["apples"].grounds.experiment, kept["apples"].grounds.holdout_share) == ("apples", 0.5)
    assert vouchers_of(db, ana) == []
    assert pending(db, "page", NOW) == []
    used = get_campaign(db, STORE, "apples")
    assert (used.vouchers_used, used.amount_used_minor) == (0, 0)
    assert counts(db, STORE)["vouchers_issued"] == 0


def test_a_ghost_holds_slots_like_a_voucher(db: Database, ana: str) -> None:
    assert ask(db, ana, "apples", name="a") == [("refuse", "holdout")]
    assert ask(db, ana, "apples", name="b", at=NOW + 5) == [("refuse", "already_issued")]
    assert ask(db, ana, "pears", name="c", limits=Limits(1, 9, 9)) == [("refuse", "cap_visit")]
    assert ask(db, ana, "pears", name="d", visit="v2", limits=Limits(9, 1, 9)) == [("refuse", "cap_day")]
    assert ask(db, ana, "pears", name="e", visit="v2", limits=Limits(9, 9, 1)) == [("refuse", "cap_week")]
    assert ask(db, ana, "pears", name="f", visit="v2", at=NOW + DAY_S, limits=Limits(9, 1, 9)) == [("issue", "ok")]


def test_a_visit_is_as_long_as_it_is_for_ghosts_too(db: Database, ana: str) -> None:
    assert ask(db, ana, "apples", name="a", limits=Limits(1, 9, 9)) == [("refuse", "holdout")]
    later = NOW + 2 * WEEK_S
    event = ask(db, ana, "apples", "pears", name="b", at=later, limits=Limits(1, 9, 9))
    assert event == [("refuse", "already_issued"), ("refuse", "cap_visit")]
    assert ask(db, ana, "pears", name="c", visit="v2", at=later, limits=Limits(1, 1, 1)) == [("issue", "ok")]


def test_a_replay_tells_the_ghost_again_and_issues_nothing_beside_it(db: Database, ana: str) -> None:
    first = claim(db, [candidate(ana)], NO_LIMITS, SECRET, NOW)
    assert claim(db, [candidate(ana)], NO_LIMITS, SECRET, NOW + 50) == first
    assert first.decisions[0].reason == "holdout"
    # the share was taken back between the crash and the replay: what was decided stays decided
    put_campaign(db, STORE, campaign("apples"))
    again = claim(db, [candidate(ana, "pears", name="d0"), candidate(ana)], NO_LIMITS, SECRET, NOW + 60)
    assert [(d.outcome, d.reason) for d in again.decisions] == [("refuse", "lost_arbitration"), ("refuse", "holdout")]
    assert vouchers_of(db, ana) == []


def test_without_consent_there_is_no_ghost(db: Database, ana: str) -> None:
    set_consents(db, ana, [ConsentChoice("location_offers", "page", False)], "2026-01", "page", NOW)
    assert ask(db, ana, "apples", name="a") == [("refuse", "no_consent")]


def test_an_erased_shoppers_ghosts_are_nobodys(db: Database, ana: str) -> None:
    ask(db, ana, "apples", name="a")
    erase_shopper(db, ana, NOW + 1)
    [row] = latest_decisions(db, STORE, from_t=0, to_t=4e9)
    assert row.reason == "holdout"
    assert row.shopper_id != ana


def test_many_at_once_make_one_ghost_a_visit(db: Database, ana: str) -> None:
    def work(i: int) -> str:
        [final] = claim(db, [candidate(ana, name=f"d{i}")], NO_LIMITS, SECRET, NOW).decisions
        return final.reason

    assert at_once(8, work) == Counter({"already_issued": 7, "holdout": 1})
