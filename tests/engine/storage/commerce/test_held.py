"""Messages that could not be used wait, once, and not for ever."""

from __future__ import annotations

from engine.storage.commerce.held import (
    KEEP_S,
    held_counts,
    held_messages,
    hold_message,
    purge_held,
    release_message,
)
from engine.storage.database import Database

NOW = 1_796_000_000.0


def test_a_message_is_held_once_and_released(db: Database) -> None:
    for _ in range(2):
        assert hold_message(db, "web", "d1", {"unknown_currency": 2}, b"sealed", NOW)
    assert hold_message(db, "web", "d2", {"unknown_currency": 1, "no_id": 1}, b"sealed", NOW + 1)
    first, second = held_messages(db, "web")
    assert (first.sealed, first.reasons) == (b"sealed", {"unknown_currency": 2})
    assert held_counts(db) == {"web": {"unknown_currency": 2, "no_id": 1}}
    release_message(db, first.id)
    assert held_messages(db, "web") == [second]


def test_what_waited_too_long_is_forgotten(db: Database) -> None:
    hold_message(db, "web", "d1", {"no_id": 1}, b"sealed", NOW)
    assert purge_held(db, NOW + KEEP_S - 1) == 0
    assert purge_held(db, NOW + KEEP_S + 1) == 1
