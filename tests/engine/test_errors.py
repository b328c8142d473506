"""All mistakes of several inputs at once."""

from __future__ import annotations

import pytest

from engine.errors import OperatorError, Problem, collect_problems


def refuse(*places: str) -> int:
    raise OperatorError([Problem("a file", place, "is wrong") for place in places])


def test_what_is_read_comes_back() -> None:
    with collect_problems() as collect:
        number = collect.read(lambda: 3)
        word = collect.read(lambda: "three")
    assert (number, word) == (3, "three")


def test_mistakes_of_all_readers_are_raised_together_after_the_last() -> None:
    seen: list[str] = []

    def read_all() -> None:
        with collect_problems() as collect:
            collect.read(lambda: refuse("first", "second"))
            seen.append(collect.read(lambda: "read all the same"))
            collect.read(lambda: refuse("third"))

    with pytest.raises(OperatorError) as caught:
        read_all()
    assert [p.place for p in caught.value.problems] == ["first", "second", "third"]
    assert seen == ["read all the same"]


def test_another_error_is_our_bug_and_comes_at_once() -> None:
    def read_all() -> None:
        with collect_problems() as collect:
            collect.read(lambda: refuse("hidden by the bug"))
            collect.read(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        read_all()
