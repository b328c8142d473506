"""Three years after the last contact of any kind a profile is gone, not a second before."""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from engine.storage.database import Database
from engine.storage.journal import VisitRow, save_checkpoint
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, consent_log, get_shopper, sign_in
from engine.storage.retention.prospects import KEEP_PROFILE_S, purge_prospects
from engine.storage.vouchers.campaigns import put_campaign
from tests.engine.storage.scenes import NOW, PAGE, STORE, at_once, campaign, issue, shopper


def test_a_profile_is_purged_after_three_years_of_silence(db: Database) -> None:
    who = shopper(db, 7).shopper_id
    assert purge_prospects(db, NOW + KEEP_PROFILE_S) == 0
    assert get_shopper(db, who).shopper_id == who
    assert purge_prospects(db, NOW + KEEP_PROFILE_S + 1) == 1
    with pytest.raises(NotFound):
        get_shopper(db, who)
    assert consent_log(db, who)[-1].place == "erasure"
    assert purge_prospects(db, NOW + KEEP_PROFILE_S + 1) == 0


@pytest.mark.parametrize("contact", ["sign-in", "visit", "voucher"])
def test_any_contact_keeps_it(db: Database, contact: str) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db, 7).shopper_id
    later = NOW + 1000
    if contact == "sign-in":
        sign_in(db, SignIn(STORE, PhoneClaim(), who, None, None, "fr", [PAGE], "2026-01", later))
    elif contact == "visit":
        save_checkpoint(db, STORE, 0, b"", [], [], [VisitRow(who, "fruit", "v1", later - 60, later, 60.0)], later)
    else:
        issue(db, who, at=later)
    assert purge_prospects(db, NOW + KEEP_PROFILE_S + 999) == 0
    assert purge_prospects(db, NOW + KEEP_PROFILE_S + 1001) == 1


def test_several_processes_purge_once(db: Database) -> None:
    for i in range(5):
        shopper(db, 100 + i)
    said = at_once(4, lambda _: purge_prospects(db, NOW + 2 * KEEP_PROFILE_S))
    assert sum(int(n) * times for n, times in said.items()) == 5
