"""What came before is known, to every process, for a week; and what is compressed is looked into with care."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from pathlib import Path

import pytest

from api.controllers.replays import SeenMessages
from engine.errors import StorageUnavailable
from engine.ingest.decoders.bodies import MAX_BODY
from engine.ingest.decoders.inflate import InflatesTooFar, inflate
from engine.storage.database import Database, open_database
from engine.storage.once.received import KEEP_S, claim_messages, purge_messages
from tests.databases import new_sqlite

KEY, NOW = b"the site's", 1_795_860_000.0


def ask(seen: SeenMessages, *asked: tuple[str, bytes], now: float = NOW) -> list[bool]:
    async def all_at_once() -> list[bool]:
        return list(await asyncio.gather(*(seen.is_new(source, body, now) for source, body in asked)))

    return asyncio.run(all_at_once())


def test_the_same_body_is_new_once(db: Database) -> None:
    seen = SeenMessages(db, KEY)
    assert ask(seen, ("a", b"x"), ("a", b"y")) == [True, True]
    assert ask(seen, ("a", b"x"), ("b", b"x"), now=NOW + 3600.0) == [False, True], "another source's is another"


def test_of_many_equal_ones_at_once_one_is_new(db: Database) -> None:
    assert sorted(ask(SeenMessages(db, KEY), *[("a", b"x")] * 20)) == [False] * 19 + [True]


def test_every_process_knows_it_and_after_a_restart_too(db: Database) -> None:
    assert ask(SeenMessages(db, KEY), ("a", b"x")) == [True]
    assert ask(SeenMessages(db, KEY), ("a", b"x")) == [False]


def test_one_that_was_not_taken_may_come_again(db: Database) -> None:
    seen = SeenMessages(db, KEY)
    ask(seen, ("a", b"x"))
    asyncio.run(seen.forget("a", b"x"))
    assert ask(seen, ("a", b"x")) == [True]


def test_what_is_kept_is_bounded_in_time_and_number(db: Database) -> None:
    for k in range(10):
        claim_messages(db, [bytes([k])], NOW + k)
    assert purge_messages(db, NOW + 9, most=4) == 6
    assert claim_messages(db, [bytes([k]) for k in range(10)], NOW + 9) == [True] * 6 + [False] * 4
    assert purge_messages(db, NOW + KEEP_S + 8.5) == 3
    assert purge_messages(db, NOW + KEEP_S + 100) == 7


def test_a_database_that_is_away_is_said_to_everybody_who_asks(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    db.close()
    (tmp_path / "rayon.db").unlink()
    (tmp_path / "rayon.db").mkdir()
    with pytest.raises(StorageUnavailable):
        ask(SeenMessages(db, KEY), ("a", b"x"), ("a", b"y"))


@pytest.mark.parametrize("make", [gzip.compress, zlib.compress])
def test_bodies_inflate_to_what_they_were(make: object) -> None:
    kind = "gzip" if make is gzip.compress else "deflate"
    assert inflate(make(b"body"), kind) == b"body"  # type: ignore[operator]


def test_a_bomb_is_found_before_it_goes_off() -> None:
    with pytest.raises(InflatesTooFar):
        inflate(gzip.compress(b"0" * (MAX_BODY + 1)), "gzip")
    with pytest.raises(ValueError, match="ends within"):
        inflate(gzip.compress(b"body")[:-9], "gzip")


def test_several_gzips_one_after_another_are_one_body() -> None:
    parts = [b"one ", b"two ", b"three"]
    assert inflate(b"".join(map(gzip.compress, parts)), "gzip") == b"one two three"
    assert inflate(gzip.compress(b"tape") + bytes(512), "gzip") == b"tape"


@pytest.mark.parametrize(
    "behind", [b"more", gzip.compress(b"x")[:-3], gzip.compress(b"") * 100], ids=["text", "torn", "many empty"]
)
def test_what_follows_a_gzip_and_is_none_is_refused(behind: bytes) -> None:
    with pytest.raises(ValueError, match="gzip"):
        inflate(gzip.compress(b"one") + behind, "gzip")


def test_members_that_are_small_each_and_large_together_are_too_large() -> None:
    with pytest.raises(InflatesTooFar):
        inflate(gzip.compress(b"0" * (MAX_BODY // 2)) * 2 + gzip.compress(b"1"), "gzip")
