"""The ledger: sums to zero, never changes, says the same thing twice when asked twice."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import func, select

from engine.loyalty import ledger as books
from engine.loyalty.ledger import PROGRAMME, Balance, LedgerError
from engine.records import LedgerEntry, Posting
from engine.storage.accounts.audit import Actor, note
from engine.storage.database import Database
from engine.storage.loyalty.ledger import (
    EntryConflict,
    NotEnoughPoints,
    balance,
    entries_of,
    hold_in,
    post,
    post_in,
    release_pending,
)
from engine.storage.models import APPEND_ONLY
from engine.storage.models.identity import MergeLogTable
from engine.storage.models.ledger import (
    LedgerPostingTable,
    LoyaltyCorrectionTable,
    LoyaltyMoveTable,
    LoyaltyPurchaseTable,
    LoyaltyReturnTable,
    ShareReviewTable,
)
from engine.vocabulary import Account, AuditAction
from tests.engine.loyalty.summed import balance_of
from tests.engine.storage.scenes import NOW, at_once, shopper
from tests.examples import examples

EARN = books.earn("e1", PROGRAMME, "share_visit", "m1", 100, NOW)


def total(db: Database, programme: str = PROGRAMME) -> int:
    amounts = select(func.coalesce(func.sum(LedgerPostingTable.amount), 0))
    with db.read() as session:
        return int(session.exec(amounts.where(LedgerPostingTable.programme == programme)).one())


def hold(db: Database, key: str, points: int, release_at: float, member: str = "m1") -> LedgerEntry:
    entry = books.earn_pending(key, PROGRAMME, "share_visit", member, points, NOW)
    with db.write() as session:
        post_in(session, entry)
        hold_in(session, entry, member, points, release_at)
    return entry


def test_the_same_entry_twice_is_one(db: Database) -> None:
    assert post(db, EARN) is True
    assert post(db, EARN) is False
    assert post(db, replace(EARN, at=NOW + 5)) is False  # a retry comes later, and is the same
    assert balance(db, PROGRAMME, "m1") == Balance(100, 0)


@pytest.mark.parametrize(
    "other",
    [
        books.earn("e1", PROGRAMME, "share_visit", "m1", 101, NOW),
        books.earn("e1", PROGRAMME, "share_visit", "m2", 100, NOW),
        books.earn("e1", PROGRAMME, "burn", "m1", 100, NOW),
        books.earn_pending("e1", PROGRAMME, "share_visit", "m1", 100, NOW),
        replace(EARN, note="another"),
    ],
)
def test_the_same_key_with_other_content_is_an_error(db: Database, other: LedgerEntry) -> None:
    post(db, EARN)
    with pytest.raises(EntryConflict) as refused:
        post(db, other)
    assert refused.value.status == 422
    assert balance(db, PROGRAMME, "m1") == Balance(100, 0)


def test_programmes_are_apart(db: Database) -> None:
    post(db, EARN)
    assert post(db, books.earn("e1", "other", "share_visit", "m1", 7, NOW)) is True
    assert balance(db, PROGRAMME, "m1") == Balance(100, 0)
    assert balance(db, "other", "m1") == Balance(7, 0)


@pytest.mark.parametrize(
    "postings",
    [
        (Posting(Account.ISSUED, "", -100), Posting(Account.AVAILABLE, "m1", 99)),
        (Posting(Account.AVAILABLE, "m1", 100),),
        (Posting(Account.ISSUED, "", 0), Posting(Account.AVAILABLE, "m1", 0)),
        (),
    ],
)
def test_what_does_not_sum_to_zero_is_not_written(db: Database, postings: tuple[Posting, ...]) -> None:
    with pytest.raises(LedgerError):
        post(db, LedgerEntry("x", PROGRAMME, "share_visit", NOW, postings))
    assert entries_of(db, "m1") == []


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}"])
def test_the_database_itself_refuses_change(db: Database, table: str, verb: str) -> None:
    post(db, EARN)
    shopper(db)  # writes the consent log
    with db.write() as session:
        session.add(ShareReviewTable(visit_id=1, store="s", verdict="flagged", score=3.0, signals="{}", by="m", at=NOW))
        named = dict.fromkeys(("merge_id", "change", "kept", "merged", "proof", "moved"), "x")
        session.add(MergeLogTable(**named, at=NOW))
        bought = dict.fromkeys(("purchase_id", "programme", "member", "earned_key", "lines", "content"), "x")
        session.add(LoyaltyPurchaseTable(**bought, points=1, at=NOW))
        back = dict.fromkeys(("return_id", "purchase_id", "lines", "content"), "x")
        session.flush()
        session.add(LoyaltyReturnTable(**back, points=1, at=NOW))
        newer = dict.fromkeys(("purchase_id", "lines", "content"), "x")
        session.add(LoyaltyCorrectionTable(**newer, version=2, points=1, at=NOW))
        named = dict.fromkeys(("purchase_id", "member", "tier", "earned_key"), "x")
        session.add(LoyaltyMoveTable(**named, version=2, points=1, at=NOW))
        note(session, Actor("ana", "a1"), AuditAction.SIGNED_IN, NOW)
    with pytest.raises(DBAPIError, match="append-only"), db.write() as session:
        session.connection().execute(text(verb.format(table)))
    with db.read() as session:
        assert session.connection().execute(text(f"SELECT count(*) FROM {table}")).scalar_one() > 0


def test_nobody_spends_what_they_do_not_have(db: Database) -> None:
    post(db, EARN)
    hold(db, "p1", 50, NOW + 60)
    with pytest.raises(NotEnoughPoints):
        post(db, books.burn("b1", PROGRAMME, "m1", 101, NOW))  # pending points do not count
    assert post(db, books.burn("b1", PROGRAMME, "m1", 100, NOW))
    assert balance(db, PROGRAMME, "m1") == Balance(0, 50)
    with pytest.raises(NotEnoughPoints):
        post(db, books.expire("x1", PROGRAMME, "m1", 1, NOW))
    assert post(db, books.claw_back("c1", PROGRAMME, "m1", 30, NOW))  # spent already: a debt
    assert balance(db, PROGRAMME, "m1") == Balance(0, 50, 30)
    assert post(db, books.earn("e2", PROGRAMME, "share_visit", "m1", 45, NOW))  # pays it
    assert balance(db, PROGRAMME, "m1") == Balance(15, 50)


def test_of_many_burns_at_once_only_the_covered_ones_pass(db: Database) -> None:
    post(db, EARN)
    said = at_once(30, lambda i: post(db, books.burn(f"b{i}", PROGRAMME, "m1", 30, NOW)))
    assert said == {"True": 3, "not_enough_points": 27}
    assert balance(db, PROGRAMME, "m1") == Balance(10, 0)


def test_one_key_posted_many_times_at_once_is_one_entry(db: Database) -> None:
    assert at_once(30, lambda _: post(db, EARN)) == {"True": 1, "False": 29}
    other = books.earn("e2", PROGRAMME, "share_visit", "m1", 1, NOW)
    said = at_once(20, lambda i: post(db, replace(other, note=str(i % 2))))
    assert said == {"True": 1, "False": 9, "ledger_key_reused": 10}
    assert balance(db, PROGRAMME, "m1") == Balance(101, 0)


def test_a_reversal_undoes_once(db: Database) -> None:
    post(db, EARN)
    undo = books.reversal(EARN, NOW + 1)
    assert post(db, undo) is True
    assert post(db, undo) is False
    with pytest.raises(EntryConflict):
        post(db, replace(undo, key="another key"))
    assert balance(db, PROGRAMME, "m1") == Balance(0, 0)
    assert [e.kind for _, e in entries_of(db, "m1")] == ["reversal", "share_visit"]


def test_a_reversal_must_be_one(db: Database) -> None:
    post(db, EARN)
    undo = books.reversal(EARN, NOW + 1)
    with pytest.raises(EntryConflict, match="no entry"):
        post(db, replace(undo, reverses="e9"))
    half = (Posting(Account.ISSUED, "", 50), Posting(Account.AVAILABLE, "m1", -50))
    with pytest.raises(EntryConflict, match="not the reverse"):
        post(db, replace(undo, postings=half))


def test_a_hold_is_released_when_it_has_passed_once(db: Database) -> None:
    hold(db, "p1", 50, NOW + 60)
    hold(db, "p2", 20, NOW + 90)
    assert balance(db, PROGRAMME, "m1") == Balance(0, 70)
    assert release_pending(db, NOW + 59.9) == 0
    assert release_pending(db, NOW + 60) == 1
    assert release_pending(db, NOW + 60) == 0
    assert balance(db, PROGRAMME, "m1") == Balance(50, 20)
    assert release_pending(db, NOW + 1000) == 1
    assert balance(db, PROGRAMME, "m1") == Balance(70, 0)


def test_points_reversed_while_on_hold_are_never_released(db: Database) -> None:
    entry = hold(db, "p1", 50, NOW + 60)
    post(db, books.reversal(entry, NOW + 1))
    assert release_pending(db, NOW + 60) == 0
    assert balance(db, PROGRAMME, "m1") == Balance(0, 0)


def test_points_released_are_clawed_back_not_reversed(db: Database) -> None:
    entry = hold(db, "p1", 50, NOW + 60)
    release_pending(db, NOW + 60)
    with pytest.raises(EntryConflict, match="claw"):
        post(db, books.reversal(entry, NOW + 61))
    assert balance(db, PROGRAMME, "m1") == Balance(50, 0)


def test_release_in_many_processes_at_once_and_in_batches(db: Database) -> None:
    for i in range(230):  # more than one batch
        hold(db, f"p{i:03}", 1, NOW + 60, member=f"m{i % 5}")
    said = at_once(6, lambda _: release_pending(db, NOW + 60))
    assert sum(int(n) * times for n, times in said.items()) == 230
    assert [balance(db, PROGRAMME, f"m{k}") for k in range(5)] == [Balance(46, 0)] * 5
    assert total(db) == 0


def test_entries_come_by_page_newest_first(db: Database) -> None:
    for i in range(5):
        post(db, books.earn(f"e{i}", PROGRAMME, "share_visit", "m1", 1 + i, NOW + i))
    post(db, books.earn("other", PROGRAMME, "share_visit", "m2", 1, NOW))
    first = entries_of(db, "m1", limit=3)
    rest = entries_of(db, "m1", after=first[-1][0], limit=3)
    assert [e.key for _, e in first + rest] == ["e4", "e3", "e2", "e1", "e0"]
    assert rest[-1][1] == books.earn("e0", PROGRAMME, "share_visit", "m1", 1, NOW)


MOVES = st.lists(
    st.tuples(st.sampled_from(["earn", "pend", "burn", "claw", "release"]), st.sampled_from("ab"), st.integers(1, 60)),
    max_size=12,
)


@examples(25, HealthCheck.function_scoped_fixture)  # each history is of a programme of its own
@given(moves=MOVES)
def test_stored_balances_are_what_the_entries_say(db: Database, moves: list[tuple[str, str, int]]) -> None:
    """Any history: the sum over all accounts is zero, and SQL agrees with the definition in plain Python."""
    programme = str(uuid.uuid4())  # the database is the same for all examples
    written: list[LedgerEntry] = []
    for i, (kind, name, points) in enumerate(moves):
        key, member = f"{programme}-{i}", f"{name} {programme}"
        entry = {
            "earn": lambda k, m, p: books.earn(k, programme, "share_visit", m, p, NOW),
            "pend": lambda k, m, p: books.earn_pending(k, programme, "share_visit", m, p, NOW),
            "burn": lambda k, m, p: books.burn(k, programme, m, p, NOW),
            "claw": lambda k, m, p: books.claw_back(k, programme, m, p, NOW),
            "release": lambda k, m, p: books.release(k, programme, m, p, NOW),
        }[kind](key, member, points)
        held = balance_of(written, programme, member)
        short = (kind == "burn" and held.available < points) or (kind == "release" and held.pending < points)
        if short:
            with pytest.raises(NotEnoughPoints):
                post(db, entry)
        else:
            assert post(db, entry)
            written.append(entry)
    for member in (f"a {programme}", f"b {programme}"):
        said, held = balance_of(written, programme, member), balance(db, programme, member)
        assert (held.available - held.owed, held.pending) == (said.available, said.pending)
        assert min(held.available, held.pending, held.owed) >= 0
        assert held == balance_of([entry for _, entry in entries_of(db, member)], programme, member)
    assert total(db, programme) == 0
