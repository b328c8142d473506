"""Anybody could fill anybody's mailbox: a receipt for every sign-in that named its address, and for every answer.

What happened elsewhere: sixty sign-ins with one address made sixty letters, a hundred answers a hundred and one. Input:
the same, by the minute, from many profiles. Right: what is answered within a minute is one receipt, with the last word;
ten minutes lie between two to one mailbox, whoever causes them, and other mailboxes do not notice.
"""

from __future__ import annotations

from engine.storage.database import Database
from engine.storage.sending.letters import APART_S, CALM_S, Letter, mark_sent, queue_receipt, take_due
from tests.engine.storage.scenes import NOW


def receipt(db: Database, said: str, at: float, who: str = "s1", mailbox: str = "hers") -> None:
    letter = Letter(f"{mailbox}@example.org", "Receipt", said, said)
    with db.write() as session:
        queue_receipt(session, letter, mailbox, at, at + 86_400, shopper_id=who)


def sent(db: Database, at: float) -> list[str]:
    """What goes out now."""
    due = take_due(db, at, hold_s=60.0)
    for letter in due:
        mark_sent(db, letter.letter_id, at)
    return [letter.letter.text for letter in due]


def test_many_profiles_and_answers_are_one_receipt(db: Database) -> None:
    for number in range(60):
        receipt(db, f"answer {number}", NOW + number * 0.1, who=f"s{number}")
    assert sent(db, NOW + CALM_S - 1) == []
    assert sent(db, NOW + CALM_S) == ["answer 59"]


def test_ten_minutes_lie_between_two(db: Database) -> None:
    receipt(db, "first", NOW)
    assert sent(db, NOW + CALM_S) == ["first"]
    for number in range(40):
        receipt(db, f"answer {number}", NOW + CALM_S + 10 + number)
    receipt(db, "his", NOW + CALM_S + 50, mailbox="his")
    assert sent(db, NOW + CALM_S + APART_S - 1) == ["his"]
    assert sent(db, NOW + CALM_S + APART_S) == ["answer 39"]
    receipt(db, "much later", NOW + 9000)
    assert sent(db, NOW + 9000 + CALM_S) == ["much later"]
