"""Where people are signed in to the console: one row a browser, ended by time, by its owner, or with the account."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.accounts.audit import Actor, note
from engine.storage.accounts.people import ConsoleAccount, about, accounts_of, lock_managed, sign_in_name
from engine.storage.database import Database
from engine.storage.keys import EVERY_STORE
from engine.storage.models.accounts import AccountSessionTable, ConsoleAccountTable
from engine.storage.upserts import table_of
from engine.storage.versions import bump
from engine.vocabulary import AuditAction

LIFETIME_S = 12 * 3_600.0  # a working day: the morning begins with a sign-in
SEEN_S = 300.0  # how exact "last seen" is: one write in so long
NOBODYS = "-"  # no store is called so: where failures of names that nobody has are counted
MOST_SESSIONS = 20  # of one account; the oldest ends


@dataclass(frozen=True, slots=True)
class AccountSession:
    """A browser that is signed in. `label` is its coarse name, such as `Firefox, Windows`; times in s UTC."""

    session_id: str
    label: str
    made_at: float
    seen_at: float


def password_of(db: Database, name: str) -> tuple[str, str] | None:
    """The account of a name and the hash of its password; None where nobody may sign in by that."""
    with db.read() as session:
        row = session.exec(
            select(ConsoleAccountTable).where(col(ConsoleAccountTable.sign_in) == sign_in_name(name))
        ).first()
        return (
            None if row is None or row.disabled_at is not None or not row.password else (row.account_id, row.password)
        )


def account_of_oidc(db: Database, oidc: str) -> str | None:
    """The open account that this issuer and subject are bound to."""
    with db.read() as session:
        row = session.exec(select(ConsoleAccountTable).where(col(ConsoleAccountTable.oidc) == oidc)).first()
        return None if row is None or row.disabled_at is not None else row.account_id


def bind_oidc(db: Database, email: str, oidc: str, now: float) -> str | None:
    """Binds an issuer's subject to the open account of this address (which the issuer has verified), unless it has one.
    None where there is none.

    Of several it is one of all stores, else the oldest: whoever invites somebody's address keeps nobody from theirs.
    """
    with db.write() as session:
        rows = session.exec(
            select(ConsoleAccountTable)
            .where(col(ConsoleAccountTable.email) == email, col(ConsoleAccountTable.disabled_at).is_(None))
            .with_for_update()
        ).all()
        if not email or any(row.oidc for row in rows) or not rows:
            return None
        wide = {a.account_id for a in accounts_of(session, rows, now) if EVERY_STORE in a.stores()}
        row = min(rows, key=lambda r: (r.account_id not in wide, r.made_at, r.account_id))
        row.oidc = oidc
        actor = Actor(row.name, row.account_id)
        note(session, actor, AuditAction.OIDC_BOUND, now, store=about(session, row.account_id), subject=row.account_id)
        return row.account_id


def open_session(db: Database, account_id: str, session_id: str, label: str, how: str, now: float) -> bool:
    """Signs this browser in. False where the account was closed meanwhile."""
    with db.write() as session:
        row = session.get(ConsoleAccountTable, account_id, with_for_update=True)
        if row is None or row.disabled_at is not None:
            return False
        session.add(
            AccountSessionTable(session_id=session_id, account_id=account_id, label=label, made_at=now, seen_at=now)
        )
        session.flush()
        for old in _of(session, account_id)[MOST_SESSIONS:]:
            session.delete(old)
        actor, store = Actor(row.name, account_id), about(session, account_id)
        note(session, actor, AuditAction.SIGNED_IN, now, store=store, subject=account_id, by=how, browser=label)
        return True


def note_failure(db: Database, account_id: str, label: str, now: float) -> None:
    """A wrong password, of nobody (empty `account_id`) or of an account, whose audit log says so.

    A name that nobody has takes the same statements and a commit, or time would tell it from others: it moves a counter
    instead, since a log that strangers can fill is none.
    """
    with db.write() as session:
        row, store = session.get(ConsoleAccountTable, account_id), about(session, account_id)
        if row is None:
            bump(session, [NOBODYS], "claims")
        else:
            nobody = Actor("?")
            note(
                session, nobody, AuditAction.SIGN_IN_FAILED, now, store=store, subject=account_id, name=row.name,
                browser=label,
            )  # fmt: skip


def find_signed_in(db: Database, session_id: str, now: float) -> ConsoleAccount | None:
    """Who is signed in there, with the roles they have now; None where nobody is any more, or the account is closed."""
    with db.read() as session:
        row = session.get(AccountSessionTable, session_id)
        if row is None or now - row.made_at >= LIFETIME_S:
            return None
        account = session.get(ConsoleAccountTable, row.account_id)
        if account is None or account.disabled_at is not None:
            return None
        found, seen_at = accounts_of(session, [account], now)[0], row.seen_at
    if now - seen_at >= SEEN_S:
        with db.write() as session:
            row = session.get(AccountSessionTable, session_id, with_for_update=True)
            if row is not None:
                row.seen_at = max(row.seen_at, now)
    return found


def sessions_of(db: Database, account_id: str, now: float) -> list[AccountSession]:
    """Where an account is signed in, the newest first."""
    with db.read() as session:
        return [
            AccountSession(r.session_id, r.label, r.made_at, r.seen_at)
            for r in _of(session, account_id)
            if now - r.made_at < LIFETIME_S
        ]


def sign_out(db: Database, session_id: str, now: float) -> None:
    """Whoever has this session's cookie ends it."""
    with db.write() as session:
        row = session.get(AccountSessionTable, session_id, with_for_update=True)
        account = None if row is None else session.get(ConsoleAccountTable, row.account_id)
        if row is None or account is None:
            return
        session.delete(row)
        actor, store = Actor(account.name, account.account_id), about(session, account.account_id)
        note(session, actor, AuditAction.SIGNED_OUT, now, store=store, subject=account.account_id)


def end_sessions(db: Database, by: Actor, account_id: str, now: float, session_id: str | None = None) -> int:
    """Ends one session of an account, or all; of one's own, or of one that `by` may manage. How many there were.
    Raises NotFound, NotYours."""
    with db.write() as session:
        if by.account_id != account_id:
            lock_managed(session, by, account_id)
        ended = end_all(session, account_id, only=session_id)
        if ended:
            store = about(session, account_id)
            note(session, by, AuditAction.SESSIONS_ENDED, now, store=store, subject=account_id, n=str(ended))
        return ended


def change_password(db: Database, account_id: str, password: str, keep: str, now: float) -> None:
    """Another password (a hash) for an account, which stays signed in in the browser of the session `keep` only."""
    with db.write() as session:
        row = session.get_one(ConsoleAccountTable, account_id, with_for_update=True)
        row.password = password
        end_all(session, account_id, but=keep)
        actor, store = Actor(row.name, account_id), about(session, account_id)
        note(session, actor, AuditAction.PASSWORD_CHOSEN, now, store=store, subject=account_id, by="own_page")


def keep_hash(db: Database, account_id: str, was: str, password: str) -> None:
    """The same password under stronger parameters, unless it was changed meanwhile."""
    with db.write() as session:
        row = session.get(ConsoleAccountTable, account_id, with_for_update=True)
        if row is not None and row.password == was:
            row.password = password


def end_all(session: Session, account_id: str, *, only: str | None = None, but: str | None = None) -> int:
    """Ends sessions of an account within the caller's transaction: all, one, or all but one. How many there were."""
    table = table_of(AccountSessionTable)
    these = table.c.account_id == account_id
    if only is not None:
        these &= table.c.session_id == only
    if but is not None:
        these &= table.c.session_id != but
    return int(session.connection().execute(delete(table).where(these)).rowcount)


def purge_sessions(db: Database, now: float) -> int:
    """Forgets sessions that have ended. How many."""
    with db.write() as session:
        table = table_of(AccountSessionTable)
        return int(session.connection().execute(delete(table).where(table.c.made_at <= now - LIFETIME_S)).rowcount)


def _of(session: Session, account_id: str) -> list[AccountSessionTable]:
    mine = select(AccountSessionTable).where(col(AccountSessionTable.account_id) == account_id)
    newest = (col(AccountSessionTable.seen_at).desc(), col(AccountSessionTable.session_id))
    return list(session.exec(mine.order_by(*newest)).all())
