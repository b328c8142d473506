"""Recorded messages on disk: a body alone, with its topic and headers beside it, or a whole HTTP request."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest

from api.cli.decode.messages import NOT_KNOWN, parse_headers, read_message, read_messages
from engine.errors import OperatorError


def test_topic_and_headers_lie_beside_the_body(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(b"{}")
    (tmp_path / "one.topic").write_text("a/b/c\n")
    (tmp_path / "one.headers").write_text("Content-Type: application/json\r\nno header\nX-Key:  a:b \n")
    message = read_message(tmp_path / "one.json", None, None, 7.0)
    assert (message.body, message.topic, message.received_at, message.method) == (b"{}", "a/b/c", 7.0, "POST")
    assert message.headers == {"content-type": "application/json", "x-key": "a:b"}
    given = read_message(tmp_path / "one.json", "d/e", None, 7.0)
    assert given.topic == "d/e"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_whole_request_is_taken_apart(tmp_path: Path, end: bytes) -> None:
    file = tmp_path / "request.txt"
    file.write_bytes(end.join([b"PUT /in/shop?x=1 HTTP/1.1", b"Host: rayon.example", b"", b'{"a":', b"1}"]))
    message = read_message(file, None, None, 0.0)
    assert (message.method, message.target, message.headers) == ("PUT", "/in/shop?x=1", {"host": "rayon.example"})
    assert message.body == b'{"a":' + end + b"1}"


def test_a_request_without_a_body_has_none(tmp_path: Path) -> None:
    (tmp_path / "get.txt").write_bytes(b"GET / HTTP/1.0\nHost: a")
    message = read_message(tmp_path / "get.txt", None, None, 0.0)
    assert (message.method, message.body, message.headers) == ("GET", b"", {"host": "a"})


def test_header_names_are_lower_case_and_values_keep_theirs() -> None:
    assert parse_headers(b"X-Mist-Signature-v2: AbC\n: nameless\n") == {"x-mist-signature-v2": "AbC", "": "nameless"}


@pytest.mark.parametrize("name", ["absent.json", "."])
def test_a_file_that_cannot_be_read_is_an_operator_s_mistake(tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorError, match="cannot be read"):
        read_message(tmp_path / name, None, None, 0.0)


def test_frames_of_a_simulation_are_messages_each(tmp_path: Path) -> None:
    file = tmp_path / "frames.jsonl"
    file.write_text(
        '{"received_at":5.5,"topic":"a/b","payload":"{\\"x\\":1}"}\n'
        '{"received_at":6.5,"topic":"c","payload_base64":"/wA="}\n'
    )
    messages = read_messages(file, None, None, NOT_KNOWN)
    assert [(m.topic, m.body, m.received_at) for m in messages] == [("a/b", b'{"x":1}', 5.5), ("c", b"\xff\0", 6.5)]
    assert read_messages(file, None, None, 7.0)[0].received_at == 7.0


@pytest.mark.parametrize("body", ['{"eventType":"KEEP_ALIVE"}\n{"eventType":"KEEP_ALIVE"}\n', "{", ""])
def test_other_lines_are_one_message(tmp_path: Path, body: str) -> None:
    (tmp_path / "stream.jsonl").write_text(body)
    (message,) = read_messages(tmp_path / "stream.jsonl", None, None, 7.0)
    assert message.body == body.encode()


def chunked(body: bytes, size: int = 7) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ("Content-Encoding: gzip", gzip.compress),
        ("content-encoding: deflate", zlib.compress),
        ("Transfer-Encoding: chunked", chunked),
        ("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", lambda body: chunked(gzip.compress(body))),
        ("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", bytes),  # put together by the recorder already
    ],
)
def test_a_body_is_what_a_receiver_hands_on(tmp_path: Path, headers: str, sent: object) -> None:
    body = b'{"a": [1, 2, 3], "b": "0123456789"}'
    packed = sent(body)  # type: ignore[operator]
    (tmp_path / "whole.txt").write_bytes(b"POST /in/a HTTP/1.1\r\n" + headers.encode() + b"\r\n\r\n" + packed)
    (tmp_path / "beside.bin").write_bytes(packed)
    (tmp_path / "beside.headers").write_text(headers)
    for name in ("whole.txt", "beside.bin"):
        assert read_message(tmp_path / name, None, None, 0.0).body == body


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"{}"), ("gzip", gzip.compress(b"{}", mtime=0)[:-3]), ("gzip", b"{}")],
    ids=["of another kind", "cut short", "plain"],
)
def test_a_body_that_is_not_as_its_headers_say_is_taken_as_it_is_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str, body: bytes
) -> None:
    (tmp_path / "one.bin").write_bytes(body)
    (tmp_path / "one.headers").write_text(f"Content-Encoding: {encoding}")
    assert read_message(tmp_path / "one.bin", None, None, 0.0).body == body
    assert f"taken as it is, though its Content-Encoding is {encoding}" in capsys.readouterr().err
