"""A shopper chose to be recognised, proved her mailbox, became one with her older profile, and could not take it back.

Input: the choice is made on a new profile, which then joins another; on that she takes the choice back. Wrong: nothing
was found to take back, the clerk's page showed her on, and the consent stayed with her for good. Right: she is one
visitor before and after, and none once she says so.
"""

from __future__ import annotations

from engine.privacy.consent import allows
from engine.storage.clerks.recognitions import choose_recognition, end_choice, is_chosen, visitors
from engine.storage.database import Database
from engine.storage.last_places import LastPlace, note_places
from engine.storage.people.merges import merge_in
from engine.storage.people.shoppers import get_shopper
from engine.vocabulary import Channel, IdentifierKind, Purpose
from tests.engine.storage.scenes import NOW, STORE, shopper


def here(db: Database) -> int:
    return len(visitors(db, STORE, NOW + 5))


def test_her_choice_goes_with_her(db: Database) -> None:
    old, new = (shopper(db, device).shopper_id for device in (1, 2))
    note_places(db, [LastPlace(STORE, who, "ground", 1.0, 1.0, 1.0, NOW) for who in (old, new)])
    choose_recognition(db, STORE, new, "v", NOW)
    assert here(db) == 1
    with db.write() as session:
        merge_in(session, old, new, IdentifierKind.EMAIL, NOW + 1)
    assert (is_chosen(db, STORE, old, NOW + 2), here(db)) == (True, 1)
    assert end_choice(db, STORE, old, "v", NOW + 3)
    assert here(db) == 0
    assert not allows(get_shopper(db, old).grants, Purpose.CLERK, Channel.ANY)


def test_chosen_on_both_it_ends_on_both(db: Database) -> None:
    old, new = (shopper(db, device).shopper_id for device in (1, 2))
    note_places(db, [LastPlace(STORE, who, "ground", 1.0, 1.0, 1.0, NOW) for who in (old, new)])
    for who in (old, new):
        choose_recognition(db, STORE, who, "v", NOW)
    with db.write() as session:
        merge_in(session, old, new, IdentifierKind.EMAIL, NOW + 1)
    assert here(db) == 1
    assert end_choice(db, STORE, old, "v", NOW + 3)
    assert here(db) == 0
