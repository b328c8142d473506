"""Points from elsewhere come once for each reference, to whoever proves the card, and to nobody who was erased."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.loyalty.ledger import Balance
from engine.storage.commerce.given import KEPT_S, Given, GivenBefore, forget_given, keep_given
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.held import find_held
from engine.storage.programme.giving import post_given
from engine.vocabulary import EntryKind
from tests.engine.storage.programme.told import CARD, has_card, points, prove_card
from tests.engine.storage.scenes import NOW, at_once, shopper

ONE = Given("from:old", "M-1", EntryKind.MOVED_IN, CARD, 100, None)


def test_a_reference_counts_once_whoever_sends_and_posts_it(db: Database) -> None:
    who = shopper(db)
    has_card(db, who.shopper_id)
    said = at_once(4, lambda _: keep_given(db, [ONE, replace(ONE, ref="M-2")], NOW))
    assert said == {"2": 1, "0": 3}
    at_once(4, lambda _: post_given(db, NOW))
    assert points(db, who.member_id) == Balance(200, 0)
    assert (keep_given(db, [ONE], NOW), post_given(db, NOW)) == (0, 0)


def test_other_points_under_a_known_reference_are_refused_with_all_of_them(db: Database) -> None:
    keep_given(db, [ONE], NOW)
    new = replace(ONE, ref="M-2")
    with pytest.raises(GivenBefore) as refused:
        keep_given(db, [new, replace(ONE, points=99)], NOW)
    assert refused.value.refs == ("M-1",)
    assert keep_given(db, [new], NOW, dry_run=True) == 1, "all or none"
    assert keep_given(db, [new], NOW) == 1


def test_who_is_unknown_gets_them_by_proof(db: Database) -> None:
    keep_given(db, [ONE], NOW)
    assert [post_given(db, NOW) for _ in range(2)] == [1, 0]
    who = shopper(db)
    prove_card(db, who.shopper_id, NOW)
    post_given(db, NOW)
    assert points(db, who.member_id) == Balance(100, 0)
    assert "given_points" in find_held(db, who.shopper_id)


def test_what_nobody_comes_for_is_forgotten_and_what_was_posted_is_not(db: Database) -> None:
    keep_given(db, [ONE], NOW)
    post_given(db, NOW)
    assert [forget_given(db, NOW + s) for s in (KEPT_S - 1, KEPT_S)] == [0, 1]


def test_erased_what_waits_is_gone_and_what_was_posted_names_nobody(db: Database) -> None:
    who = shopper(db)
    has_card(db, who.shopper_id)
    keep_given(db, [ONE], NOW)
    post_given(db, NOW)
    keep_given(db, [replace(ONE, ref="M-2")], NOW)
    erase_shopper(db, who.shopper_id, NOW)
    assert post_given(db, NOW) == 0
    assert points(db, who.member_id) == Balance(100, 0)
    assert keep_given(db, [ONE], NOW) == 0
