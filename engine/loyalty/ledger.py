"""Points as append-only double entry: pure builders of entries whose postings sum to zero.

Accounts from the programme's side: what a member holds is positive on `member_available` or `member_pending`; the
programme's own accounts carry the other side. A mistake is reversed by a new entry, never edited.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from engine.records import LedgerEntry, Posting
from engine.vocabulary import Account, EntryKind

MEMBER_ACCOUNTS = frozenset({Account.AVAILABLE, Account.PENDING})
PROGRAMME = "points"  # the one programme of a default installation


class LedgerError(ValueError):
    """An entry that must never be written: a bug of the caller."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member holds, summed over postings and nothing else."""

    available: int
    pending: int


def check_entry(entry: LedgerEntry) -> LedgerEntry:
    """`entry`, if it may be written. Raises LedgerError when it does not sum to zero or a posting makes no sense."""
    if not entry.key or not entry.programme or not entry.kind:
        raise LedgerError("an entry needs a key, a programme and a kind")
    if len(entry.postings) < 2:
        raise LedgerError("an entry needs at least two postings")
    for posting in entry.postings:
        if type(posting.amount) is not int:
            raise LedgerError(f"points are integers, got {posting.amount!r}")
        if posting.amount == 0:
            raise LedgerError("a posting of nothing")
        if posting.account not in frozenset(Account):
            raise LedgerError(f"unknown account {posting.account!r}")
        if (posting.account in MEMBER_ACCOUNTS) != bool(posting.member):
            raise LedgerError(f"{posting.account} and member {posting.member!r} do not go together")
    if total := sum(p.amount for p in entry.postings):
        raise LedgerError(f"postings sum to {total}, not to zero")
    return entry


def earn_pending(
    key: str, programme: str, kind: EntryKind, member: str, points: int, at: float, note: str = ""
) -> LedgerEntry:
    """Points that a member will have once their hold has passed."""
    return _move(key, programme, kind, at, points, (Account.ISSUED, ""), (Account.PENDING, member), note)


def earn(key: str, programme: str, kind: EntryKind, member: str, points: int, at: float, note: str = "") -> LedgerEntry:
    """Points that a member has at once."""
    return _move(key, programme, kind, at, points, (Account.ISSUED, ""), (Account.AVAILABLE, member), note)


def release(earned_key: str, programme: str, member: str, points: int, at: float, taken_back: int = 0) -> LedgerEntry:
    """Pending points become available. One per earning entry: the key says so; and one more each time that a return
    has taken them back."""
    return _move(
        release_key(earned_key, taken_back),
        programme,
        EntryKind.RELEASE,
        at,
        points,
        (Account.PENDING, member),
        (Account.AVAILABLE, member),
    )


def release_key(earned_key: str, taken_back: int = 0) -> str:
    """The key of the release after this many returns."""
    return f"release:{earned_key}" + (f":{taken_back}" if taken_back else "")


def burn(key: str, programme: str, member: str, points: int, at: float, note: str = "") -> LedgerEntry:
    """A member spends points."""
    return _move(key, programme, EntryKind.BURN, at, points, (Account.AVAILABLE, member), (Account.BURNED, ""), note)


def expire(key: str, programme: str, member: str, points: int, at: float) -> LedgerEntry:
    """Points that have reached their end."""
    return _move(key, programme, EntryKind.EXPIRE, at, points, (Account.AVAILABLE, member), (Account.EXPIRED, ""))


def claw_back(key: str, programme: str, member: str, points: int, at: float, note: str = "") -> LedgerEntry:
    """Points taken back after they became available; the one movement that may leave a member below zero."""
    return _move(
        key, programme, EntryKind.CLAWBACK, at, points, (Account.AVAILABLE, member), (Account.CLAWBACK, ""), note
    )


def reversal(entry: LedgerEntry, at: float, note: str = "") -> LedgerEntry:
    """Undoes `entry`, posting by posting. Its key names the entry: a second reversal is the same one."""
    if entry.reverses is not None:
        raise LedgerError("a reversal is not reversed: write the movement anew")
    back = tuple(Posting(p.account, p.member, -p.amount) for p in entry.postings)
    key = f"reverse:{entry.key}"
    return check_entry(LedgerEntry(key, entry.programme, EntryKind.REVERSAL, at, back, reverses=entry.key, note=note))


def balance_of(entries: Iterable[LedgerEntry], programme: str, member: str) -> Balance:
    """What these entries leave a member with: the definition that storage's sums must equal."""
    held = {Account.AVAILABLE: 0, Account.PENDING: 0}
    for entry in entries:
        for posting in entry.postings:
            if entry.programme == programme and posting.member == member and posting.account in held:
                held[posting.account] += posting.amount
    return Balance(held[Account.AVAILABLE], held[Account.PENDING])


def content_digest(entry: LedgerEntry) -> str:
    """What makes two entries with one key the same: everything but the time, which a repeated request has newer."""
    said = [
        entry.programme,
        entry.kind,
        sorted([p.account, p.member, p.amount] for p in entry.postings),
        entry.reverses,
        entry.note,
    ]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def _move(
    key: str,
    programme: str,
    kind: EntryKind,
    at: float,
    points: int,
    source: tuple[Account, str],
    target: tuple[Account, str],
    note: str = "",
) -> LedgerEntry:
    """`points` from one (account, member) to another. A negative movement would be another kind: refused."""
    if type(points) is not int or points <= 0:
        raise LedgerError(f"points are integers above zero, got {points!r}")
    postings = (Posting(*source, -points), Posting(*target, points))
    return check_entry(LedgerEntry(key, programme, kind, at, postings, note=note))
