"""How many entries of the points ledger a database takes: each a transaction of its own, from several writers."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from api.cli.bench.paired import figures_of
from engine.loyalty.ledger import PROGRAMME, earn
from engine.storage.database import Database, open_database
from engine.storage.loyalty.ledger import post
from engine.vocabulary import EntryKind

WRITERS = 8
MEMBERS = 500
ROUNDS = 3


def measure_ledger(seconds: float, url: str | None = None) -> dict[str, Any]:
    """Entries a second in a new SQLite file in the folder for temporary files, where a commit waits for the disk; and
    in the empty database at `url`, if there is one. Median and range of rounds."""
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure("ledger_sqlite_writes_per_s", f"sqlite:///{Path(folder) / 'rayon.db'}", seconds)
    return figures if url is None else figures | _measure("ledger_postgresql_writes_per_s", url, seconds)


def _measure(name: str, url: str, seconds: float) -> dict[str, Any]:
    db = open_database(url)
    try:
        rates = np.array([_rate(db, n, seconds / ROUNDS) for n in range(ROUNDS)])
    finally:
        db.close()
    return figures_of(name, rates)


def _rate(db: Database, number: int, seconds: float) -> float:
    """Entries a second that all writers together had written."""
    written, start = [0] * WRITERS, time.perf_counter()
    run = f"{start}.{number}"

    def write(writer: int) -> None:
        while not written[writer] or time.perf_counter() - start < seconds:
            n = written[writer]
            member = f"bench-{(writer * 61 + n) % MEMBERS}"
            key = f"bench:{run}:{writer}:{n}"
            post(db, earn(key, PROGRAMME, EntryKind.PURCHASE, member, 10, float(n)))
            written[writer] = n + 1

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(written) / (time.perf_counter() - start)
