"""A raw Mist webhook, which holds no time, was taken once more by another process of the site, or after a restart: what
was known of messages lived in one process, for a quarter of an hour.

Input: the same signed body, to two processes of one site, at once, an hour and six days later. Right: taken once.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from api.controllers.replays import SeenMessages
from engine.storage.database import open_database
from tests.databases import new_sqlite

DAY_S, NOW = 86_400.0, 1_795_860_000.0


def test_it_is_taken_once(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "rayon.db")
    one, other = open_database(url), open_database(url)
    answers = [
        asyncio.run(SeenMessages(db, b"key of the site").is_new("mist", b"body", NOW + later_s))
        for later_s, db in ((0.0, one), (0.0, other), (3600.0, one), (6 * DAY_S, other))
    ]
    one.close()
    other.close()
    assert answers == [True, False, False, False]
