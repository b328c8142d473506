"""Fifty PUTs of one shopper moved the consent statistics by forty answers: at k of 20, one person was 20 yes and 20 no.

Right: a person's latest answer to a wording counts once, and what is shown moves by k people and no fewer: whoever
changes their answer to and fro at a border of k shows nobody how many others there are.
"""

from __future__ import annotations

from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.people.answers import AnswerCount, answer_counts
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, set_consents, sign_in
from engine.vocabulary import Channel, Purpose

K, NOW, VERSION = 20, 1_800_000_000.0, "2026-11-30"


def crm(granted: bool) -> ConsentChoice:
    return ConsentChoice(Purpose.CRM, Channel.ANY, granted)


def somebody(db: Database, granted: bool) -> str:
    """Signs in, with this answer."""
    asked = SignIn("corner", PhoneClaim(), None, None, None, "fr", [crm(granted)], VERSION, NOW)
    return sign_in(db, asked).shopper_id


def shown(db: Database, k: int = K) -> tuple[int, int]:
    [count] = answer_counts(db, k)
    assert isinstance(count, AnswerCount)
    return count.yes, count.no


def change(db: Database, who: str, granted: bool) -> None:
    set_consents(db, who, [crm(granted)], VERSION, "me", NOW)


def test_one_person_is_one_however_often_they_answer(db: Database) -> None:
    who = somebody(db, False)
    for i in range(50):
        change(db, who, bool(i % 2))
        assert shown(db) == (0, 0)
    assert shown(db, 1) == (1, 0)


def test_to_and_fro_at_a_border_moves_nothing(db: Database) -> None:
    for _ in range(K - 1):
        somebody(db, True)
    who = somebody(db, True)
    assert shown(db) == (K, 0)
    for granted in (False, True, False):
        change(db, who, granted)
        assert shown(db) == (K, 0)


def test_it_moves_when_k_people_change_their_minds(db: Database) -> None:
    people = [somebody(db, True) for _ in range(K)]
    said = [shown(db)]
    for who in people:
        change(db, who, False)
        said.append(shown(db))
    assert said == [(K, 0)] * K + [(0, K)]
