"""A wrong password for a name that nobody has cost a sign-in fewer statements than for an account: time told names.

Input: a failure noted for an account and one for nobody. Right value: the same statements by number and kind of each,
and the audit log grows by the account's alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from engine.storage.accounts import sessions
from engine.storage.accounts.audit import COMMAND, entries
from engine.storage.accounts.people import make_account
from engine.storage.database import Database
from engine.vocabulary import Role


def test_a_failure_of_nobody_costs_the_same(db: Database) -> None:
    with db.write() as session:
        ana = make_account(session, COMMAND, "ana", "", [(Role.VIEWER, "a")], 0.0).account_id
        engine = session.get_bind().engine
    before = len(entries(db, ["*"]))
    said: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement.split()[0])

    event.listen(engine, "before_cursor_execute", listen)
    sessions.note_failure(db, "", "Firefox", 1.0)
    nobodys, said[:] = list(said), []
    sessions.note_failure(db, ana, "Firefox", 1.0)
    event.remove(engine, "before_cursor_execute", listen)
    assert nobodys == said
    assert len(entries(db, ["*"])) == before + 1
