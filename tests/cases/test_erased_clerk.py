"""An account was erased, and its name stood on under every note, order and coupon that its person had had in hand.

In: a clerk who wrote a note, handed an order over, added points and honoured a coupon by hand; and who has keys.
Right: no column of any table has the name; what was done stays, under a number; two keys of who was erased are still
one person's, and a colleague's approval of what they wrote still stands.
"""

from __future__ import annotations

from sqlalchemy import select

from engine.offers.lifecycle import is_second_person
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import erase_account
from engine.storage.clerks.cards import add_points, honour_coupon, write_note
from engine.storage.clerks.pickups import hand_over
from engine.storage.database import Database
from engine.storage.keys import FINGERPRINT_CHARS, add_key, digest_of, key_holders
from engine.storage.models import metadata
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import Role
from tests.engine.storage.accounts.test_people import made
from tests.engine.storage.clerks.test_cards import visitor
from tests.engine.storage.clerks.test_pickups import CODE, READY, told
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, campaign, issue

NAME = "Adélaïde Unique"


def test_nothing_has_the_name_any_more(db: Database) -> None:
    clerk = made(db, NAME, (Role.CLERK, STORE))
    put_campaign(db, STORE, campaign(), NOW, by=NAME)
    who, name = visitor(db)
    coupon = issue(db, who)
    told(db, READY)
    write_note(db, STORE, name, "Wears 38", clerk.actor, NOW)
    add_points(db, STORE, name, 5, clerk.actor, NOW, key="k", most=50)
    hand_over(db, STORE, CODE, clerk.actor, NOW, secret=SECRET)
    honour_coupon(
        db, STORE, name, coupon, basket(), clerk.actor, NOW + 1, key="c", secret=SECRET, timezone="Europe/Paris"
    )
    assert {"campaign_revision", "pickup", "redemption", "staff_note"} <= having(db, NAME)
    erase_account(db, COMMAND, clerk.account_id, NOW + 2)
    assert having(db, NAME) == set()
    assert {"campaign_revision", "pickup", "redemption", "staff_note"} <= having(db, f"#{clerk.account_id}")


def having(db: Database, name: str) -> set[str]:
    """Tables of which some row says this anywhere."""
    with db.read() as session:
        rows = {t.name: session.connection().execute(select(t)).all() for t in metadata.sorted_tables}
    return {table for table, found in rows.items() if any(name in str(value) for row in found for value in row)}


def test_keys_of_who_was_erased_are_still_theirs(db: Database) -> None:
    ada = made(db, "ada", (Role.ADMIN, STORE))
    keys = [digest_of(add_key(db, "manager", NOW, held_by=ada.account_id)[1])[:FINGERPRINT_CHARS] for _ in range(2)]
    erase_account(db, COMMAND, ada.account_id, NOW + 1)
    with db.read() as session:
        holders = key_holders(session)
    assert not is_second_person(keys[0], keys[1], holders)
    assert not is_second_person(keys[0], f"#{ada.account_id}", holders)
    assert is_second_person("ben", keys[0], holders)
