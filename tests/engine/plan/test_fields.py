"""Single values of a plan: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.plan.fields import (
    Field,
    JsonObject,
    Read,
    choice,
    closest,
    flag,
    number,
    optional,
    read_object,
    refuse_unknown,
    show,
    text,
    whole,
)
from engine.plan.findings import Findings, WrongValueError


def refused(read: Read, value: Any) -> tuple[str, str]:
    with pytest.raises(WrongValueError) as caught:
        read(value)
    return caught.value.reason, caught.value.fix


def test_numbers_reach_from_bound_to_bound() -> None:
    read = number(-1.5, 4)
    assert [read(v) for v in (-1.5, 0, 4)] == [-1.5, 0.0, 4.0]
    assert isinstance(read(4), float)
    right = "a number from -1.5 to 4"
    assert refused(read, 4.001) == ("4.001 is out of range", right)
    assert refused(read, -1.6) == ("-1.6 is out of range", right)
    assert refused(read, "3") == ("'3' is not a number", right)
    assert refused(read, True) == ("True is not a number", right)
    assert refused(read, math.inf) == ("inf is not a finite number", right)
    assert refused(number(0, 1, "metres"), math.nan) == ("nan is not a finite number", "metres")


def test_whole_numbers_have_no_point() -> None:
    read = whole(0, 3)
    assert [read(v) for v in (0, 3)] == [0, 3]
    for value in (2.0, "2", False):
        assert refused(read, value) == (f"{value!r} is not a whole number", "a whole number from 0 to 3")
    for value in (-1, 4):
        assert refused(read, value) == (f"{value} is out of range", "a whole number from 0 to 3")


def test_text_is_one_line_of_so_many_characters() -> None:
    read = text(at_most=5)
    assert [read(v) for v in ("a", "abcde", " é ")] == ["a", "abcde", " é "]
    assert refused(read, 5) == ("5 is not text", 'write it in quotes, like "abc"')
    assert refused(read, "  ") == ("is empty", "give 1 to 5 characters")
    assert refused(read, "abcdef") == ("has 6 characters", "at most 5")
    for bad in ("a\nb", "a\x00", "\x7fa", "a\u2028b", "\ud800"):
        assert refused(read, bad)[1] == "one line of plain text"
    formed = text(pattern="[a-z]+", like="abc")
    assert formed("xyz") == "xyz"
    assert refused(formed, "xyz1") == ("'xyz1' is not of the form [a-z]+", 'like "abc"')
    assert text()("a" * 200) == "a" * 200
    assert refused(text(), "a" * 201)[0] == "has 201 characters"


def test_flags_and_choices() -> None:
    assert (flag(True), flag(False)) == (True, False)
    assert refused(flag, 1) == ("1 is neither true nor false", "true or false, without quotes")
    read = choice("stairs", "elevator")
    assert read("stairs") == "stairs"
    assert refused(read, "stair") == ("'stair' is not known here", "did you mean 'stairs'?")
    assert refused(read, "zzz") == ("'zzz' is not known here", "one of: elevator, stairs")
    assert refused(read, None)[0] == "None is not known here"


def test_long_values_are_cut_where_they_are_shown() -> None:
    assert show("a" * 38) == repr("a" * 38)  # forty with its quotes
    assert show("a" * 39) == "'" + "a" * 36 + "..."
    assert len(show(list(range(99)))) == 40
    assert closest("stiars", ["stairs", "wall"]) == "did you mean 'stairs'?"


FIELDS = {"id": Field(text()), "z_m": Field(number(0, 9)), "note": optional(text(), "none")}


def test_an_object_is_read_whole_or_all_its_mistakes_are_told() -> None:
    findings = Findings("plan")
    assert read_object({"id": "a", "z_m": 2}, FIELDS, "ap", findings) == {"id": "a", "z_m": 2.0, "note": "none"}
    assert read_object({"id": "a", "z_m": 2, "note": "x"}, FIELDS, "ap", findings) is not None
    assert findings.errors == []
    assert read_object({"z_m": 10, "nota": "x"}, FIELDS, "ap", findings) is None
    assert [(p.file, p.place, p.reason, p.fix) for p in findings.errors] == [
        ("plan", "ap.nota", "this key is not known", "remove it, or did you mean 'note'?"),
        ("plan", "ap.id", "is missing", "this key is required"),
        ("plan", "ap.z_m", "10 is out of range", "a number from 0 to 9"),
    ]
    findings = Findings("plan")
    assert read_object([1], FIELDS, "ap", findings) is None
    assert [(p.reason, p.fix) for p in findings.errors] == [("[1] is not an object", '{"id": …, "z_m": …, "note": …}')]


def test_an_earlier_mistake_is_not_an_objects_own() -> None:
    findings = Findings("plan")
    findings.wrong("elsewhere", "is wrong")
    assert read_object({"id": "a", "z_m": 2}, FIELDS, "ap", findings) is not None


def test_a_key_twice_is_told_once_for_each_time_too_many() -> None:
    made = JsonObject.from_pairs([("a", 1), ("b", 2), ("a", 3), ("a", 4)])
    assert made == {"a": 4, "b": 2}
    assert made.twice == ("a", "a")
    assert JsonObject.from_pairs([("a", 1)]).twice == ()
    findings = Findings("plan")
    refuse_unknown(made, ["a", "b"], "x", findings)
    assert [(p.place, p.reason, p.fix) for p in findings.errors] == [("x.a", "this key is given twice", "keep one")] * 2
    refuse_unknown(JsonObject.from_pairs([("\x07", 1)]), ["a"], "x", findings)
    assert findings.errors[-1].place == "x.'\\x07'"


def test_warnings_are_not_errors() -> None:
    findings = Findings("plan")
    findings.odd("here", "is odd", "look")
    assert findings.errors == []
    assert [(p.file, p.place, p.reason, p.fix) for p in findings.warnings] == [("plan", "here", "is odd", "look")]
