"""Bodies that are nearly JSON."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import (
    MAX_BODY,
    MAX_LINES,
    check_secret,
    child,
    json_object,
    json_value,
    objects,
    written_lines,
)
from engine.ingest.decoders.heard import Decoded


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "caf\xe9"}', {"a": "caf\ufffd"}),
        (b'{"a": Infinity}', {"a": math.inf}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        (rb'{"a": "x\ud800y"}', {"a": "x\ufffdy"}),
        (rb'{"a": "\ude00\ud800\ud83d\ude00"}', {"a": "\ufffd\ufffd\U0001f600"}),
        (rb'{"a": "\\ud800\udc00x\ud83d\ude00\\\udc00"}', {"a": "\\ud800\ufffdx\U0001f600\\\ufffd"}),
        (b"18446744073709551616", 18446744073709551616),
    ],
)
def test_nearly_json_is_read(body: bytes, value: Any) -> None:
    assert json_value(body) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"), (b"{", "not_json"), (b"[" * 100_000, "not_json"), (b"9" * 10_000, "not_json"),
        (b"{} {}", "not_json"), (b"-NaN", "not_json"), (b" " * (MAX_BODY + 1), "too_large"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(MessageRefused) as caught:
        json_value(body)
    assert caught.value.reason == reason


def test_an_object_is_asked_for() -> None:
    assert json_object(b"{}") == {}
    with pytest.raises(MessageRefused, match="bad_shape"):
        json_object(b"[]")
    assert child({"a": {"b": 1}}, "a") == {"b": 1}
    assert child({"a": [1]}, "a") == child({}, "a") == {}


def test_what_is_no_object_in_a_list_is_counted() -> None:
    decoded = Decoded()
    assert list(objects([{}, 1, None, {"a": 1}], decoded)) == [{}, {"a": 1}]
    assert list(objects(None, decoded)) == []
    assert list(objects({}, decoded)) == []
    assert decoded.refused == {"bad_shape": 3}


def test_lines_are_so_many_and_no_more() -> None:
    assert written_lines(["", "a", " "] * MAX_LINES) == ["a"] * MAX_LINES
    with pytest.raises(MessageRefused, match="too_large"):
        written_lines(["a"] * (MAX_LINES + 1))


def test_a_secret_is_the_whole_secret() -> None:
    check_secret("anything", None)
    check_secret("sécret", "sécret")
    for wrong in ("", "sécre", "sécret ", None, 7):
        with pytest.raises(MessageRefused, match="bad_secret"):
            check_secret(wrong, "sécret")


def test_nothing_of_a_phone_is_in_what_is_printed_by_mistake() -> None:
    decoded = Decoded(answer="a")
    assert repr(decoded) == "Decoded(0 readings, 0 positions, 0 sessions, refused={})"
