"""Accounts of the console: who may change whom, and that one administrator is always left."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from engine.errors import BusinessRefusal, NotFound
from engine.storage.accounts.audit import COMMAND, Actor, entries
from engine.storage.accounts.invitations import make_link, use_link
from engine.storage.accounts.people import (
    ConsoleAccount,
    Hold,
    LastAdmin,
    NameTaken,
    NotYours,
    disable_account,
    enable_account,
    erase_account,
    find_account,
    get_account,
    give_role,
    list_accounts,
    make_account,
    sign_in_name,
    take_role,
)
from engine.storage.accounts.sessions import find_signed_in, open_session
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.rows.revisions import revisions
from engine.vocabulary import AuditAction, Role
from tests.engine.storage.scenes import NOW, at_once, campaign

SITE: Hold = (Role.ADMIN, "*")


def made(db: Database, name: str, *roles: Hold, by: Actor = COMMAND) -> ConsoleAccount:
    """An account that has chosen its password."""
    with db.write() as session:
        account = make_account(session, by, name, "", roles, NOW)
        make_link(session, COMMAND, account.account_id, f"link of {name}", NOW)
    use_link(db, f"link of {name}", "hash", NOW)
    return get_account(db, account.account_id, NOW)


def test_a_name_is_given_once_however_it_is_spelt(db: Database) -> None:
    ana = made(db, " Ana López", SITE)
    assert ana.name == "Ana López"
    assert find_account(db, "ANA LÓPEZ", NOW) == ana
    assert find_account(db, "ana lopez", NOW) is None
    with pytest.raises(NameTaken):
        made(db, "ana lópez", (Role.VIEWER, "a"))


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\u200bb", "a\nb"])
def test_what_is_no_name(name: str) -> None:
    assert sign_in_name(name) is None


def test_an_account_without_a_role_is_not_made(db: Database) -> None:
    with pytest.raises(ValueError, match="a role"):
        made(db, "nobody")
    assert list_accounts(db, NOW) == []


def test_an_administrator_of_a_store_manages_that_store(db: Database) -> None:
    made(db, "site", SITE)
    chief = made(db, "chief", (Role.ADMIN, "a"))
    clerk = made(db, "clerk", (Role.VIEWER, "a"), by=chief.actor)
    both = made(db, "both", (Role.VIEWER, "a"), (Role.VIEWER, "b"))
    assert [a.name for a in list_accounts(db, NOW, {"a"})] == ["both", "chief", "clerk"]
    give_role(db, chief.actor, clerk.account_id, Role.IT, "a", NOW)
    take_role(db, chief.actor, both.account_id, Role.VIEWER, "a", NOW)
    disable_account(db, chief.actor, clerk.account_id, NOW)
    enable_account(db, chief.actor, clerk.account_id, NOW)
    assert get_account(db, clerk.account_id, NOW).roles == ((Role.IT, "a"), (Role.VIEWER, "a"))
    assert get_account(db, both.account_id, NOW).roles == ((Role.VIEWER, "b"),)


def test_and_nobody_who_is_more_than_that(db: Database) -> None:
    """A link for an account signs in as it: whoever may make one for more than they are would become more."""
    site, chief = made(db, "site", SITE), made(db, "chief", (Role.ADMIN, "a"))
    both = made(db, "both", (Role.VIEWER, "a"), (Role.VIEWER, "b"))
    for refused in (
        lambda: give_role(db, chief.actor, chief.account_id, Role.ADMIN, "*", NOW),
        lambda: give_role(db, chief.actor, both.account_id, Role.VIEWER, "b", NOW),
        lambda: take_role(db, chief.actor, site.account_id, Role.ADMIN, "*", NOW),
        lambda: disable_account(db, chief.actor, both.account_id, NOW),
        lambda: made(db, "new", (Role.VIEWER, "b"), by=chief.actor),
        lambda: give_role(db, both.actor, both.account_id, Role.ADMIN, "a", NOW),
        lambda: give_role(db, Actor("a key"), both.account_id, Role.ADMIN, "a", NOW),
    ):
        with pytest.raises(NotYours):
            refused()
    with pytest.raises(NotYours), db.write() as session:
        make_link(session, chief.actor, both.account_id, "stolen", NOW)
    with pytest.raises(NotFound):
        disable_account(db, site.actor, "nobody", NOW)


def test_the_last_administrator_stays(db: Database) -> None:
    ana, store = made(db, "ana", SITE), made(db, "store", (Role.ADMIN, "a"))
    with db.write() as session:
        invited = make_account(session, COMMAND, "bob", "", [SITE], NOW)  # has not come yet: nobody to rely on
    for refused in (
        lambda: take_role(db, ana.actor, ana.account_id, *SITE, NOW),
        lambda: disable_account(db, ana.actor, ana.account_id, NOW),
        lambda: disable_account(db, COMMAND, ana.account_id, NOW),
    ):
        with pytest.raises(LastAdmin):
            refused()
    disable_account(db, ana.actor, invited.account_id, NOW)
    disable_account(db, ana.actor, store.account_id, NOW)


def test_two_administrators_who_remove_each_other(db: Database) -> None:
    """Whoever comes second is none any more, whatever page they still have open."""
    pair = [made(db, name, SITE) for name in ("ana", "bob")]

    def remove_the_other(i: int) -> None:
        take_role(db, pair[i].actor, pair[1 - i].account_id, *SITE, NOW)

    assert at_once(2, remove_the_other) == {"None": 1, "forbidden": 1}
    left = [a.name for a in list_accounts(db, NOW) if SITE in a.roles]
    assert len(left) == 1


def test_a_closed_account_is_out_at_once_and_does_nothing_more(db: Database) -> None:
    ana, bob = made(db, "ana", SITE), made(db, "bob", SITE)
    assert open_session(db, bob.account_id, "s1", "Firefox", "password", NOW)
    assert find_signed_in(db, "s1", NOW) == bob
    disable_account(db, ana.actor, bob.account_id, NOW)
    assert find_signed_in(db, "s1", NOW) is None
    assert not open_session(db, bob.account_id, "s2", "Firefox", "password", NOW)
    with pytest.raises(BusinessRefusal):
        give_role(db, bob.actor, bob.account_id, Role.VIEWER, "a", NOW)
    enable_account(db, ana.actor, bob.account_id, NOW)
    assert find_signed_in(db, "s1", NOW) is None  # what was ended stays so


def test_what_was_done_is_written_down_for_those_of_the_store(db: Database) -> None:
    ana = made(db, "ana", SITE)
    clerk = made(db, "clerk", (Role.VIEWER, "a"), by=ana.actor)
    take_role(db, ana.actor, clerk.account_id, Role.VIEWER, "b", NOW)  # was none
    seen = [(e.who, e.action, e.store, e.detail.get("role")) for e in entries(db, {"a"})]
    assert seen == [
        ("clerk", AuditAction.PASSWORD_CHOSEN, "a", None),
        ("rayon accounts", AuditAction.LINK_MADE, "a", None),
        ("ana", AuditAction.ROLE_GIVEN, "a", "viewer"),
        ("ana", AuditAction.INVITED, "a", None),
    ]
    everything = entries(db, {"*"})
    assert len(everything) == 8
    assert entries(db, {"*"}, before=everything[3].number) == everything[4:]
    assert {e.subject for e in entries(db, {"*"}, account_id=clerk.account_id)} == {clerk.account_id}


def test_an_erased_account_leaves_a_number(db: Database) -> None:
    """Name, e-mail, password and roles are gone; logs and histories have a number; the name may be had again."""
    ana, ben = made(db, "ana", SITE), made(db, "ben", (Role.CAMPAIGN_EDITOR, "a"))
    give_role(db, ana.actor, ben.account_id, Role.VIEWER, "a", NOW)
    put_campaign(db, "a", campaign(), NOW, by="ben")
    with pytest.raises(LastAdmin):
        erase_account(db, ana.actor, ana.account_id, NOW)
    erase_account(db, ana.actor, ben.account_id, NOW + 1)
    with pytest.raises(NotFound):
        get_account(db, ben.account_id, NOW)
    number = f"#{ben.account_id}"
    lines = entries(db, ["*"])
    assert not any("ben" in (line.who, *line.detail.values()) for line in lines)
    assert lines[0].action is AuditAction.ERASED
    assert lines[0].detail["name"] == number
    assert any(line.who == number for line in lines)  # what they did stays on record, theirs
    assert [r.by for r in revisions(db, "a", campaign().id)] == [number]
    assert made(db, "ben", (Role.VIEWER, "a")).account_id != ben.account_id


def test_nobody_else_changes_the_log(db: Database) -> None:
    made(db, "ana", SITE)
    for verb in ("UPDATE audit_entry SET who = 'eve'", "DELETE FROM audit_entry"):
        with pytest.raises(DatabaseError, match="append-only"), db.write() as session:
            session.connection().execute(text(verb))
    assert {line.who for line in entries(db, ["*"])} <= {"rayon accounts", "ana"}
