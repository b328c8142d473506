"""The proof of the ledger finds what went around its triggers, and says so where people look."""

from __future__ import annotations

from datetime import UTC

import pytest
from sqlalchemy import text

from engine.storage.database import Database
from engine.storage.loyalty.ledger import release_pending
from engine.storage.loyalty.proof import NIGHT_S, LedgerProof, prove, prove_nightly
from engine.storage.loyalty.spending import spend
from engine.storage.status import get_status
from engine.vocabulary import LedgerFault
from tests.engine.storage.loyalty.bought import TERMS, back, bought, earn_purchase, return_goods
from tests.engine.storage.scenes import NOW


def some_history(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 100), TERMS, UTC, NOW)
    spend(db, "s", "points", ["m"], 80, NOW)
    return_goods(db, back("b", "r", (0, 50)), NOW)
    release_pending(db, NOW)


def around_the_triggers(db: Database, statement: str) -> None:
    """As somebody would who mends a copy by hand."""
    with db.write() as session:
        on = session.connection()
        if db.dialect == "sqlite":
            names = on.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                on.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in ("ledger_entry", "ledger_posting"):
                on.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        on.execute(text(statement))


def test_a_ledger_of_ours_holds(db: Database) -> None:
    assert prove(db) == LedgerProof(0, {})
    some_history(db)
    assert prove(db) == LedgerProof(3, {})


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        (
            "UPDATE ledger_posting SET amount = 101 WHERE account = 'member_available' AND amount = 100",
            {LedgerFault.UNBALANCED: 1, LedgerFault.ALTERED: 1},
        ),
        (
            "UPDATE ledger_posting SET member = 'n' WHERE amount = 100",
            {LedgerFault.ALTERED: 1, LedgerFault.BELOW_ZERO: 1},
        ),
        ("UPDATE ledger_entry SET note = 'a gift' WHERE kind = 'burn'", {LedgerFault.ALTERED: 1}),
        ("UPDATE ledger_posting SET programme = 'p' WHERE amount = 100", {LedgerFault.BALANCE_DIFFERS: 1}),
    ],
)
def test_what_was_changed_by_hand_is_found(db: Database, statement: str, faults: dict[LedgerFault, int]) -> None:
    some_history(db)
    around_the_triggers(db, statement)
    assert prove(db).faults == faults


def test_it_is_done_once_a_night_and_said(db: Database) -> None:
    some_history(db)
    assert prove_nightly(db, NOW) == 0
    around_the_triggers(db, "UPDATE ledger_entry SET note = 'a gift' WHERE kind = 'burn'")
    assert prove_nightly(db, NOW + NIGHT_S - 1) == 0
    assert prove_nightly(db, NOW + NIGHT_S) == 1
    (said,) = get_status(db)
    assert (said.component, said.values) == ("ledger", {"entries": 3, "ledger_faults": {"altered": 1}})
