"""newer-database: a program that is older than its database ended in a traceback of the migrations' library.

Input: a database whose version this program does not know.
Right: one sentence with both versions and the way out; nothing is written.
"""

from __future__ import annotations

import pytest
from sqlalchemy import text

from engine.errors import OperatorError
from engine.storage.database import open_database
from engine.storage.migrate import newest


def test_it_says_both_versions_and_the_way_out(database_url: str) -> None:
    db = open_database(database_url)
    with db.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.close()
    with pytest.raises(OperatorError) as refused:
        open_database(database_url)
    [problem] = refused.value.problems
    assert problem.reason == f"made by a newer Rayon: its version is 9999, this program knows up to {newest()}"
    assert "rayon restore" in problem.fix
