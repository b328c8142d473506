"""The log of a fault held somebody's address: PostgreSQL quotes the row that it refuses in its error, in a line that is
no parameter of the statement; and a shard's fault was kept as it came, in the database and on the page of the cluster.

Input: a row whose key is there already, on both databases; a fault that names a MAC. Right: what was wrong is said, in
the whole traceback, without the row; without the MAC.
"""

from __future__ import annotations

import traceback

import pytest
from sqlalchemy.exc import IntegrityError

from engine.runtime.cluster.reporting import fault_in_words
from engine.storage.database import Database
from engine.storage.models.running import StoreVersionTable

WHO = "ana@example.org"


def test_no_row_is_in_a_traceback(db: Database) -> None:
    with db.write() as session:
        session.add(StoreVersionTable(store=WHO))
    with pytest.raises(IntegrityError) as refused, db.write() as session:
        session.add(StoreVersionTable(store=WHO))
    told = "".join(traceback.format_exception(refused.value))
    assert "unique constraint" in told.lower()
    assert WHO not in told


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (KeyError("02:aa:bb:cc:dd:01"), "KeyError: 'xx:xx:xx:xx:xx:xx'"),
        (ValueError(f"duplicate key\nDETAIL: Key (email)=({WHO})"), "ValueError: duplicate key"),
    ],
)
def test_a_shard_s_fault_names_nobody(fault: Exception, told: str) -> None:
    assert fault_in_words(fault) == told
