"""Pages that other processes hold: said, said again, taken back, forgotten."""

from __future__ import annotations

from engine.storage.database import Database
from engine.storage.messages.open_pages import BELIEVED_S, forget_pages, note_pages, purge_pages, with_page_elsewhere

NOW = 1_000_000.0


def reading(db: Database, now: float, *who: str) -> set[str]:
    with db.read() as session:
        return set(with_page_elsewhere(session, who, now))


def test_a_page_is_believed_in_as_long_as_it_is_said(db: Database) -> None:
    note_pages(db, "p1", {"ana", "ben"}, (), NOW)
    note_pages(db, "p2", {"ana"}, (), NOW)
    assert reading(db, NOW + 1.0, "ana", "ben", "cleo") == {"ana", "ben"}
    note_pages(db, "p1", (), {"ana", "ben"}, NOW + 2.0)
    assert reading(db, NOW + 3.0, "ana", "ben") == {"ana"}, "hers is open in the other process"
    note_pages(db, "p2", {"ana"}, (), NOW + 40.0)
    assert reading(db, NOW + BELIEVED_S + 1.0, "ana") == {"ana"}, "said again"
    assert reading(db, NOW + 40.0 + BELIEVED_S, "ana") == set(), "its process has died"
    assert purge_pages(db, NOW + 40.0 + BELIEVED_S) == 1
    assert reading(db, NOW) == set()


def test_who_is_erased_is_in_no_process(db: Database) -> None:
    note_pages(db, "p1", {"ana"}, (), NOW)
    with db.write() as session:
        forget_pages(session, "ana")
    assert reading(db, NOW, "ana") == set()
