"""A link made by a local administrator, before the account was given all stores, made him administrator of all stores;
and his invitation with another's address kept that other from single sign-on.

Input: a link for a manager of one store, who then becomes administrator of all; two accounts of one address. Right
value: the link is unknown; the subject is bound to the account of all stores, else to the oldest.
"""

from __future__ import annotations

from engine.storage.accounts import sessions
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.invitations import look_at_link, make_link
from engine.storage.accounts.people import give_role, make_account
from engine.storage.database import Database
from engine.vocabulary import InvitationFate, Role


def test_a_link_ends_with_a_role_beyond_its_maker(db: Database) -> None:
    with db.write() as session:
        carol = make_account(session, COMMAND, "carol", "", [(Role.MANAGER, "corner")], 0.0).account_id
        make_link(session, COMMAND, carol, "link", 0.0)
    give_role(db, COMMAND, carol, Role.VIEWER, "corner", 1.0)
    assert look_at_link(db, "link", 2.0)[0] is InvitationFate.OPEN
    give_role(db, COMMAND, carol, Role.ADMIN, "*", 3.0)
    assert look_at_link(db, "link", 4.0)[0] is InvitationFate.UNKNOWN


def test_an_invitation_keeps_nobody_from_single_sign_on(db: Database) -> None:
    made = {}
    with db.write() as session:
        for at, (name, store) in enumerate([("mole", "corner"), ("root", "*"), ("late", "corner")]):
            email = "root@example.org"
            made[name] = make_account(session, COMMAND, name, email, [(Role.ADMIN, store)], at).account_id
    assert sessions.bind_oidc(db, "root@example.org", "issuer|1", 9.0) == made["root"]
    assert sessions.bind_oidc(db, "root@example.org", "issuer|2", 9.0) is None
