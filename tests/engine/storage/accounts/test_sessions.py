"""Links to choose a password, and where people are signed in."""

from __future__ import annotations

import pytest

from engine.storage.accounts import invitations as links
from engine.storage.accounts import sessions
from engine.storage.accounts.audit import COMMAND, entries
from engine.storage.accounts.people import disable_account, get_account, make_account
from engine.storage.database import Database
from engine.vocabulary import AuditAction, InvitationFate, Role
from tests.engine.storage.scenes import NOW, at_once

OPEN, USED, EXPIRED, UNKNOWN = InvitationFate


@pytest.fixture
def ana(db: Database) -> str:
    """An account with an open link."""
    with db.write() as session:
        made = make_account(session, COMMAND, "Ana", "ana@example.org", [(Role.VIEWER, "a")], NOW)
        links.make_link(session, COMMAND, made.account_id, "link", NOW)
    return made.account_id


def test_a_link_works_once_and_looking_is_not_using(db: Database, ana: str) -> None:
    assert links.look_at_link(db, "link", NOW) == links.look_at_link(db, "link", NOW) == (OPEN, "Ana")
    assert get_account(db, ana, NOW).invited_until == NOW + links.LINK_S
    assert sessions.password_of(db, "ana") is None
    assert links.use_link(db, "link", "hash", NOW) == (OPEN, ana)
    assert sessions.password_of(db, "ANA") == (ana, "hash")
    assert links.use_link(db, "link", "other", NOW) == (USED, "")
    assert links.look_at_link(db, "link", NOW) == (USED, "")
    assert sessions.password_of(db, "ana") == (ana, "hash")


def test_of_two_who_use_it_at_once_one_does(db: Database, ana: str) -> None:
    fates: list[InvitationFate] = []
    at_once(2, lambda i: fates.append(links.use_link(db, "link", f"hash {i}", NOW)[0]))
    assert sorted(fates) == [OPEN, USED]


def test_a_link_ends_by_time_by_the_next_and_with_the_account(db: Database, ana: str) -> None:
    assert links.use_link(db, "link", "hash", NOW + links.LINK_S)[0] is EXPIRED
    assert links.use_link(db, "made up", "hash", NOW)[0] is UNKNOWN
    with db.write() as session:
        links.make_link(session, COMMAND, ana, "newer", NOW)
    assert [links.look_at_link(db, word, NOW)[0] for word in ("link", "newer")] == [UNKNOWN, OPEN]
    disable_account(db, COMMAND, ana, NOW)
    assert links.use_link(db, "newer", "hash", NOW)[0] is UNKNOWN
    assert sessions.password_of(db, "ana") is None


def test_links_are_forgotten_long_after(db: Database, ana: str) -> None:
    assert links.purge_links(db, NOW + links.LINK_S) == 0
    assert links.purge_links(db, NOW + links.LINK_S + links.KEPT_S + 1) == 1


def test_a_forgotten_password_ends_every_session(db: Database, ana: str) -> None:
    sessions.open_session(db, ana, "s1", "Firefox", "password", NOW)
    links.use_link(db, "link", "hash", NOW)
    assert sessions.find_signed_in(db, "s1", NOW) is None


def test_a_session_ends_after_a_day_s_work_and_is_seen_meanwhile(db: Database, ana: str) -> None:
    sessions.open_session(db, ana, "s1", "Firefox", "password", NOW)
    assert sessions.find_signed_in(db, "s1", NOW + 60.0) is not None
    assert [s.seen_at for s in sessions.sessions_of(db, ana, NOW)] == [NOW]
    assert sessions.find_signed_in(db, "s1", NOW + 900.0) is not None
    assert [s.seen_at for s in sessions.sessions_of(db, ana, NOW)] == [NOW + 900.0]
    end = NOW + sessions.LIFETIME_S
    assert sessions.find_signed_in(db, "s1", end) is None
    assert sessions.sessions_of(db, ana, end) == []
    assert sessions.purge_sessions(db, end) == 1


def test_sessions_end_one_all_and_all_but_this(db: Database, ana: str) -> None:
    me = get_account(db, ana, NOW).actor
    for word in ("s1", "s2", "s3"):
        sessions.open_session(db, ana, word, "Firefox", "password", NOW)
    assert sessions.end_sessions(db, me, ana, NOW, "s1") == 1
    sessions.change_password(db, ana, "hash", "s2", NOW)
    assert [s.session_id for s in sessions.sessions_of(db, ana, NOW)] == ["s2"]
    sessions.sign_out(db, "s2", NOW)
    sessions.sign_out(db, "s2", NOW)
    assert sessions.end_sessions(db, me, ana, NOW) == 0
    done = [e.action for e in entries(db, {"a"}, limit=3)]
    assert done == [AuditAction.SIGNED_OUT, AuditAction.PASSWORD_CHOSEN, AuditAction.SESSIONS_ENDED]


def test_an_account_has_so_many_sessions_and_the_oldest_goes(db: Database, ana: str) -> None:
    for i in range(sessions.MOST_SESSIONS + 2):
        sessions.open_session(db, ana, f"s{i:02d}", "Firefox", "password", NOW + i)
    kept = [s.session_id for s in sessions.sessions_of(db, ana, NOW)]
    assert (len(kept), kept[-1]) == (sessions.MOST_SESSIONS, "s02")


def test_a_single_sign_on_is_bound_once_to_the_one_account_of_an_address(db: Database, ana: str) -> None:
    assert sessions.bind_oidc(db, "bob@example.org", "issuer|1", NOW) is None
    assert sessions.bind_oidc(db, "", "issuer|1", NOW) is None
    assert sessions.account_of_oidc(db, "issuer|1") is None
    assert sessions.bind_oidc(db, "ana@example.org", "issuer|1", NOW) == ana
    assert sessions.bind_oidc(db, "ana@example.org", "issuer|2", NOW) is None  # another subject with her address
    assert sessions.account_of_oidc(db, "issuer|1") == ana
    disable_account(db, COMMAND, ana, NOW)
    assert sessions.account_of_oidc(db, "issuer|1") is None


def test_a_stronger_hash_of_an_old_password_does_not_undo_a_new_one(db: Database, ana: str) -> None:
    links.use_link(db, "link", "old", NOW)
    sessions.keep_hash(db, ana, "old", "stronger")
    sessions.keep_hash(db, ana, "old", "late")
    assert sessions.password_of(db, "Ana") == (ana, "stronger")


def test_a_wrong_password_is_written_down(db: Database, ana: str) -> None:
    sessions.note_failure(db, ana, "Firefox", NOW)
    sessions.note_failure(db, "nobody", "Firefox", NOW)
    failed = entries(db, {"a"}, limit=1)[0]
    assert (failed.action, failed.who, failed.subject) == (AuditAction.SIGN_IN_FAILED, "?", ana)
