"""Two profiles joined each other, and whoever looked for the person behind them never came back.

What happened elsewhere: a browser asked for two links to its mailboxes as one profile. The one joined it to another
profile; the other, followed afterwards, was added to the profile that had joined, and signed the browser in as that.
Proved once more from the kept profile, it joined the two the other way round. The search for the top of such a circle
ended never, inside a transaction that writes, and nobody else could write. Input: the two links in that order; circles
and doubled merges as they were kept then. Right: who asked is who they are by now; no circle, one merge of a profile at
a time; circles of before are survived.
"""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.loyalty.wallets import living_of, profiles_of
from engine.storage.models.identity import ProfileMergeTable
from engine.storage.people.browsers import keep_session, owner_of
from engine.storage.people.identifiers import AskedLink, Followed, follow_link, identifiers_of, keep_link
from engine.storage.people.merges import merge_in, merges_of, split
from engine.storage.people.shoppers import ShopperProfile, SignIn, living_shopper, sign_in
from engine.vocabulary import IdentifierKind, LinkFate
from tests.engine.storage.scenes import NOW, PAGE, STORE, at_once, proved, shopper


def ask(db: Database, name: str, mailbox: str, who: ShopperProfile) -> None:
    link = AskedLink(name, mailbox, "sealed", who.shopper_id, "here", "Firefox", NOW)
    with db.write() as session:
        keep_link(session, link)


def follow(db: Database, name: str) -> Followed:
    return follow_link(db, name, "here", NOW + 10)


def prove(db: Database, mailbox: str, who: ShopperProfile) -> Followed:
    ask(db, f"{mailbox}-{who.shopper_id}", mailbox, who)
    return follow(db, f"{mailbox}-{who.shopper_id}")


@pytest.fixture
def two(db: Database) -> tuple[ShopperProfile, ShopperProfile]:
    """One whose mailbox is known, and one who asks for it and for another, and has followed the first link."""
    kept, merged = shopper(db), shopper(db)
    prove(db, "ana", kept)
    ask(db, "other", "second", merged)
    assert prove(db, "ana", merged) == Followed(LinkFate.MERGED, kept.shopper_id)
    return kept, merged


def standing(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        return [(r.kept, r.merged) for r in session.exec(select(ProfileMergeTable)) if r.split_at is None]


def test_a_link_asked_for_before_the_merge_is_the_persons(db: Database, two: tuple[ShopperProfile, ...]) -> None:
    kept, merged = two
    assert follow(db, "other") == Followed(LinkFate.ADDED, kept.shopper_id)
    assert len(identifiers_of(db, kept.shopper_id)) == 2
    assert prove(db, "second", kept) == Followed(LinkFate.SIGNED_IN, kept.shopper_id)
    assert standing(db) == [(kept.shopper_id, merged.shopper_id)]


def test_one_merge_of_a_pair(db: Database, two: tuple[ShopperProfile, ...]) -> None:
    """Proved again by who has joined already, it joins nothing; one split is enough."""
    kept, merged = two
    ask(db, "again", "ana", merged)
    assert follow(db, "again") == Followed(LinkFate.SIGNED_IN, kept.shopper_id)
    [merge] = merges_of(db, kept.shopper_id)
    split(db, merge.merge_id, kept.shopper_id, NOW + 20)
    assert living_of(db, merged.shopper_id) == merged.shopper_id


def test_who_has_joined_another_is_signed_in_nowhere(db: Database, two: tuple[ShopperProfile, ...]) -> None:
    """A repeated answer, a cookie and a pass of before name the profile that has joined, and mean the person."""
    kept, merged = two
    keep_session(db, "s", merged.shopper_id, "Firefox", NOW, shared=False)
    assert owner_of(db, "s", NOW + 20) == kept.shopper_id
    assert living_shopper(db, merged.shopper_id).shopper_id == kept.shopper_id
    again = SignIn(STORE, proved(7), merged.shopper_id, None, None, "fr", [PAGE], "2026-01", NOW + 20)
    assert sign_in(db, again).shopper_id == kept.shopper_id


def test_circles_and_doubles_are_refused(db: Database, two: tuple[ShopperProfile, ...]) -> None:
    kept, merged, third = *two, shopper(db)
    for one, other in ((merged, kept), (kept, merged), (third, merged), (merged, third)):
        with pytest.raises(ValueError, match="joined another"), db.write() as session:
            merge_in(session, one.shopper_id, other.shopper_id, IdentifierKind.EMAIL, NOW + 20)
    with pytest.raises(IntegrityError), db.write() as session:
        add_merge(session, "double", third.shopper_id, merged.shopper_id)


def add_merge(session: Session, name: str, kept: str, merged: str, at: float = NOW + 30) -> None:
    session.add(ProfileMergeTable(merge_id=name, kept=kept, merged=merged, proof="email", at=at, moved="{}"))
    session.flush()


def test_a_circle_of_before_is_survived(db: Database, two: tuple[ShopperProfile, ...]) -> None:
    """The profile that was kept last is the person's; from wherever one looks."""
    kept, merged = (who.shopper_id for who in two)
    with db.write() as session:
        add_merge(session, "back", merged, kept)
    assert (living_of(db, kept), living_of(db, merged)) == (merged, merged)
    assert profiles_of(db, kept) == profiles_of(db, merged) == [merged, kept]
    assert erase_shopper(db, merged, NOW + 40) == sorted([kept, merged])


def test_each_joins_the_other_at_once(db: Database) -> None:
    """Both mailboxes' links are followed in the same moment: one joins, the other is signed in as that person."""
    one, other = shopper(db), shopper(db)
    prove(db, "one", one)
    prove(db, "other", other)
    ask(db, "l0", "other", one)
    ask(db, "l1", "one", other)
    assert at_once(2, lambda i: follow(db, f"l{i}").fate) == {"merged": 1, "signed_in": 1}
    assert len(standing(db)) == 1
