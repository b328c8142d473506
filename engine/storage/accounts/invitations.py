"""Links by which people choose a password: of an invitation, or when one is forgotten. Each works once, for a week."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.accounts.audit import Actor, note
from engine.storage.accounts.people import about, lock_managed
from engine.storage.accounts.sessions import end_all
from engine.storage.database import Database
from engine.storage.models.accounts import AccountInvitationTable, ConsoleAccountTable
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import AuditAction, InvitationFate

LINK_S = 7 * 86_400.0
KEPT_S = 90 * 86_400.0  # so long a link that was used or came late says so


def make_link(session: Session, by: Actor, account_id: str, digest: str, now: float) -> None:
    """A link for this account, by the digest of its word, within the caller's transaction; those made before end.

    Whoever makes one may sign in as that account, so it takes an administrator of all that the account is. Raises
    NotFound, NotYours.
    """
    row = lock_managed(session, by, account_id)
    table = table_of(AccountInvitationTable)
    open_ones = (table.c.account_id == account_id) & table.c.used_at.is_(None)
    session.connection().execute(delete(table).where(open_ones))
    link = AccountInvitationTable(digest=digest, account_id=account_id, made_at=now, expires_at=now + LINK_S)
    session.add(link)
    note(session, by, AuditAction.LINK_MADE, now, store=about(session, account_id), subject=account_id, name=row.name)


def look_at_link(db: Database, digest: str, now: float) -> tuple[InvitationFate, str]:
    """What a link is good for now, and the name of its account where it is open. Looking changes nothing."""
    with db.read() as session:
        fate, account = _look(session, digest, now)
        return fate, "" if account is None else account.name


def use_link(db: Database, digest: str, password: str, now: float) -> tuple[InvitationFate, str]:
    """Gives the link's account this password (a hash), and ends its sessions. Gives the account's id where the link
    was open: of two at once, one is told that it was used."""
    with db.write() as session:
        named_lock(session, "accounts")
        fate, account = _look(session, digest, now)
        if account is None:
            return fate, ""
        session.get_one(AccountInvitationTable, digest).used_at = now
        account.password = password
        end_all(session, account.account_id)
        actor, store = Actor(account.name, account.account_id), about(session, account.account_id)
        note(session, actor, AuditAction.PASSWORD_CHOSEN, now, store=store, subject=account.account_id, by="link")
        return fate, account.account_id


def purge_links(db: Database, now: float) -> int:
    """Forgets links that are long over. How many."""
    with db.write() as session:
        table = table_of(AccountInvitationTable)
        return session.connection().execute(delete(table).where(table.c.expires_at < now - KEPT_S)).rowcount


def _look(session: Session, digest: str, now: float) -> tuple[InvitationFate, ConsoleAccountTable | None]:
    """The account is given for an open link only."""
    link = session.exec(select(AccountInvitationTable).where(col(AccountInvitationTable.digest) == digest)).first()
    account = None if link is None else session.get(ConsoleAccountTable, link.account_id)
    if link is None or account is None or account.disabled_at is not None:
        return InvitationFate.UNKNOWN, None
    if link.used_at is not None:
        return InvitationFate.USED, None
    return (InvitationFate.OPEN, account) if now < link.expires_at else (InvitationFate.EXPIRED, None)
