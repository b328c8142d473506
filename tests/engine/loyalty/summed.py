"""What the ledger's entries leave somebody with, added up posting by posting: what every sum of ours must equal."""

from __future__ import annotations

from collections.abc import Iterable

from engine.loyalty.ledger import MEMBER_ACCOUNTS, Balance, balance_from
from engine.records import LedgerEntry


def balance_of(entries: Iterable[LedgerEntry], programme: str, member: str) -> Balance:
    """Of one member in one programme."""
    held = dict.fromkeys(MEMBER_ACCOUNTS, 0)
    for entry in entries:
        for posting in entry.postings:
            if entry.programme == programme and posting.member == member and posting.account in held:
                held[posting.account] += posting.amount
    return balance_from(held)
