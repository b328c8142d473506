"""A code of a card is for its half minute and the next, for one till, and for one purchase."""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.card_codes import CardCodeUsed, purge_codes, read_code, show_code
from engine.storage.programme.rewards import buy_with_card
from tests.engine.storage.programme.test_rewards import ONE
from tests.engine.storage.programme.told import earn, has_card, points, receipt
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, shopper


def test_it_is_read_in_its_time_by_the_first_till(db: Database) -> None:
    who = shopper(db)
    for _ in range(2):
        show_code(db, who.shopper_id, "d", 10)
    for step in (9, 12):
        with pytest.raises(NotFound):
            read_code(db, "d", "till 1", step)
    assert [read_code(db, "d", "till 1", step) for step in (10, 11)] == [who.shopper_id] * 2
    with pytest.raises(CardCodeUsed):
        read_code(db, "d", "till 2", 10)
    show_code(db, who.shopper_id, "d", 10)  # looking again gives it to nobody else
    with pytest.raises(CardCodeUsed):
        read_code(db, "d", "till 2", 10)


def test_of_two_tills_at_once_one_reads_it(db: Database) -> None:
    who = shopper(db)
    show_code(db, who.shopper_id, "d", 10)
    assert at_once(5, lambda i: read_code(db, "d", f"till {i}", 10)) == {who.shopper_id: 1, "card_code_used": 4}


def test_one_code_buys_one_reward_once(db: Database) -> None:
    who = shopper(db)
    has_card(db, who.shopper_id)
    keep_events(db, [receipt("r", 20_000)], NOW)
    earn(db)
    show_code(db, who.shopper_id, "d", 10)

    def buy(key: str, till: str = "till 1") -> str:
        return buy_with_card(db, ONE, "d", STORE, till, 10, key, SECRET, NOW)

    assert len(at_once(4, lambda _: buy("k"))) == 1
    assert points(db, who.member_id).available == 150
    for key, till in (("k2", "till 1"), ("k", "till 2")):
        with pytest.raises(CardCodeUsed):
            buy(key, till)
    assert points(db, who.member_id).available == 150


def test_codes_are_forgotten(db: Database) -> None:
    who, other = shopper(db), shopper(db)
    show_code(db, who.shopper_id, "d", 10)
    show_code(db, other.shopper_id, "e", 10)
    erase_shopper(db, who.shopper_id, NOW)
    with pytest.raises(NotFound):
        read_code(db, "d", "till 1", 10)
    assert [purge_codes(db, step) for step in (20, 21)] == [0, 1]
