"""Accounts of the console: who there is, what they are where, and who may change that.

Whoever changes an account is looked at again inside the transaction that changes it, under one lock for all accounts:
of two administrators who remove each other, the one who comes second is none any more.
"""

from __future__ import annotations

import secrets as randomness
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.storage.accounts.audit import COMMAND, Actor, forget_name, note
from engine.storage.database import Database
from engine.storage.keys import ERASED_AS, EVERY_STORE, end_keys_of
from engine.storage.models.accounts import (
    AccountInvitationTable,
    AccountRoleTable,
    AccountSessionTable,
    ConsoleAccountTable,
)
from engine.storage.models.commerce import PickupTable
from engine.storage.models.shoppers import StaffNoteTable
from engine.storage.models.vouchers import CampaignRevisionTable, HqCampaignTable, HqRevisionTable, RedemptionTable
from engine.storage.upserts import named_lock, table_of, upsert
from engine.vocabulary import AuditAction, ProblemCode, Role

NAME_CHARS = 64
STAFF_TILL = "staff"
"""What a coupon that is honoured by hand was used at, in lists of uses."""
Hold = tuple[Role, str]
"""A role and its store; `*` is every one."""


class NameTaken(BusinessRefusal):
    """Somebody has this name already, open or closed: names are not given twice, or logs would lie."""

    code = ProblemCode.NAME_TAKEN
    status = 409


class LastAdmin(BusinessRefusal):
    """Nobody would be left who may manage everybody."""

    code = ProblemCode.LAST_ADMIN
    status = 409


class NotYours(BusinessRefusal):
    """Somebody who is more than the caller may manage, or the caller is no administrator any more."""

    code = ProblemCode.FORBIDDEN
    status = 403


@dataclass(frozen=True, slots=True)
class ConsoleAccount:
    """Somebody who may sign in, unless closed. `invited_until` is set while a link to choose a password is open."""

    account_id: str
    name: str
    email: str
    roles: tuple[Hold, ...]
    has_password: bool
    has_oidc: bool
    made_at: float
    disabled_at: float | None
    invited_until: float | None = None

    @property
    def actor(self) -> Actor:
        """This person, as logs call them."""
        return Actor(self.name, self.account_id)

    def stores(self) -> frozenset[str]:
        """Where this account is anything."""
        return frozenset(store for _, store in self.roles)


def sign_in_name(name: str) -> str | None:
    """The name as it is compared: without case, width and outer spaces. None for what can be none."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    return plain if 1 <= len(plain) <= NAME_CHARS and plain.isprintable() else None


def list_accounts(db: Database, now: float, stores: Collection[str] = (EVERY_STORE,)) -> list[ConsoleAccount]:
    """Accounts by name: all of them where `*` is among `stores`, else those that are something there."""
    with db.read() as session:
        rows = session.exec(select(ConsoleAccountTable).order_by(col(ConsoleAccountTable.sign_in))).all()
        found = accounts_of(session, rows, now)
    return [a for a in found if EVERY_STORE in stores or a.stores() & set(stores)]


def get_account(db: Database, account_id: str, now: float) -> ConsoleAccount:
    """One account. Raises NotFound."""
    with db.read() as session:
        return accounts_of(session, [_row(session, account_id)], now)[0]


def find_account(db: Database, name: str, now: float) -> ConsoleAccount | None:
    """The account of a name, however it is spelt."""
    with db.read() as session:
        row = session.exec(select(ConsoleAccountTable).where(col(ConsoleAccountTable.sign_in) == sign_in_name(name)))
        return next(iter(accounts_of(session, row.all(), now)), None)


def make_account(
    session: Session, by: Actor, name: str, email: str, roles: Iterable[Hold], now: float
) -> ConsoleAccount:
    """An account without a password, within the caller's transaction. Raises NameTaken, NotYours, ValueError for a
    name that is none or for no role at all."""
    named_lock(session, "accounts")
    sign_in, held = sign_in_name(name), sorted(set(roles))
    if sign_in is None or not held:
        raise ValueError("an account needs a name and a role")
    _check_manages(session, by, {store for _, store in held})
    if session.exec(select(ConsoleAccountTable).where(col(ConsoleAccountTable.sign_in) == sign_in)).first():
        raise NameTaken(f"there is an account {name!r} already")
    shown = unicodedata.normalize("NFKC", name).strip()
    row = ConsoleAccountTable(account_id=randomness.token_hex(8), name=shown, sign_in=sign_in, email=email, made_at=now)
    session.add(row)
    session.flush()
    note(session, by, AuditAction.INVITED, now, store=_about(held), subject=row.account_id, name=shown)
    for role, store in held:
        _give(session, by, row, role, store, now)
    return accounts_of(session, [row], now)[0]


def give_role(db: Database, by: Actor, account_id: str, role: Role, store: str, now: float) -> None:
    """What somebody is in a store from now on. Where they were nothing in it, their open links end. Raises NotFound,
    NotYours."""
    with db.write() as session:
        row = _get_managed(session, by, account_id, {store}, all_of_it=False)
        if session.get(AccountRoleTable, (account_id, role, store)) is None:
            _end_links_beyond(session, account_id, store)
            _give(session, by, row, role, store, now)


def take_role(db: Database, by: Actor, account_id: str, role: Role, store: str, now: float) -> None:
    """And is no more. Raises NotFound, NotYours, LastAdmin."""
    with db.write() as session:
        row = _get_managed(session, by, account_id, {store}, all_of_it=False)
        held = session.get(AccountRoleTable, (account_id, role, store))
        if held is None:
            return
        if (role, store) == (Role.ADMIN, EVERY_STORE) and row.disabled_at is None:
            _keep_an_admin(session, without=account_id)
        session.delete(held)
        note(session, by, AuditAction.ROLE_TAKEN, now, store=store, subject=account_id, name=row.name, role=role)


def disable_account(db: Database, by: Actor, account_id: str, now: float) -> None:
    """Signs somebody out everywhere, for good, and ends the keys that they have. Raises NotFound, NotYours,
    LastAdmin."""
    with db.write() as session:
        row = _get_managed(session, by, account_id, set(), all_of_it=True)
        if row.disabled_at is not None:
            return
        roles = _roles_of(session, [account_id])[account_id]
        if (Role.ADMIN, EVERY_STORE) in roles:
            _keep_an_admin(session, without=account_id)
        row.disabled_at = now
        for model in (AccountSessionTable, AccountInvitationTable):
            table = table_of(model)
            session.connection().execute(delete(table).where(table.c.account_id == account_id))
        end_keys_of(session, account_id, now)
        note(session, by, AuditAction.DISABLED, now, store=_about(roles), subject=account_id, name=row.name)


def enable_account(db: Database, by: Actor, account_id: str, now: float) -> None:
    """Lets somebody sign in again, with the password and roles they had; the keys they had stay ended. Raises NotFound,
    NotYours."""
    with db.write() as session:
        row = _get_managed(session, by, account_id, set(), all_of_it=True)
        if row.disabled_at is not None:
            row.disabled_at = None
            roles = _roles_of(session, [account_id])[account_id]
            note(session, by, AuditAction.ENABLED, now, store=_about(roles), subject=account_id, name=row.name)


def erase_account(db: Database, by: Actor, account_id: str, now: float) -> None:
    """Forgets somebody: name, e-mail, password and roles; the keys that they have end. Logs and histories keep a number
    instead of the name, which anybody may have again. Raises NotFound, NotYours, LastAdmin."""
    number = ERASED_AS + account_id
    with db.write() as session:
        row = _get_managed(session, by, account_id, set(), all_of_it=True)
        roles = _roles_of(session, [account_id])[account_id]
        if (Role.ADMIN, EVERY_STORE) in roles and row.disabled_at is None:
            _keep_an_admin(session, without=account_id)
        name = row.name
        end_keys_of(session, account_id, now)
        for model in (AccountSessionTable, AccountInvitationTable, AccountRoleTable):
            table = table_of(model)
            session.connection().execute(delete(table).where(table.c.account_id == account_id))
        session.delete(row)
        session.flush()
        forget_name(session, account_id, name, number)
        _forget_written(session, name, number)
        _forget_at_tills(session, name, {store for _, store in roles})
        who = Actor(number, account_id) if by.account_id == account_id else by
        note(session, who, AuditAction.ERASED, now, store=_about(roles), subject=account_id, name=number)


def _forget_written(session: Session, name: str, number: str) -> None:
    """Puts `number` in the place of a name wherever something says who did it; at tills, where the account itself
    said so and nobody typed it."""
    by_hand = table_of(RedemptionTable).c.till == STAFF_TILL
    of_hq = ((HqCampaignTable, "by"), (HqRevisionTable, "by"), (HqRevisionTable, "approved_by"))
    written = ((CampaignRevisionTable, "by"), *of_hq)
    done = (*written, (StaffNoteTable, "by"), (PickupTable, "handed_by"))
    for model, column in (*done, (RedemptionTable, "cashier")):
        table = table_of(model)
        mine = table.c[column] == name
        whose = mine & by_hand if model is RedemptionTable else mine
        session.connection().execute(update(table).where(whose).values({column: number}))


def _forget_at_tills(session: Session, name: str, stores: Collection[str]) -> None:
    """A till says who is at it in its own words. Where that is this name it is most likely theirs: it is cut, and no
    number put in its place, since it may be somebody else's."""
    table = table_of(RedemptionTable)
    here = (table.c.till != STAFF_TILL) & (table.c.cashier != "")
    if EVERY_STORE not in stores:
        here &= table.c.store.in_(sorted(stores))
    said = session.connection().execute(select(table.c.cashier).where(here).distinct()).scalars()
    theirs = [one for one in said if one.strip().casefold() == name.strip().casefold()]  # databases fold ASCII alone
    session.connection().execute(update(table).where(here, table.c.cashier.in_(theirs)).values(cashier=""))


def lock_managed(session: Session, by: Actor, account_id: str) -> ConsoleAccountTable:
    """The row of an account that `by` may manage with all it is, locked. Raises NotFound, NotYours."""
    return _get_managed(session, by, account_id, set(), all_of_it=True)


def about(session: Session, account_id: str) -> str:
    """The store whose administrators read of an account; `*` where it is something in several, or in none."""
    return _about(_roles_of(session, [account_id])[account_id])


def _get_managed(
    session: Session, by: Actor, account_id: str, stores: set[str], *, all_of_it: bool
) -> ConsoleAccountTable:
    named_lock(session, "accounts")
    row = _row(session, account_id)
    held = {store for _, store in _roles_of(session, [account_id])[account_id]}
    _check_manages(session, by, (held or {EVERY_STORE}) | stores if all_of_it else stores)
    return row


def _check_manages(session: Session, by: Actor, stores: set[str]) -> None:
    """Raises NotYours unless `by` administers all of these stores at this moment."""
    if by == COMMAND:
        return
    row = session.get(ConsoleAccountTable, by.account_id) if by.account_id else None
    if row is not None and row.disabled_at is None:
        own = {store for role, store in _roles_of(session, [row.account_id])[row.account_id] if role is Role.ADMIN}
        if EVERY_STORE in own or (stores and stores <= own):
            return
    raise NotYours("only an administrator of every store that this touches may do it")


def _keep_an_admin(session: Session, without: str) -> None:
    """Raises LastAdmin where no other open account, with a way to sign in, is administrator of all stores."""
    table, role = ConsoleAccountTable, AccountRoleTable
    others = session.exec(
        select(table)
        .join(role, col(role.account_id) == col(table.account_id))
        .where(col(role.role) == Role.ADMIN, col(role.store) == EVERY_STORE)
        .where(col(table.account_id) != without, col(table.disabled_at).is_(None))
        .where((col(table.password) != "") | (col(table.oidc) != ""))
    ).first()
    if others is None:
        raise LastAdmin("nobody else who can sign in is administrator of all stores")


def _give(session: Session, by: Actor, row: ConsoleAccountTable, role: Role, store: str, now: float) -> None:
    held = {"account_id": row.account_id, "role": role, "store": store, "given_at": now}
    upsert(session, AccountRoleTable, [held])
    note(session, by, AuditAction.ROLE_GIVEN, now, store=store, subject=row.account_id, name=row.name, role=role)


def _end_links_beyond(session: Session, account_id: str, store: str) -> None:
    """An account that comes to a store has outgrown who may have made its open links, who could sign in as it there."""
    held = {where for _, where in _roles_of(session, [account_id])[account_id]}
    if not held & {store, EVERY_STORE}:
        table = table_of(AccountInvitationTable)
        open_ones = (table.c.account_id == account_id) & table.c.used_at.is_(None)
        session.connection().execute(delete(table).where(open_ones))


def _about(roles: Iterable[Hold]) -> str:
    stores = {store for _, store in roles}
    return stores.pop() if len(stores) == 1 else EVERY_STORE


def _row(session: Session, account_id: str) -> ConsoleAccountTable:
    row = session.get(ConsoleAccountTable, account_id)
    if row is None:
        raise NotFound("no such account")
    return row


def _roles_of(session: Session, account_ids: Collection[str]) -> dict[str, tuple[Hold, ...]]:
    wanted = select(AccountRoleTable).where(col(AccountRoleTable.account_id).in_(account_ids))
    found: dict[str, list[Hold]] = defaultdict(list)
    for held in session.exec(wanted):
        found[held.account_id].append((Role(held.role), held.store))
    return {account_id: tuple(sorted(found[account_id])) for account_id in account_ids}


def accounts_of(session: Session, rows: Iterable[ConsoleAccountTable], now: float) -> list[ConsoleAccount]:
    """Rows as records, with what each account is."""
    listed = list(rows)
    ids = [row.account_id for row in listed]
    roles = _roles_of(session, ids)
    links = session.exec(select(AccountInvitationTable).where(col(AccountInvitationTable.account_id).in_(ids)))
    until = {link.account_id: link.expires_at for link in links if link.used_at is None and now < link.expires_at}
    return [
        ConsoleAccount(
            r.account_id,
            r.name,
            r.email,
            roles[r.account_id],
            bool(r.password),
            bool(r.oidc),
            r.made_at,
            r.disabled_at,
            until.get(r.account_id),
        )
        for r in listed
    ]
