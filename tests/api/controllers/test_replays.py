"""What came before is known for a quarter of an hour, and no longer."""

from __future__ import annotations

import gzip
import zlib

import pytest

from api.controllers.inflate import InflatesTooFar, inflate
from api.controllers.replays import MOST, WINDOW_S, SeenMessages
from engine.ingest.decoders.bodies import MAX_BODY


def test_the_same_body_is_new_once_and_again_after_the_window() -> None:
    seen = SeenMessages()
    assert seen.is_new("a", b"x", 0.0)
    assert not seen.is_new("a", b"x", WINDOW_S)
    assert seen.is_new("b", b"x", WINDOW_S), "another source's"
    assert seen.is_new("a", b"x", WINDOW_S + 1.0)


def test_one_that_was_not_taken_may_come_again() -> None:
    seen = SeenMessages()
    seen.is_new("a", b"x", 0.0)
    seen.forget("a", b"x")
    assert seen.is_new("a", b"x", 1.0)


def test_memory_is_bounded() -> None:
    seen = SeenMessages()
    for k in range(MOST + 10):
        seen.is_new("a", str(k).encode(), 0.0)
    assert len(seen._seen) == MOST


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
