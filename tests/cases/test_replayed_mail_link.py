"""A link by e-mail signed in whoever opened it, as often as it was opened: a mail scanner, a forwarded mail, a replay.

What happened elsewhere: mail scanners fetch every link in a mail, so that a link that works by GET is used up, or used
by a machine, before its reader sees it; one that works again signs in whoever finds it in a browser's history. Input: a
link that is looked at, followed, followed again, and followed after its time. Right: looking changes nothing; it works
once, in time; what asked for it in another browser gains nothing.
"""

from __future__ import annotations

import pytest
from sqlmodel import Session

from engine.storage.database import Database
from engine.storage.people.identifiers import (
    LINK_S,
    AskedLink,
    follow_link,
    identifiers_of,
    keep_link,
    look_at_link,
)
from tests.engine.storage.scenes import NOW, at_once, shopper


def asked(session: Session, name: str, shopper_id: str, browser: str = "hers") -> None:
    keep_link(session, AskedLink(name, "mailbox", "sealed", shopper_id, browser, "Firefox", NOW))


@pytest.fixture
def owner(db: Database) -> str:
    """Somebody whose profile has the mailbox, proved by a link of a moment ago."""
    who = shopper(db).shopper_id
    with db.write() as session:
        asked(session, "first", who)
    assert follow_link(db, "first", "hers", NOW + 5).fate == "added"
    return who


def test_looking_uses_nothing_up(db: Database, owner: str) -> None:
    with db.write() as session:
        asked(session, "second", "")
    for _ in range(5):
        assert look_at_link(db, "second", NOW + 10)[0] == "open"
    assert follow_link(db, "second", "", NOW + 11).shopper_id == owner


def test_it_works_once_also_for_many_at_once(db: Database, owner: str) -> None:
    with db.write() as session:
        asked(session, "second", "")
    said = at_once(10, lambda _: follow_link(db, "second", "", NOW + 10).fate)
    assert said == {"signed_in": 1, "used": 9}


def test_it_ends(db: Database, owner: str) -> None:
    with db.write() as session:
        asked(session, "second", "")
    assert follow_link(db, "second", "hers", NOW + LINK_S).fate == "expired"
    assert follow_link(db, "guessed", "hers", NOW).fate == "unknown"


def test_who_asked_elsewhere_gains_nothing(db: Database, owner: str) -> None:
    stranger = shopper(db).shopper_id
    with db.write() as session:
        asked(session, "second", stranger, browser="his")
    followed = follow_link(db, "second", "hers", NOW + 10)
    assert (followed.fate, followed.shopper_id) == ("signed_in", owner)
    assert identifiers_of(db, stranger) == []
