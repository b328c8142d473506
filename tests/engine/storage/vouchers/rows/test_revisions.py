"""Versions of campaigns: each is kept with its author, and two editors of one never overwrite each other unseen."""

from __future__ import annotations

import pytest

from engine.offers.campaigns import CampaignState
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import get_campaign, put_campaign, seed_campaigns, set_campaign_state
from engine.storage.vouchers.rows.revisions import revisions, signatures, term_changes
from engine.storage.vouchers.rows.writing import CampaignChanged
from tests.engine.storage.scenes import NOW, STORE, campaign


def test_every_version_is_kept_with_its_author(db: Database) -> None:
    seed_campaigns(db, STORE, [campaign()], NOW)
    put_campaign(db, STORE, campaign(name="New"), NOW + 1, by="ana")
    set_campaign_state(db, STORE, "apples", CampaignState.PAUSED, NOW + 2, by="ben")
    found = revisions(db, STORE, "apples")
    assert [(r.version, r.by, r.state, r.at) for r in found] == [
        (3, "ben", "paused", NOW + 2),
        (2, "ana", "running", NOW + 1),
        (1, "file", "running", NOW),
    ]
    assert term_changes(found[2].terms, found[1].terms) == [("name", campaign().name, "New")]
    assert revisions(db, STORE, "pears") == []


def test_the_later_of_two_editors_is_told(db: Database) -> None:
    put_campaign(db, STORE, campaign(), NOW, expected=0)
    put_campaign(db, STORE, campaign(name="Ana's"), NOW, by="ana", expected=1)
    with pytest.raises(CampaignChanged, match="version 2"):
        put_campaign(db, STORE, campaign(name="Ben's"), NOW, by="ben", expected=1)
    with pytest.raises(CampaignChanged):
        set_campaign_state(db, STORE, "apples", CampaignState.ENDED, NOW, expected=1)
    with pytest.raises(CampaignChanged):
        put_campaign(db, STORE, campaign(), NOW, expected=0)  # a new one, under an id in use
    assert get_campaign(db, STORE, "apples").campaign.name == "Ana's"


def test_who_wrote_and_who_approved_the_terms_that_stand(db: Database) -> None:
    put_campaign(db, STORE, campaign(state="draft"), NOW, by="ana")
    set_campaign_state(db, STORE, "apples", CampaignState.APPROVED, NOW, by="ben")
    told = signatures(db, STORE, "apples")
    assert (told.author, told.approvers, told.four_eyes) == ("ana", {"ben"}, True)
    put_campaign(db, STORE, campaign(state="draft", priority=3), NOW, by="ben")  # his terms now, approved by nobody
    told = signatures(db, STORE, "apples")
    assert (told.author, told.approvers, told.four_eyes) == ("ben", frozenset(), False)
    set_campaign_state(db, STORE, "apples", CampaignState.APPROVED, NOW, by="ben")
    assert not signatures(db, STORE, "apples").four_eyes
