"""Points as append-only double entry: pure builders of entries whose postings sum to zero.

Accounts from the programme's side: what a member holds is positive on `member_available` or `member_pending`; the
programme's own accounts carry the other side. A mistake is reversed by a new entry, never edited.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from engine.records import LedgerEntry, Posting
from engine.vocabulary import Account, EntryKind

HELD = (Account.AVAILABLE, Account.PENDING)
MEMBER_ACCOUNTS = frozenset({*HELD, Account.OWED})
TAKING_BACK = frozenset({EntryKind.CLAWBACK, EntryKind.RETURN, EntryKind.CORRECTION})
"""What may find that the points are spent: the rest is owed then."""

PROGRAMME = "points"  # the one programme of a default installation


class LedgerError(ValueError):
    """An entry that must never be written: a bug of the caller."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member holds, summed over postings and nothing else; `owed` is what was taken back after it was spent."""

    available: int
    pending: int
    owed: int = 0


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
    key: str,
    programme: str,
    kind: EntryKind,
    member: str,
    points: int,
    at: float,
    note: str = "",
    expires_at: float | None = None,
) -> LedgerEntry:
    """Points that a member will have once their hold has passed: a lot of the entry's name."""
    to = (Account.PENDING, member, key)
    return _move(key, programme, kind, at, points, (Account.ISSUED, "", key), to, note, expires_at)


def earn(
    key: str,
    programme: str,
    kind: EntryKind,
    member: str,
    points: int,
    at: float,
    note: str = "",
    expires_at: float | None = None,
) -> LedgerEntry:
    """Points that a member has at once: a lot of the entry's name."""
    to = (Account.AVAILABLE, member, key)
    return _move(key, programme, kind, at, points, (Account.ISSUED, "", key), to, note, expires_at)


def release(
    earned_key: str,
    programme: str,
    member: str,
    points: int,
    at: float,
    taken_back: int = 0,
    *,
    lot: str | None = None,
) -> LedgerEntry:
    """Pending points become available. One per earning entry: the key says so; and one more each time that a return
    has taken them back. `lot` is theirs; without a word the earning entry's own."""
    named = earned_key if lot is None else lot
    return _move(
        release_key(earned_key, taken_back),
        programme,
        EntryKind.RELEASE,
        at,
        points,
        (Account.PENDING, member, named),
        (Account.AVAILABLE, member, named),
    )


def release_key(earned_key: str, taken_back: int = 0) -> str:
    """The key of the release after this many returns."""
    return f"release:{earned_key}" + (f":{taken_back}" if taken_back else "")


def burn(key: str, programme: str, member: str, points: int, at: float, note: str = "") -> LedgerEntry:
    """A member spends points: of which lots is decided when the entry is written (`engine.loyalty.lots.draw`)."""
    source = (Account.AVAILABLE, member, "")
    return _move(key, programme, EntryKind.BURN, at, points, source, (Account.BURNED, "", ""), note)


def expire(key: str, programme: str, member: str, points: int, at: float, *, lot: str = "") -> LedgerEntry:
    """Points that have reached their end."""
    source = (Account.AVAILABLE, member, lot)
    return _move(key, programme, EntryKind.EXPIRE, at, points, source, (Account.EXPIRED, "", lot))


def claw_back(
    key: str, programme: str, member: str, points: int, at: float, note: str = "", *, lot: str = ""
) -> LedgerEntry:
    """Points taken back after they became available, of this lot first; what was spent is owed."""
    source = (Account.AVAILABLE, member, lot)
    return _move(key, programme, EntryKind.CLAWBACK, at, points, source, (Account.CLAWBACK, "", lot), note)


def reversal(entry: LedgerEntry, at: float, note: str = "") -> LedgerEntry:
    """Undoes `entry`, posting by posting. Its key names the entry: a second reversal is the same one."""
    if entry.reverses is not None:
        raise LedgerError("a reversal is not reversed: write the movement anew")
    back = tuple(Posting(p.account, p.member, -p.amount, p.lot) for p in entry.postings)
    key = f"reverse:{entry.key}"
    return check_entry(LedgerEntry(key, entry.programme, EntryKind.REVERSAL, at, back, reverses=entry.key, note=note))


def balance_from(sums: Mapping[Account, int]) -> Balance:
    """The balance that these sums by account are; a debt is positive here."""
    return Balance(sums.get(Account.AVAILABLE, 0), sums.get(Account.PENDING, 0), -sums.get(Account.OWED, 0))


def content_digest(entry: LedgerEntry) -> str:
    """What makes two entries with one key the same: everything but the time, which a repeated request has newer, and
    but the lots and the debt that the points were found in, which is no part of what was asked."""
    moved: Counter[tuple[Account, str]] = Counter()
    for p in entry.postings:
        moved[Account.AVAILABLE if p.account is Account.OWED else p.account, p.member] += p.amount
    said = [
        entry.programme,
        entry.kind,
        sorted([account, member, amount] for (account, member), amount in moved.items() if amount),
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
    source: tuple[Account, str, str],
    target: tuple[Account, str, str],
    note: str = "",
    expires_at: float | None = None,
) -> LedgerEntry:
    """`points` from one (account, member, lot) to another. A negative movement would be another kind: refused."""
    if type(points) is not int or points <= 0:
        raise LedgerError(f"points are integers above zero, got {points!r}")
    (out, owner, lot), (into, owned, target_lot) = source, target
    postings = (Posting(out, owner, -points, lot), Posting(into, owned, points, target_lot))
    return check_entry(LedgerEntry(key, programme, kind, at, postings, note=note, expires_at=expires_at))
