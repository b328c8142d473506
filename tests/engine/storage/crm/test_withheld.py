"""A receiver that asks reads on past a shopper whose data is restricted, and is given their events once that ends."""

from __future__ import annotations

from engine.storage.crm.log import read_log
from engine.storage.crm.numbers import number_events
from engine.storage.crm.receivers import receiver_states
from engine.storage.database import Database
from engine.storage.people.rights import release, restrict
from engine.vocabulary import CrmForm, Purpose
from tests.engine.storage.crm.people import answer, declare, deliver, said, shopper, tell_visits
from tests.engine.storage.scenes import NOW

CRM = Purpose.CRM


def two_told(db: Database, *receivers: str) -> tuple[str, str]:
    """Ada, of whom a visit is told, and Bob, whose events are read up to the end."""
    declare(db, *receivers, form=CrmForm.PULL)
    ada, bob = shopper(db, CRM), shopper(db, CRM, name="Bob")
    tell_visits(db, ada, ["shoes"])
    number_events(db, NOW)
    return ada, bob


def test_what_the_cursor_passed_over_comes_when_the_restriction_ends(db: Database) -> None:
    ada, bob = two_told(db, "ask")
    restrict(db, ada, NOW)
    page, cursor = read_log(db, "ask", 0, 9, NOW)
    assert said(page) == [("profile", "Bob"), ("consent", "crm")]
    for _ in range(2):
        assert read_log(db, "ask", cursor, 9, NOW) == ([], cursor)
    assert [state.waiting for state in receiver_states(db)] == [3]
    release(db, ada)
    tell_visits(db, ada, ["toys"])
    tell_visits(db, bob, ["books"])
    number_events(db, NOW)
    late, end = read_log(db, "ask", cursor, 9, NOW)
    hers = [("profile", "Ada"), ("consent", "crm"), ("visit", "shoes"), ("visit", "toys")]
    assert [one for one in said(late) if one != ("visit", "books")] == hers
    assert [event.number for event in late] == sorted({event.number for event in late})
    assert late[0].number > cursor
    assert read_log(db, "ask", cursor, 9, NOW) == (late, end)
    assert read_log(db, "ask", end, 9, NOW) == ([], end)
    assert [state.waiting for state in receiver_states(db)] == [0]


def test_released_before_the_next_page_is_asked_for(db: Database) -> None:
    ada, _ = two_told(db, "ask")
    restrict(db, ada, NOW)
    _, cursor = read_log(db, "ask", 0, 9, NOW)
    release(db, ada)
    late, end = read_log(db, "ask", cursor, 2, NOW)
    assert said(late) == [("profile", "Ada"), ("consent", "crm")]
    assert said(read_log(db, "ask", end, 2, NOW)[0]) == [("visit", "shoes")]


def test_what_one_program_has_read_moves_for_it_too_and_one_that_is_called_gets_it_once(db: Database) -> None:
    ada, _ = two_told(db, "early", "late")
    page, cursor = read_log(db, "early", 0, 9, NOW)
    assert read_log(db, "early", cursor, 9, NOW) == ([], cursor)
    restrict(db, ada, NOW)
    _, read = read_log(db, "late", 0, 9, NOW)
    release(db, ada)
    late, _ = read_log(db, "late", read, 9, NOW)
    again, _ = read_log(db, "early", cursor, 9, NOW)
    ids = [event.message_id for event in page if event.ref == late[0].ref]
    assert [event.message_id for event in late] == [event.message_id for event in again] == ids


def test_a_consent_taken_back_while_restricted_leaves_only_its_end(db: Database) -> None:
    ada, _ = two_told(db, "ask")
    _, cursor = read_log(db, "ask", 0, 9, NOW)
    tell_visits(db, ada, ["toys"])
    number_events(db, NOW)
    restrict(db, ada, NOW)
    _, passed = read_log(db, "ask", cursor, 9, NOW)
    answer(db, ada, CRM, False, NOW + 1)
    number_events(db, NOW + 1)
    release(db, ada)
    late, end = read_log(db, "ask", passed, 9, NOW + 1)
    assert said(late) == [("consent", "crm no")]
    assert read_log(db, "ask", end, 9, NOW + 1) == ([], end)


def test_a_line_to_who_is_called_goes_on_after_its_events_moved(db: Database) -> None:
    ada, _ = two_told(db, "ask")
    restrict(db, ada, NOW)
    _, cursor = read_log(db, "ask", 0, 9, NOW)
    release(db, ada)
    read_log(db, "ask", cursor, 9, NOW)
    declare(db, "ask")  # it is called from now on
    tell_visits(db, ada, ["toys"])
    assert said(deliver(db, "ask")) == [("profile", "Ada"), ("consent", "crm"), ("visit", "shoes"), ("visit", "toys")]
