"""Order per shopper, whatever fails: nothing overtakes, nothing is lost, nobody is held up by somebody else."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from engine.errors import BusinessRefusal, NotFound
from engine.storage.crm.lines import DueEvent, note_failed, note_taken, pause_s, take_due
from engine.storage.crm.log import count_old, purge_log, read_log
from engine.storage.crm.numbers import has_unnumbered, number_events
from engine.storage.crm.receivers import (
    dead_letters,
    declare_receivers,
    forget_receiver,
    receiver_states,
    replay_events,
    send_again,
    skip_letter,
)
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.vocabulary import CrmForm, CrmKind, CrmTrouble, Purpose
from tests.engine.storage.crm.people import BUSY_S, answer, declare, deliver, said, shopper, tell_visits
from tests.engine.storage.crm.test_telling import rows_of
from tests.engine.storage.scenes import NOW, STORE, at_once

CRM = Purpose.CRM
DAY_S = 86_400.0
TROUBLES = (CrmTrouble.UNREACHABLE, CrmTrouble.BUSY, CrmTrouble.BROKEN, CrmTrouble.REFUSED)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_any_interleaving_each_shopper_is_told_in_order(db: Database, seed: int) -> None:
    """Told, numbered, sent, failed, killed in mid-call, taken back, given again, erased: by chance, with two receivers.

    What a receiver is sent of one shopper never goes back behind what it had taken of them, and an erasure is the last.
    """
    rng = random.Random(seed)
    declare(db, "one", "two")
    people = [shopper(db, CRM) for _ in range(4)]
    alive, now = set(people), NOW
    under_way: list[DueEvent] = []
    taken: dict[tuple[str, str], list[int]] = defaultdict(list)
    ended: set[tuple[str, str]] = set()

    def take(due: DueEvent) -> None:
        line = (due.receiver, due.event.ref)
        assert line not in ended, "something after an erasure"
        assert not taken[line] or due.event.number >= taken[line][-1], "overtaken"
        taken[line].append(due.event.number)
        note_taken(db, due, now)
        if due.event.kind is CrmKind.ERASURE:
            ended.add(line)

    for n in range(120):
        now += rng.choice([0.1, 1.0, 3.0])
        step = rng.random()
        who = rng.choice(people)
        if step < 0.35:
            if who in alive:
                tell_visits(db, who, [f"z{n}"], now)
        elif step < 0.5:
            number_events(db, now)
        elif step < 0.7:
            receiver = rng.choice(["one", "two"])
            under_way = [due for due in under_way if due.receiver != receiver or rng.random() < 0.9]  # killed
            under_way += take_due(db, receiver, now, 3, BUSY_S)
        elif step < 0.92 and under_way:
            due = under_way.pop(rng.randrange(len(under_way)))
            if rng.random() < 0.6:
                take(due)
            else:
                trouble = rng.choice(TROUBLES)
                note_failed(db, due, now, trouble, 0, dead=trouble is CrmTrouble.REFUSED)
        elif step < 0.96 and who in alive:
            answer(db, who, CRM, rng.random() < 0.5, now)
        elif step > 0.985 and who in alive:
            erase_shopper(db, who, now)
            alive.discard(who)
    for due in under_way:
        take(due)
    for receiver in ("one", "two"):
        send_again(db, receiver)
        for n in range(40):
            now += BUSY_S + n
            while number_events(db, now):
                pass
            for due in take_due(db, receiver, now, 9, BUSY_S):
                take(due)
    assert [state.waiting + state.dead for state in receiver_states(db)] == [0, 0]
    for who in list(alive):
        erase_shopper(db, who, now)
    for receiver in ("one", "two"):
        deliver(db, receiver, now + DAY_S)
    assert rows_of(db) == 0


def test_a_letter_nobody_takes_holds_its_own_line_and_no_other(db: Database) -> None:
    declare(db, "crm")
    ada, bob = shopper(db, CRM), shopper(db, CRM, name="Bob")
    deliver(db, "crm")
    tell_visits(db, ada, ["shoes", "toys"])
    tell_visits(db, bob, ["books"])
    number_events(db, NOW)
    first, other = take_due(db, "crm", NOW, 9, BUSY_S)
    note_failed(db, first, NOW, CrmTrouble.REFUSED, 422, dead=True)
    note_taken(db, other, NOW)
    tell_visits(db, bob, ["food"])
    assert said(deliver(db, "crm", NOW + DAY_S)) == [("visit", "food")]
    [letter] = dead_letters(db, "crm")
    assert (letter.trouble, letter.status, letter.tries, letter.behind) == (CrmTrouble.REFUSED, 422, 1, 1)
    assert send_again(db, "crm") == 1
    assert said(deliver(db, "crm")) == [("visit", "shoes"), ("visit", "toys")]
    assert dead_letters(db, "crm") == []


def test_a_dead_letter_given_up_lets_the_rest_go(db: Database) -> None:
    declare(db, "crm")
    ada = shopper(db, CRM)
    deliver(db, "crm")
    tell_visits(db, ada, ["shoes", "toys"])
    number_events(db, NOW)
    [first] = take_due(db, "crm", NOW, 9, BUSY_S)
    note_failed(db, first, NOW, CrmTrouble.REFUSED, 400, dead=True)
    assert not skip_letter(db, "crm", first.event.number + 1)
    assert skip_letter(db, "crm", first.event.number)
    assert said(deliver(db, "crm")) == [("visit", "toys")]
    with pytest.raises(NotFound):
        skip_letter(db, "nobody", 1)


def test_a_dead_letter_does_not_hold_up_an_erasure(db: Database) -> None:
    declare(db, "crm")
    ada = shopper(db, CRM)
    number_events(db, NOW)
    [first] = take_due(db, "crm", NOW, 9, BUSY_S)
    note_failed(db, first, NOW, CrmTrouble.REFUSED, 400, dead=True)
    erase_shopper(db, ada, NOW)
    assert said(deliver(db, "crm")) == [("erasure", "")]
    assert dead_letters(db, "crm") == []
    assert rows_of(db) == 0


def test_a_receiver_down_for_a_day_gets_everything_in_order(db: Database) -> None:
    declare(db, "crm")
    people = [shopper(db, CRM, name=f"N{n}") for n in range(3)]
    deliver(db, "crm")
    calls = 0
    now = NOW
    while now < NOW + DAY_S:
        tell_visits(db, people[calls % 3], [f"{calls}"], now)
        number_events(db, now)
        for due in take_due(db, "crm", now, 9, BUSY_S):
            note_failed(db, due, now, CrmTrouble.UNREACHABLE, 0)
            calls += 1
        now += 3_600.0
    [state] = receiver_states(db)
    assert (state.dead, state.trouble, state.failing_since) == (0, CrmTrouble.UNREACHABLE, NOW)
    assert state.waiting == 24
    got = deliver(db, "crm", now + DAY_S)
    assert len(got) == 24
    for ref in {event.ref for event in got}:
        numbers = [event.number for event in got if event.ref == ref]
        assert numbers == sorted(numbers)
    [state] = receiver_states(db)
    assert (state.failing_since, state.trouble, state.waiting) == (None, None, 0)


def test_only_one_call_tries_whether_a_receiver_is_back(db: Database) -> None:
    declare(db, "crm")
    for n in range(5):
        shopper(db, CRM, name=f"N{n}")
    number_events(db, NOW)
    for due in take_due(db, "crm", NOW, 9, BUSY_S):
        note_failed(db, due, NOW, CrmTrouble.BROKEN, 503)
    assert take_due(db, "crm", NOW + 3, 9, BUSY_S) == []
    assert len(take_due(db, "crm", NOW + 60, 9, BUSY_S)) == 1


def test_a_receiver_that_asks_for_time_has_it(db: Database) -> None:
    declare(db, "crm")
    shopper(db, CRM)
    number_events(db, NOW)
    [due] = take_due(db, "crm", NOW, 9, BUSY_S)
    note_failed(db, due, NOW, CrmTrouble.BUSY, 429, asked_s=90.0)
    assert take_due(db, "crm", NOW + 89, 9, BUSY_S) == []
    assert len(take_due(db, "crm", NOW + 91, 9, BUSY_S)) == 1


def test_pauses_grow_and_end_somewhere() -> None:
    assert [pause_s(n, CrmTrouble.UNREACHABLE) for n in (0, 1, 2, 30)] == [2.0, 4.0, 8.0, 300.0]
    assert pause_s(30, CrmTrouble.KEY_REFUSED) == 3_600.0


def test_two_senders_never_have_one_line_at_once(db: Database) -> None:
    declare(db, "crm")
    for n in range(12):
        tell_visits(db, shopper(db, CRM, name=f"N{n}"), ["shoes"])
    number_events(db, NOW)
    got: list[str] = []
    at_once(4, lambda _: got.extend(due.event.ref for due in take_due(db, "crm", NOW, 5, BUSY_S)))
    assert len(got) == len(set(got)) == 12


def test_eight_workers_at_once_leave_nothing_of_who_is_erased(db: Database) -> None:
    """Told, answered, numbered, sent and erased side by side: nobody waits for ever, nothing comes after the end."""
    declare(db, "crm")
    people = [shopper(db, CRM, name=f"N{n}") for n in range(4)]
    got: list[tuple[str, int, str]] = []

    def work(n: int) -> str:
        rng = random.Random(n)
        for step in range(8):
            who = people[rng.randrange(4)]
            if n < 3:
                tell_visits(db, who, [f"{n}-{step}"])
            elif n < 5:
                try:
                    answer(db, who, CRM, rng.random() < 0.7)
                except NotFound:  # erased
                    continue
            elif n < 7:
                number_events(db, NOW)
                for due in take_due(db, "crm", NOW, 3, BUSY_S):
                    got.append((due.event.ref, due.event.number, str(due.event.kind)))
                    note_taken(db, due, NOW)
            elif step >= 4:
                erase_shopper(db, people[step - 4], NOW)
        return "done"

    assert at_once(8, work) == {"done": 8}
    got += [(event.ref, event.number, str(event.kind)) for event in deliver(db, "crm")]
    for ref in {ref for ref, _, _ in got}:
        numbers = [number for of, number, _ in got if of == ref]
        assert numbers == sorted(set(numbers))
        assert [kind for of, _, kind in got if of == ref][-1] == "erasure"
    assert rows_of(db) == 0


def test_numbers_are_given_once_and_never_again(db: Database) -> None:
    declare(db, "crm")
    ada = shopper(db, CRM)
    assert has_unnumbered(db)
    last = deliver(db, "crm")[-1].number
    erase_shopper(db, ada, NOW)
    [erasure] = deliver(db, "crm")
    shopper(db, CRM)
    assert [event.number for event in deliver(db, "crm")] == [erasure.number + 1, erasure.number + 2]
    assert erasure.number == last + 1
    assert not has_unnumbered(db)


def test_who_asks_reads_on_from_its_cursor(db: Database) -> None:
    declare(db, "ask", form=CrmForm.PULL)
    ada = shopper(db, CRM)
    tell_visits(db, ada, ["shoes", "toys"])
    number_events(db, NOW)
    page, cursor = read_log(db, "ask", 0, 3, NOW)
    assert said(page) == [("profile", "Ada"), ("consent", "crm"), ("visit", "shoes")]
    assert read_log(db, "ask", 0, 3, NOW) == (page, cursor)
    assert said(read_log(db, "ask", cursor, 3, NOW)[0]) == [("visit", "toys")]
    _, end = read_log(db, "ask", cursor, 3, NOW)
    assert read_log(db, "ask", end, 3, NOW) == ([], end)
    assert [state.waiting for state in receiver_states(db)] == [0]
    with pytest.raises(BusinessRefusal):
        read_log(db, "ask", end + 1, 3, NOW)
    with pytest.raises(NotFound):
        read_log(db, "nobody", 0, 3, NOW)


def test_who_asks_sees_nothing_that_was_taken_back_and_hears_of_an_erasure(db: Database) -> None:
    declare(db, "ask", form=CrmForm.PULL)
    ada, bob = shopper(db, CRM), shopper(db, CRM, name="Bob")
    number_events(db, NOW)
    page, cursor = read_log(db, "ask", 0, 9, NOW)
    assert len(page) == 4
    answer(db, ada, CRM, False)
    number_events(db, NOW)
    assert said(read_log(db, "ask", 0, 9, NOW)[0]) == [("profile", "Bob"), ("consent", "crm"), ("consent", "crm no")]
    erase_shopper(db, ada, NOW)
    erase_shopper(db, bob, NOW)
    number_events(db, NOW)
    page, cursor = read_log(db, "ask", cursor, 9, NOW)
    assert said(page) == [("erasure", ""), ("erasure", "")]
    assert [state.waiting for state in receiver_states(db)] == [2]
    read_log(db, "ask", cursor, 9, NOW)
    assert rows_of(db) == 0


def test_a_store_of_its_own_hears_of_no_other(db: Database) -> None:
    declare(db, "here", stores=(STORE,))
    deliver(db, "here")
    declare(db, "there", stores=("elsewhere",))
    ada = shopper(db, CRM)
    tell_visits(db, ada, ["shoes"])
    assert said(deliver(db, "there")) == [("consent", "crm")]
    assert deliver(db, "here") == []


def test_the_log_is_sent_once_more_from_a_cursor(db: Database) -> None:
    declare(db, "crm")
    ada = shopper(db, CRM)
    tell_visits(db, ada, ["shoes"])
    first = deliver(db, "crm")
    assert replay_events(db, "crm", first[0].number, NOW) == 2
    assert deliver(db, "crm") == first[1:]
    answer(db, ada, CRM, False)
    deliver(db, "crm")
    replay_events(db, "crm", 0, NOW)
    assert all(kind == "consent" and what.endswith("no") for kind, what in said(deliver(db, "crm")))


def test_what_is_sent_is_forgotten_in_time_and_ends_are_not_before_they_are_taken(db: Database) -> None:
    declare(db, "crm")
    ada, bob = shopper(db, CRM), shopper(db, CRM, name="Bob")
    deliver(db, "crm")
    tell_visits(db, bob, ["shoes", "toys"])
    erase_shopper(db, ada, NOW)
    number_events(db, NOW)
    assert purge_log(db, NOW + DAY_S, 30 * DAY_S) == 0
    assert count_old(db, NOW + 31 * DAY_S, 30 * DAY_S) == 4
    assert purge_log(db, NOW + 31 * DAY_S, 30 * DAY_S) == 4
    assert said(deliver(db, "crm", NOW + 31 * DAY_S)) == [("erasure", "")]


def test_one_that_is_declared_no_more_keeps_what_waits_until_it_is_forgotten(db: Database) -> None:
    declare(db, "crm")
    ada = shopper(db, CRM)
    number_events(db, NOW)
    take_due(db, "crm", NOW, 9, BUSY_S)
    with pytest.raises(NotFound):
        forget_receiver(db, "crm")
    declare_receivers(db, [], NOW)
    [state] = receiver_states(db)
    assert (state.declared, state.waiting) == (False, 2)
    erase_shopper(db, ada, NOW)
    number_events(db, NOW)
    assert forget_receiver(db, "crm") == 1
    assert rows_of(db) == 0
