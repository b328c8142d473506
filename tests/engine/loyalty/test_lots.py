"""From which lots points come: soonest end first, what is taken back by name; what is missing is owed, or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.loyalty.ledger import PROGRAMME, LedgerError, burn, claw_back, earn, expire, reversal
from engine.loyalty.lots import Lot, TooFewPoints, draw, settlement, soonest_first, spread, usable_points
from engine.records import Posting
from engine.vocabulary import Account, EntryKind

NOW = 1000.0
OLD = Lot("ana", "old", 30, 0, 100.0, None)
SOON = Lot("ana", "soon", 20, 0, 300.0, 1200.0)
LATER = Lot("ana", "later", 50, 5, 200.0, 5000.0)
PAST = Lot("ana", "past", 70, 0, 50.0, 1000.0)
EMPTY = Lot("ana", "empty", 0, 90, 60.0, None)
BEN = Lot("ben", "ben", 40, 0, 10.0, 1100.0)
ALL = (OLD, PAST, LATER, EMPTY, SOON, BEN)


def taken(postings: tuple[Posting, ...]) -> list[tuple[str, int]]:
    return [(p.lot, p.amount) for p in postings if p.account is Account.AVAILABLE]


def test_points_can_be_spent_to_their_end_and_not_at_it() -> None:
    assert PAST.usable(999.9)
    assert not PAST.usable(1000.0)
    assert OLD.usable(1e12)
    assert not EMPTY.usable(NOW)
    assert usable_points(ALL, NOW) == 30 + 50 + 20 + 40


def test_the_soonest_end_goes_first_and_what_never_ends_last_the_oldest_of_each() -> None:
    younger, twin = replace(OLD, key="younger", earned_at=101.0), replace(OLD, key="a twin")
    order = soonest_first([younger, *ALL, twin], NOW)
    assert [lot.key for lot in order] == ["ben", "soon", "later", "a twin", "old", "younger"]


def test_points_are_taken_from_one_lot_after_the_other() -> None:
    found, missing = spread(25, [SOON, EMPTY, replace(OLD, available=-3), LATER])
    assert [(p.account, p.member, p.amount, p.lot) for p in found] == [
        (Account.AVAILABLE, "ana", -20, "soon"), (Account.AVAILABLE, "ana", -5, "later"),
    ]  # fmt: skip
    assert missing == 0
    assert spread(30, [SOON]) == ([Posting(Account.AVAILABLE, "ana", -20, "soon")], 10)
    assert spread(20, [SOON, OLD]) == ([Posting(Account.AVAILABLE, "ana", -20, "soon")], 0)


def test_who_spends_spends_of_the_own_lots_alone() -> None:
    entry = draw(burn("spent", PROGRAMME, "ana", 60, NOW), ALL)
    assert taken(entry.postings) == [("soon", -20), ("later", -40)]
    assert sum(p.amount for p in entry.postings) == 0
    with pytest.raises(TooFewPoints, match=r"^1 points are missing$"):
        draw(burn("spent", PROGRAMME, "ana", 101, NOW), ALL)
    assert taken(draw(burn("spent", PROGRAMME, "ana", 100, NOW), ALL).postings)[-1] == ("old", -30)


def test_what_is_taken_back_comes_from_its_own_lot_and_what_was_spent_of_it_is_owed() -> None:
    entry = draw(claw_back("back", PROGRAMME, "ana", 60, NOW, lot="later"), ALL)
    assert taken(entry.postings) == [("later", -50)]
    assert [(p.member, p.amount) for p in entry.postings if p.account is Account.OWED] == [("ana", -10)]
    unnamed = draw(claw_back("back", PROGRAMME, "ana", 110, NOW), ALL)
    assert taken(unnamed.postings) == [("soon", -20), ("later", -50), ("old", -30)]
    assert [p.amount for p in unnamed.postings if p.account is Account.OWED] == [-10]
    assert not [p for p in draw(claw_back("b", PROGRAMME, "ana", 50, NOW, lot="later"), ALL).postings
                if p.account is Account.OWED]  # fmt: skip


def test_a_lot_of_its_own_is_taken_back_past_its_end() -> None:
    assert taken(draw(claw_back("back", PROGRAMME, "ana", 70, NOW, lot="past"), ALL).postings) == [("past", -70)]


def test_what_has_its_lot_already_stays_as_it_is() -> None:
    gone = expire("end", PROGRAMME, "ana", 70, NOW, lot="past")
    assert draw(gone, ALL) == gone
    earned = earn("new", PROGRAMME, EntryKind.VISIT, "ana", 5, NOW)
    assert draw(earned, ALL) == earned
    undone = reversal(earned, NOW)
    assert draw(undone, ALL) == undone
    assert taken(draw(expire("end", PROGRAMME, "ana", 25, NOW), ALL).postings) == [("soon", -20), ("later", -5)]


def test_a_debt_is_paid_from_usable_lots_of_the_household() -> None:
    paid = settlement("earned-7", PROGRAMME, NOW, 75, ["ana", "ben"], ALL)
    assert paid is not None
    assert (paid.key, paid.kind, paid.at) == ("settle:ana:earned-7", EntryKind.SETTLE, NOW)
    assert taken(paid.postings) == [("ben", -40), ("soon", -20), ("later", -15)]
    assert paid.postings[-1] == Posting(Account.OWED, "ana", 75)
    part = settlement("earned-7", PROGRAMME, NOW, 45, ["ben"], ALL)
    assert part is not None
    assert part.postings[-1] == Posting(Account.OWED, "ben", 40)


def test_nothing_is_paid_without_a_debt_or_points_and_a_debt_is_never_below_none() -> None:
    assert settlement("e", PROGRAMME, NOW, 0, ["ana"], ALL) is None
    assert settlement("e", PROGRAMME, NOW, 9, ["eve"], ALL) is None
    with pytest.raises(LedgerError, match=r"^a debt of -1$"):
        settlement("e", PROGRAMME, NOW, -1, ["ana"], ALL)
