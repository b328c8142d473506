"""Stops at products: kept of who agreed to both, gone with the consent, the profile and the time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.config import RetentionConfig
from engine.privacy.consent import ConsentChoice, allows_joining
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.figures.product_stops import StopRow
from engine.storage.journal import save_checkpoint
from engine.storage.people.held import find_held
from engine.storage.people.merges import merge_in, split
from engine.storage.people.rights import restrict
from engine.storage.people.shoppers import set_consents
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from engine.vocabulary import Channel, IdentifierKind, Purpose
from tests.engine.storage.scenes import NOW, PAGE, STORE, shopper

DAY_S = 86_400.0
CRM = ConsentChoice("crm", "any", True)
STATISTICS = ConsentChoice("statistics", "any", True)


def stop(db: Database, who: str, *skus: str, at: float = NOW) -> None:
    rows = [StopRow(who, sku, at, 0.7) for sku in skus]
    save_checkpoint(db, STORE, 0, b"", [], [], [], at, stops=rows)


def kept(db: Database, who: str) -> list[str]:
    return [row["sku"] for row in find_held(db, who).get("product_stop", [])]


@pytest.mark.parametrize(
    ("consents", "some"),
    [((PAGE, CRM), True), ((STATISTICS, CRM), True), ((PAGE,), False), ((CRM,), False), ((STATISTICS, PAGE), False)],
)
def test_kept_only_with_both_consents(db: Database, consents: Sequence[ConsentChoice], some: bool) -> None:
    who = shopper(db, consents=consents).shopper_id
    for _ in range(2):
        stop(db, who, "A1", "B2")
    assert kept(db, who) == (["A1", "B2"] if some else []), "and each once"
    assert allows_joining(frozenset((c.purpose, c.channel) for c in consents)) is some


def test_gone_with_the_consent_and_with_the_profile(db: Database) -> None:
    withdrawn, erased = (shopper(db, consents=(STATISTICS, PAGE, CRM)).shopper_id for _ in range(2))
    for who in (withdrawn, erased):
        stop(db, who, "A1")
    set_consents(db, withdrawn, [ConsentChoice("statistics", "any", False)], "2026-01", "me", NOW)
    assert kept(db, withdrawn) == ["A1"], "offers are agreed to as well"
    set_consents(db, withdrawn, [ConsentChoice(Purpose.CRM, Channel.ANY, False)], "2026-01", "me", NOW)
    assert kept(db, withdrawn) == []
    erase_shopper(db, erased, NOW)
    stop(db, erased, "A1")
    again = shopper(db, consents=(STATISTICS, CRM)).shopper_id
    assert kept(db, again) == []


def test_none_of_who_has_their_data_at_rest_and_what_there_is_stays(db: Database, tmp_path: Path) -> None:
    resting, other = (shopper(db, consents=(STATISTICS, CRM)).shopper_id for _ in range(2))
    for who in (resting, other):
        stop(db, who, "A1")
    restrict(db, resting, NOW)
    stop(db, resting, "B2")
    forget(db, rules_of(db, RetentionConfig(stops_days=10), tmp_path), NOW + 11 * DAY_S)
    assert (kept(db, resting), kept(db, other)) == (["A1"], [])


def test_merged_and_split(db: Database) -> None:
    one, two = (shopper(db, consents=(STATISTICS, CRM)).shopper_id for _ in range(2))
    stop(db, two, "A1")
    with db.write() as session:
        merge_id = merge_in(session, one, two, IdentifierKind.EMAIL, NOW + 1)
    assert (kept(db, one), kept(db, two)) == (["A1"], [])
    split(db, merge_id, one, NOW + 2)
    assert (kept(db, one), kept(db, two)) == ([], ["A1"])
