"""A customer file was away while two profiles became one; who then took consent back was told of all the same.

Input: Bea's name and stay wait for the customer file; her profile joins Ada's by a proved mailbox; on it she takes the
consent back, or has her data restricted. Wrong: name and stay left when the file was back, since the joined profile's
own answers were asked, and a file that knew Bea as a contact never heard of her no. Right: nothing leaves but the no,
to whoever was told of her; where it is released again, what waited goes on.
"""

from __future__ import annotations

from engine.storage.crm.log import read_log
from engine.storage.crm.numbers import number_events
from engine.storage.database import Database
from engine.storage.people.merges import merge_in, split
from engine.storage.people.rights import release, restrict
from engine.vocabulary import CrmForm, IdentifierKind, Purpose
from tests.engine.storage.crm.people import answer, declare, deliver, said, shopper, tell_visits
from tests.engine.storage.scenes import NOW

HOUR_S = 3_600.0


def merged(db: Database, form: CrmForm = CrmForm.EVENTS) -> tuple[str, str, str]:
    """(kept, merged, merge): Bea's profile, of which something waits, has joined Ada's."""
    declare(db, "crm", form=form)
    ada, bea = (shopper(db, Purpose.CRM, name=name) for name in ("Ada", "Bea"))
    tell_visits(db, bea, ["shoes"])
    number_events(db, NOW)
    with db.write() as session:
        return ada, bea, merge_in(session, ada, bea, IdentifierKind.EMAIL, NOW + 1)


def test_what_waited_under_the_joined_name_does_not_leave(db: Database) -> None:
    ada, _, _ = merged(db)
    answer(db, ada, Purpose.CRM, False, NOW + 2)
    assert deliver(db, "crm", NOW + 3) == []


def test_nor_is_it_read_by_a_file_that_asks(db: Database) -> None:
    ada, _, _ = merged(db, CrmForm.PULL)
    answer(db, ada, Purpose.CRM, False, NOW + 2)
    number_events(db, NOW + 3)
    assert read_log(db, "crm", 0, 100, NOW + 3)[0] == []


def test_whoever_was_told_of_both_hears_of_both_that_they_end(db: Database) -> None:
    ada, bea, merge = merged(db)
    refs = {event.ref for event in deliver(db, "crm", NOW + 2)}
    answer(db, ada, Purpose.CRM, False, NOW + 3)
    ends = deliver(db, "crm", NOW + 4)
    assert said(ends) == [("consent", "crm no")] * 2
    assert {event.ref for event in ends} == refs
    split(db, merge, ada, NOW + 5)
    tell_visits(db, bea, ["toys"], NOW + 6)
    assert set(said(deliver(db, "crm", NOW + 7))) == {("consent", "crm no")}, "a no given since holds for both"


def test_restricted_as_one_nothing_leaves_of_either_until_it_ends(db: Database) -> None:
    ada, _, _ = merged(db)
    restrict(db, ada, NOW + 2)
    assert deliver(db, "crm", NOW + 3) == []
    release(db, ada)
    told = said(deliver(db, "crm", NOW + 3 + HOUR_S))
    assert {what for kind, what in told if kind == "profile"} == {"Ada", "Bea"}
    assert ("visit", "shoes") in told
