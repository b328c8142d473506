"""`kill -9` of the process that brings purchases to the ledger, again and again: each earns once, and none is lost.

The process dies at a drawn statement of its work or just before a commit, so that every place within a purchase's
transaction is as likely as any between two of them, on a machine of any speed.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path

from engine.loyalty.ledger import Balance
from engine.storage.commerce.events import keep_events
from engine.storage.database import open_database
from engine.storage.loyalty.ledger import entries_of
from engine.storage.loyalty.proof import prove
from engine.vocabulary import EntryKind
from tests.databases import database_url, postgres
from tests.engine.storage.programme.told import brought, earn, has_card, points, receipt
from tests.engine.storage.scenes import NOW, shopper
from tests.forked import Rayon

__all__ = ["database_url", "postgres"]
KILLS = 8
MOST_STATEMENTS = 150  # of a run: about ten purchases
JOB = """
import os, signal, sys
from sqlalchemy import Engine, event
from engine.storage.database import open_database
from engine.storage.programme.earning import earn_from_shops
from tests.engine.storage.programme.told import RULES
from tests.engine.storage.scenes import NOW

url, left = sys.argv[1], int(sys.argv[2])
db = open_database(url)

def die(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", die)
event.listen(Engine, "commit", die)
while True:
    earn_from_shops(db, RULES, NOW)
"""


def test_every_purchase_earns_once_however_often_the_job_is_killed(database_url: str, tmp_path: Path) -> None:
    chance, db = random.Random(14), open_database(database_url)
    try:
        who = shopper(db)
        has_card(db, who.shopper_id)
        amounts: dict[str, int] = {}
        seen = []
        for kill in range(KILLS):
            bought = {f"r{kill}-{i}": 100 * chance.randint(1, 90) for i in range(4)}
            gone = next(iter(bought))
            amounts |= bought
            told = [receipt(name, minor) for name, minor in bought.items()]
            keep_events(db, [*told, brought(f"b{kill}", gone, (0, bought[gone]))], NOW)
            _run_until_killed(database_url, chance.randrange(MOST_STATEMENTS), tmp_path)
            entries = [entry for _, entry in entries_of(db, who.member_id, limit=1_000)]
            seen.append(sum(entry.kind == EntryKind.PURCHASE for entry in entries))
            assert prove(db).holds
        assert 0 < seen[KILLS // 2] < len(amounts), "the kills must come amid the work for this test to mean anything"
        earn(db)
        assert earn(db) == 0
        kept = sum(minor for name, minor in amounts.items() if not name.endswith("-0")) // 100
        assert points(db, who.member_id) == Balance(kept, 0)
        kinds = [entry.kind for _, entry in entries_of(db, who.member_id, limit=1_000)]
        assert (kinds.count(EntryKind.PURCHASE), kinds.count(EntryKind.RETURN)) == (len(amounts), KILLS)
        assert prove(db).holds
    finally:
        db.close()


def _run_until_killed(url: str, statements: int, folder: Path) -> None:
    out = folder / "job"
    job = Rayon(url, str(statements), out=out, cwd=Path.cwd(), program=JOB)
    try:
        assert job.wait(60) == -signal.SIGKILL, out.read_text("utf-8")
    finally:
        job.kill()
