"""Restriction keeps everything and does nothing with it; who objects to statistics goes on getting offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import RetentionConfig
from engine.errors import NotFound
from engine.storage.database import Database
from engine.storage.journal import VisitRow, save_checkpoint
from engine.storage.people.opt_outs import list_opted_out
from engine.storage.people.rights import object_to_statistics, release, restrict
from engine.storage.people.shoppers import get_shopper, linked_devices, links_version, sign_in
from engine.storage.presence.heatmaps import visits_of
from engine.storage.retention.prospects import KEEP_PROFILE_S, purge_prospects
from engine.storage.retention.rules import rules_of
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.outbox import pending
from engine.storage.vouchers.vouchers import voucher_of
from tests.engine.storage.people.test_shoppers import PHONE, REQUEST
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, STORE, campaign, candidate, issue


@pytest.fixture
def who(db: Database) -> str:
    """A shopper whose phone is known, with a coupon on its way and a visit."""
    put_campaign(db, STORE, campaign())
    shopper_id = sign_in(db, REQUEST).shopper_id
    issue(db, shopper_id)
    visit = VisitRow(shopper_id, "fruit", "v1", NOW, NOW + 60, 60.0)
    save_checkpoint(db, STORE, 0, b"", [], [], [visit], NOW)
    return shopper_id


def test_a_restricted_phone_is_read_no_more_and_gets_nothing(db: Database, who: str) -> None:
    before = links_version(db, STORE)
    [row] = pending(db, "page", NOW)
    assert restrict(db, who, NOW + 1)
    assert not restrict(db, who, NOW + 2)
    assert get_shopper(db, who).restricted_at == NOW + 1
    assert linked_devices(db, STORE) == {}
    assert list_opted_out(db, STORE) == {PHONE}
    assert links_version(db, STORE) == before + 1
    assert pending(db, "page", NOW) == []
    assert voucher_of(db, row.delivery.voucher_id, who).voucher.state == "voided"
    [said] = claim(db, [candidate(who, name="d9", visit="v9")], NO_LIMITS, SECRET, NOW + 3).decisions
    assert (said.outcome, said.reason) == ("refuse", "no_consent")


def test_nothing_of_it_is_forgotten_by_age(db: Database, who: str, tmp_path: Path) -> None:
    restrict(db, who, NOW)
    much_later = NOW + KEEP_PROFILE_S + 1e7
    for rule in rules_of(db, RetentionConfig(), tmp_path):
        if rule.name in ("visits", "decisions", "deliveries", "prospects"):
            assert (rule.due(much_later), rule.forget(much_later)) == (0, 0), rule.name
    assert len(visits_of(db, who)) == 1
    release(db, who)
    assert purge_prospects(db, much_later) == 1


def test_it_ends_where_the_shopper_wants_it_to(db: Database, who: str) -> None:
    restrict(db, who, NOW)
    assert release(db, who)
    assert not release(db, who)
    assert set(linked_devices(db, STORE)) == {PHONE}, "what was agreed to before holds again"
    assert list_opted_out(db, STORE) == frozenset()


def test_signing_in_does_not_end_it(db: Database, who: str) -> None:
    restrict(db, who, NOW)
    sign_in(db, REQUEST.__class__(**{n: getattr(REQUEST, n) for n in REQUEST.__slots__} | {"shopper_id": who}))
    assert linked_devices(db, STORE) == {}


def test_who_objects_to_statistics_is_not_counted(db: Database, who: str) -> None:
    assert [s.counted for s in linked_devices(db, STORE).values()] == [True]
    assert object_to_statistics(db, who, NOW)
    assert not object_to_statistics(db, who, NOW + 1)
    assert [s.counted for s in linked_devices(db, STORE).values()] == [False]
    assert get_shopper(db, who).objected_at == NOW
    assert object_to_statistics(db, who, None)
    assert [s.counted for s in linked_devices(db, STORE).values()] == [True]


def test_nobody_has_no_rights(db: Database) -> None:
    for ask in (lambda: restrict(db, "x", NOW), lambda: release(db, "x"), lambda: object_to_statistics(db, "x", NOW)):
        with pytest.raises(NotFound):
            ask()
