"""`rayon campaigns apply` started what needs a second person: the file said `running`, and it ran, approved by nobody.

Right: it is a draft that waits, the answer says so, and once two people stand behind the terms the file may start it.
"""

from __future__ import annotations

from engine.offers.campaigns import Campaign, CampaignState
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import make_account
from engine.storage.database import Database
from engine.storage.keys import FINGERPRINT_CHARS, add_key, digest_of, rotate_key
from engine.storage.vouchers.campaign_files import CampaignDifference, apply_campaigns, compare_campaigns
from engine.storage.vouchers.campaigns import get_campaign, put_campaign, seed_campaigns, set_campaign_state
from engine.storage.vouchers.rows.revisions import signatures
from engine.vocabulary import Role
from tests.engine.storage.scenes import NOW, STORE, campaign

MOST = 5


def second(found: Campaign) -> bool:
    return (found.budget.max_vouchers or 0) > MOST


def said(*campaigns: Campaign, db: Database) -> list[CampaignDifference]:
    return apply_campaigns(db, STORE, campaigns, NOW, second)


def state(db: Database) -> CampaignState:
    return get_campaign(db, STORE, campaign().id).campaign.state


def test_what_needs_a_second_person_comes_as_a_draft(db: Database) -> None:
    cheap, dear = (campaign(budget={"max_vouchers": n}, state="running") for n in (MOST, MOST + 1))
    said(cheap, db=db)
    assert state(db) is CampaignState.RUNNING
    assert compare_campaigns(db, STORE, [dear], second)[0].waits
    [difference] = said(dear, db=db)
    assert difference.waits
    assert "second person" in str(difference)
    assert state(db) is CampaignState.DRAFT
    [again] = said(dear, db=db)  # nothing new to write, and it is said once more
    assert (again.waits, again.fields, get_campaign(db, STORE, dear.id).version) == (True, (), 2)
    set_campaign_state(db, STORE, dear.id, CampaignState.APPROVED, NOW, by="ben")
    [started] = said(dear, db=db)
    assert (started.waits, state(db)) == (False, CampaignState.RUNNING)


def test_a_new_one_waits_too(db: Database) -> None:
    [new] = said(campaign(budget={"max_vouchers": 99}, state="running"), db=db)
    assert (new.waits, state(db)) == (True, CampaignState.DRAFT)


def test_nor_does_it_run_for_being_in_the_file_of_a_new_site(db: Database) -> None:
    dear, cheap = (campaign(name, budget={"max_vouchers": n}, state="running") for name, n in (("d", 99), ("c", 1)))
    assert seed_campaigns(db, STORE, [dear, cheap], NOW, second) == 2
    states = [get_campaign(db, STORE, name).campaign.state for name in ("d", "c")]
    assert states == [CampaignState.DRAFT, CampaignState.RUNNING]


def test_a_key_is_the_account_that_has_it_also_when_it_is_rotated(db: Database) -> None:
    with db.write() as session:
        ann = make_account(session, COMMAND, "ann", "", [(Role.ADMIN, "*")], NOW)
    key_id, _ = add_key(db, "manager", NOW, held_by=ann.account_id)
    _, key = rotate_key(db, key_id, NOW, 0.0)
    put_campaign(db, STORE, campaign(state="draft"), NOW, by=digest_of(key)[:FINGERPRINT_CHARS])
    set_campaign_state(db, STORE, campaign().id, CampaignState.APPROVED, NOW, by="ann")
    assert not signatures(db, STORE, campaign().id).four_eyes
    set_campaign_state(db, STORE, campaign().id, CampaignState.DRAFT, NOW, by="ann")
    set_campaign_state(db, STORE, campaign().id, CampaignState.APPROVED, NOW, by="ben")
    assert signatures(db, STORE, campaign().id).four_eyes
