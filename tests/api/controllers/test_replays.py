"""What came before is known for a quarter of an hour, and no longer."""

from __future__ import annotations

import gzip
import zlib

import pytest

from api.controllers.inflate import LARGEST, InflatesTooFar, inflate
from api.controllers.replays import MOST, WINDOW_S, SeenMessages


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
        inflate(gzip.compress(b"0" * (LARGEST + 1)), "gzip")
    with pytest.raises(ValueError, match="ends within"):
        inflate(gzip.compress(b"body")[:-9], "gzip")
