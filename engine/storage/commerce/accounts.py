"""Accounts of e-shops: whose they are is said by the e-shop itself, which names them beside a mailbox or a card.

Its word is signed, and counts where that mailbox or card is proved. It finds what the person bought, viewed and left
there; it signs nobody in, and joins no two profiles. Where the e-shop names an account beside another's mailbox later,
it is theirs from then on.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.upserts import table_of
from engine.vocabulary import IdentifierKind


def bind_account(session: Session, account: str, card: str, email: str, at: float) -> bool:
    """An event of `at` (s UTC) named this account beside this card and mailbox (digests, empty where there is none):
    the account is of whoever has proved one, the card before the mailbox. Whether that is news.

    The caller holds the lock on people.
    """
    beside = _find_proved(session, card, email) if account else None
    if beside is None:
        return False
    row = session.get(IdentifierTable, (IdentifierKind.ACCOUNT, account), populate_existing=True)
    if row is None:
        row = IdentifierTable(
            kind=IdentifierKind.ACCOUNT, digest=account, shopper_id="", sealed="", verified_at=at, via=""
        )
        session.add(row)
    elif row.verified_at > at:
        return False
    news = row.shopper_id != beside.shopper_id
    row.shopper_id, row.via, row.verified_at = beside.shopper_id, beside.digest, at
    session.flush()
    return news


def accounts_beside(session: Session, digest: str) -> list[tuple[str, float]]:
    """The accounts that shops have named beside this card or mailbox, and when they did last (s UTC)."""
    table = ShopEventTable
    beside = (col(table.card) == digest) | (col(table.email) == digest)
    named = select(col(table.account), func.max(col(table.at))).where(beside, col(table.account) != "")
    rows = session.execute(named.group_by(col(table.account)).order_by(col(table.account)))
    return [(account, float(at)) for account, at in rows]


def drop_accounts(session: Session, via: str) -> None:
    """This mailbox or card is not its owner's any more, or is not proved: the accounts beside it go with it."""
    table = table_of(IdentifierTable)
    beside = (table.c.kind == IdentifierKind.ACCOUNT) & (table.c.via == via)
    session.connection().execute(delete(table).where(beside))


def return_accounts(session: Session, via: Collection[str], source: str, target: str) -> None:
    """These mailboxes and cards are back with the profile that brought them: so are accounts that were named beside
    them meanwhile."""
    table = table_of(IdentifierTable)
    beside = (table.c.kind == IdentifierKind.ACCOUNT) & table.c.via.in_(via) & (table.c.shopper_id == source)
    session.connection().execute(update(table).where(beside).values(shopper_id=target))


def _find_proved(session: Session, card: str, email: str) -> IdentifierTable | None:
    for kind, digest in ((IdentifierKind.CARD, card), (IdentifierKind.EMAIL, email)):
        row = session.get(IdentifierTable, (kind, digest)) if digest else None
        if row is not None:
            return row
    return None
