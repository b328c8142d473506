"""Points by the lots that they were earned in: what is spent goes soonest end first, what is taken back goes by name.

Pure: `draw` says in which lots the points of an entry are, for the lots as they stand under the member's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from engine.loyalty.ledger import TAKING_BACK, LedgerError, check_entry
from engine.records import LedgerEntry, Posting
from engine.vocabulary import Account, EntryKind

SETTLED = "settle:"
"""How the key of an entry begins that pays a debt; the key of what brought the points follows."""


class TooFewPoints(LedgerError):
    """The usable lots have less than what is to be spent."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one earning. `key` is its entry's; empty for points of before there were lots, which stay."""

    member: str
    key: str
    available: int
    pending: int
    earned_at: float
    expires_at: float | None

    def usable(self, now: float) -> bool:
        """Whether points can be spent from it."""
        return self.available > 0 and (self.expires_at is None or now < self.expires_at)


def usable_points(lots: Iterable[Lot], now: float) -> int:
    """What can be spent now: points past their end cannot, even where nobody has written that down yet."""
    return sum(lot.available for lot in lots if lot.usable(now))


def soonest_first(lots: Iterable[Lot], now: float) -> list[Lot]:
    """The usable lots in the order in which they are spent: by end, those without one last; then by age."""
    far = float("inf")
    order = [lot for lot in lots if lot.usable(now)]
    return sorted(order, key=lambda lot: (far if lot.expires_at is None else lot.expires_at, lot.earned_at, lot.key))


def spread(points: int, lots: Sequence[Lot]) -> tuple[list[Posting], int]:
    """Postings that take `points` from the lots in this order, and how many points they do not have."""
    found = []
    for lot in lots:
        part = min(points, max(lot.available, 0))
        if part:
            found.append(Posting(Account.AVAILABLE, lot.member, -part, lot.key))
            points -= part
    return found, points


def draw(entry: LedgerEntry, lots: Sequence[Lot]) -> LedgerEntry:
    """The entry with the lots that its points come from.

    What is spent comes from the member's usable lots, soonest end first. What is taken back comes from its own lot, or
    where it names none from all, and what is missing is owed. Raises TooFewPoints.
    """
    postings: list[Posting] = []
    for p in entry.postings:
        postings += _draw_one(entry, p, lots) if _to_draw(entry, p) else [p]
    return check_entry(replace(entry, postings=tuple(postings)))


def _to_draw(entry: LedgerEntry, p: Posting) -> bool:
    if p.account is not Account.AVAILABLE or p.amount > 0 or entry.reverses is not None:
        return False
    spends = entry.kind in (EntryKind.BURN, EntryKind.EXPIRE) and not p.lot
    return spends or entry.kind in TAKING_BACK


def _draw_one(entry: LedgerEntry, p: Posting, lots: Sequence[Lot]) -> list[Posting]:
    mine = [lot for lot in lots if lot.member == p.member]
    order = [lot for lot in mine if lot.key == p.lot] if p.lot else soonest_first(mine, entry.at)
    found, missing = spread(-p.amount, order)
    if missing:
        if entry.kind not in TAKING_BACK:
            raise TooFewPoints(f"{missing} points are missing")
        found.append(Posting(Account.OWED, p.member, -missing))
    return found


def settlement(
    cause: str, programme: str, at: float, owed: int, members: Sequence[str], lots: Sequence[Lot]
) -> LedgerEntry | None:
    """The entry that pays what `members[0]` owes from the usable lots of these members; None where there is nothing to
    pay, or nothing to pay with. `cause` is the key of the entry that brought the points. Raises LedgerError for a debt
    below zero."""
    if owed < 0:
        raise LedgerError(f"a debt of {owed}")
    order = soonest_first((lot for lot in lots if lot.member in members), at)
    found, missing = spread(owed, order)
    if not found:
        return None
    paid = Posting(Account.OWED, members[0], owed - missing)
    key = f"{SETTLED}{members[0]}:{cause}"
    return check_entry(LedgerEntry(key, programme, EntryKind.SETTLE, at, (*found, paid)))
