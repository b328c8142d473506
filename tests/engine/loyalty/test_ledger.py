"""Entries: built to sum to zero, and nothing else can be built."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.loyalty import ledger
from engine.loyalty.ledger import (
    Balance,
    LedgerError,
    check_entry,
    content_digest,
)
from engine.records import LedgerEntry, Posting
from engine.vocabulary import Account
from tests.engine.loyalty.summed import balance_of

BUILT = [
    (lambda n: ledger.earn("k", "p", "share_visit", "m", n, 1.0), {Account.AVAILABLE: 1, Account.ISSUED: -1}),
    (lambda n: ledger.earn_pending("k", "p", "share_visit", "m", n, 1.0), {Account.PENDING: 1, Account.ISSUED: -1}),
    (lambda n: ledger.release("k", "p", "m", n, 1.0), {Account.PENDING: -1, Account.AVAILABLE: 1}),
    (lambda n: ledger.burn("k", "p", "m", n, 1.0), {Account.AVAILABLE: -1, Account.BURNED: 1}),
    (lambda n: ledger.expire("k", "p", "m", n, 1.0), {Account.AVAILABLE: -1, Account.EXPIRED: 1}),
    (lambda n: ledger.claw_back("k", "p", "m", n, 1.0), {Account.AVAILABLE: -1, Account.CLAWBACK: 1}),
]


@pytest.mark.parametrize(("build", "moves"), BUILT)
@given(points=st.integers(1, 10**12))
def test_each_movement_goes_from_one_account_to_another(build: Any, moves: dict[str, int], points: int) -> None:
    entry = build(points)
    assert {p.account: p.amount for p in entry.postings} == {a: sign * points for a, sign in moves.items()}
    assert sum(p.amount for p in entry.postings) == 0
    assert check_entry(entry) is entry


@pytest.mark.parametrize(("build", "_moves"), BUILT)
@pytest.mark.parametrize("points", [0, -5, 1.5, True])
def test_points_are_positive_integers(build: Any, _moves: dict[str, int], points: Any) -> None:
    with pytest.raises(LedgerError):
        build(points)


@pytest.mark.parametrize(("build", "_moves"), BUILT)
def test_a_reversal_takes_everything_back(build: Any, _moves: dict[str, int]) -> None:
    entry = build(40)
    back = ledger.reversal(entry, 2.0)
    assert (back.reverses, back.kind) == ("k" if entry.key == "k" else entry.key, "reversal")
    assert balance_of([entry, back], "p", "m") == Balance(0, 0)
    with pytest.raises(LedgerError):
        ledger.reversal(back, 3.0)


PAIR = (Posting(Account.ISSUED, "", -5), Posting(Account.AVAILABLE, "m", 5))


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ""},
        {"programme": ""},
        {"kind": ""},
        {"postings": ()},
        {"postings": PAIR[:1]},
        {"postings": (*PAIR, Posting(Account.AVAILABLE, "m", 1))},
        {"postings": (*PAIR, Posting(Account.BURNED, "", 0))},
        {"postings": (Posting("cash", "", -5), PAIR[1])},
        {"postings": (Posting(Account.ISSUED, "m", -5), PAIR[1])},
        {"postings": (PAIR[0], Posting(Account.AVAILABLE, "", 5))},
        {"postings": (Posting(Account.ISSUED, "", -5.0), PAIR[1])},  # type: ignore[arg-type]
    ],
)
def test_entries_that_must_never_be(changes: dict[str, Any]) -> None:
    right = LedgerEntry("k", "p", "burn", 1.0, PAIR)
    assert check_entry(right) is right
    with pytest.raises(LedgerError):
        check_entry(replace(right, **changes))


def test_what_makes_two_entries_the_same() -> None:
    base = LedgerEntry("k", "p", "burn", 1.0, PAIR)
    assert content_digest(replace(base, at=9.0, postings=PAIR[::-1])) == content_digest(base)
    others = [
        replace(base, programme="q"),
        replace(base, kind="share_visit"),
        replace(base, note="n"),
        replace(base, reverses="x"),
        replace(base, postings=(Posting(Account.ISSUED, "", -6), Posting(Account.AVAILABLE, "m", 6))),
        replace(base, postings=(PAIR[0], Posting(Account.AVAILABLE, "n", 5))),
        replace(base, postings=(PAIR[0], Posting(Account.PENDING, "m", 5))),
    ]
    assert len({content_digest(e) for e in [base, *others]}) == 8


def test_a_release_is_named_after_what_it_releases() -> None:
    assert ledger.release("k", "p", "m", 5, 1.0).key != ledger.release("l", "p", "m", 5, 1.0).key
    assert ledger.release("k", "p", "m", 5, 1.0).key == ledger.release("k", "p", "m", 5, 9.0).key


def test_an_account_without_postings_holds_nothing() -> None:
    assert ledger.balance_from({}) == Balance(0, 0, 0)
    assert ledger.balance_from({Account.OWED: -7}) == Balance(0, 0, 7)


@given(st.lists(st.tuples(st.integers(0, len(BUILT) - 1), st.integers(1, 99)), max_size=20))
def test_any_history_sums_to_zero(history: list[tuple[int, int]]) -> None:
    entries = [BUILT[i][0](n) for i, n in history]
    sums = dict.fromkeys(Account, 0)
    for posting in (p for e in entries for p in e.postings):
        sums[posting.account] += posting.amount
    assert sum(sums.values()) == 0
    held = balance_of(entries, "p", "m")
    assert (held.available, held.pending) == (sums[Account.AVAILABLE], sums[Account.PENDING])
    assert balance_of(entries, "p", "other") == balance_of(entries, "q", "m") == Balance(0, 0)


def moved(entry: LedgerEntry) -> list[tuple[Account, str, int, str]]:
    return [(p.account, p.member, p.amount, p.lot) for p in entry.postings]


def test_movements_go_from_and_to_lots_of_their_entry() -> None:
    earned = ledger.earn("k", "p", "share_visit", "m", 5, 1.0, "why", 99.0)  # type: ignore[arg-type]
    assert moved(earned) == [(Account.ISSUED, "", -5, "k"), (Account.AVAILABLE, "m", 5, "k")]
    assert (earned.note, earned.expires_at, earned.at, earned.reverses) == ("why", 99.0, 1.0, None)
    waiting = ledger.earn_pending("k", "p", "share_visit", "m", 5, 1.0, "why", 99.0)  # type: ignore[arg-type]
    assert moved(waiting) == [(Account.ISSUED, "", -5, "k"), (Account.PENDING, "m", 5, "k")]
    assert (waiting.note, waiting.expires_at) == ("why", 99.0)
    assert moved(ledger.release("k", "p", "m", 5, 1.0)) == [
        (Account.PENDING, "m", -5, "k"), (Account.AVAILABLE, "m", 5, "k"),
    ]  # fmt: skip
    assert {lot for *_, lot in moved(ledger.release("k", "p", "m", 5, 1.0, lot=""))} == {""}
    assert moved(ledger.expire("k", "p", "m", 5, 1.0, lot="l"))[0] == (Account.AVAILABLE, "m", -5, "l")
    assert moved(ledger.claw_back("k", "p", "m", 5, 1.0, lot="l")) == [
        (Account.AVAILABLE, "m", -5, "l"), (Account.CLAWBACK, "", 5, "l"),
    ]  # fmt: skip


def test_a_release_has_a_key_for_each_time_that_a_return_took_points_back() -> None:
    assert [ledger.release_key("k", n) for n in (0, 1, 2)] == ["release:k", "release:k:1", "release:k:2"]
    assert ledger.release("k", "p", "m", 5, 1.0, 2).key == "release:k:2"
    assert ledger.release_key("k") == ledger.release("k", "p", "m", 5, 1.0).key


def test_a_reversal_names_what_it_undoes() -> None:
    back = ledger.reversal(ledger.burn("k", "p", "m", 5, 1.0), 2.0, "a mistake")
    assert (back.key, back.programme, back.at, back.note, back.reverses) == ("reverse:k", "p", 2.0, "a mistake", "k")
    assert moved(back) == [(Account.AVAILABLE, "m", 5, ""), (Account.BURNED, "", -5, "")]


@pytest.mark.parametrize(
    ("postings", "said"),
    [
        (PAIR[:1], "an entry needs at least two postings"),
        ((*PAIR, Posting(Account.BURNED, "", 0)), "a posting of nothing"),
        ((PAIR[0], Posting(Account.AVAILABLE, "m", 6)), "postings sum to 1, not to zero"),
        ((Posting(Account.ISSUED, "", -5.0), PAIR[1]), "points are integers, got -5.0"),  # type: ignore[arg-type]
        ((Posting("cash", "", -5), PAIR[1]), "unknown account 'cash'"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_with_an_entry_is_said(postings: tuple[Posting, ...], said: str) -> None:
    with pytest.raises(LedgerError) as refused:
        check_entry(LedgerEntry("k", "p", "burn", 1.0, postings))  # type: ignore[arg-type]
    assert str(refused.value) == said


def test_a_debt_that_points_were_found_in_is_no_part_of_what_was_asked() -> None:
    base = ledger.claw_back("k", "p", "m", 50, 1.0, lot="l")
    found = replace(base, postings=(Posting(Account.AVAILABLE, "m", -30, "l"), Posting(Account.OWED, "m", -20),
                                    base.postings[1]))  # fmt: skip
    assert content_digest(found) == content_digest(base)
