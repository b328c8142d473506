"""Recorded messages from files: a body as it came, its topic and headers beside it, or a whole HTTP request."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import typer

from engine.errors import OperatorError, Problem
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.inflate import DamagedBody, InflatesTooFar, inflate

NOT_KNOWN = math.nan
"""When a recording was received. What is stale in it is then judged against the newest time that it holds."""

FRAMES = ".jsonl"
_MAX_BYTES = 64 * 1024 * 1024  # far more than any decoder takes; below it the decoder says what it makes of the size
_REQUEST_LINE = re.compile(rb"(GET|HEAD|POST|PUT) (\S+) HTTP/\d(?:\.\d)?\r?\n")
_CHUNK = re.compile(rb"(?:\r\n)?([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\Z")


class _Frame(msgspec.Struct):
    topic: str
    received_at: float
    payload: str = ""
    payload_base64: bytes | None = None


_FRAMES = msgspec.json.Decoder(_Frame)


def read_message(file: Path, topic: str | None, headers: Path | None, received_at: float) -> VendorMessage:
    """One message. Topic and headers are those of the files NAME.topic and NAME.headers beside it where they are not
    given. Raises OperatorError where a file cannot be read."""
    body = _read(file)
    given_topic = _beside(file, ".topic") if topic is None else topic.encode()
    lines = _beside(file, ".headers") if headers is None else _read(headers)
    method, target = "POST", ""
    request = _REQUEST_LINE.match(body)
    if request:
        method, target = request[1].decode(), request[2].decode("latin-1")
        end = _END_OF_HEADERS.search(body, request.end() - 1)
        assert end is not None  # the end of the body is one
        lines = body[request.end() : end.start()] + b"\n" + lines
        body = body[end.end() :]
    where = given_topic.decode("utf-8", "replace").strip()
    said = parse_headers(lines)
    return VendorMessage(_plain(body, said, file), received_at, where, said, method, target)


def _plain(body: bytes, headers: Mapping[str, str], file: Path) -> bytes:
    """The body as a receiver hands it on: chunks put together, inflated. Recorders that did so themselves keep the
    headers all the same; what is not as they say is taken as it is, and said."""
    if headers.get("transfer-encoding", "").lower().endswith("chunked"):
        body = _join_chunks(body)
    encoding = headers.get("content-encoding", "")
    try:
        return inflate(body, encoding)
    except DamagedBody as error:
        typer.echo(f"{file}: {error}: taken as it is, though its Content-Encoding is {encoding}", err=True)
    except InflatesTooFar:
        typer.echo(f"{file}: inflates to more than a receiver takes: taken as it is", err=True)
    return body


def _join_chunks(body: bytes) -> bytes:
    """The chunks of RFC 9112, 7.1, without their sizes; the body itself where it is none of chunks."""
    parts: list[bytes] = []
    at = 0
    while head := _CHUNK.match(body, at):
        size, at = int(head[1], 16), head.end()
        if size == 0:
            return b"".join(parts)
        parts.append(body[at : at + size])
        at += size
    return body


def read_messages(file: Path, topic: str | None, headers: Path | None, received_at: float) -> list[VendorMessage]:
    """The messages of a file: one, or the frames of a `.jsonl` as `rayon simulate --frames` writes them. Raises
    OperatorError where a file cannot be read."""
    frames = _frames(_read(file), received_at) if file.suffix == FRAMES else []
    return frames or [read_message(file, topic, headers, received_at)]


def _frames(lines: bytes, received_at: float) -> list[VendorMessage]:
    """Empty where a line is no frame: then the file is one message, which has lines itself."""
    try:
        frames = _FRAMES.decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [
        VendorMessage(
            frame.payload.encode() if frame.payload_base64 is None else frame.payload_base64,
            frame.received_at if math.isnan(received_at) else received_at,
            frame.topic,
        )
        for frame in frames
    ]


def parse_headers(lines: bytes) -> Mapping[str, str]:
    """`Name: value` a line, by lower-case name; lines of any other form say nothing."""
    pairs = (line.partition(":") for line in lines.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _beside(file: Path, suffix: str) -> bytes:
    sidecar = file.with_suffix(suffix)
    return _read(sidecar) if sidecar != file and sidecar.is_file() else b""


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise OperatorError([Problem(str(file), "size", f"more than {_MAX_BYTES} bytes", "is it one message?")])
        return file.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OperatorError(
            [Problem(str(file), "file", f"cannot be read: {reason}", "give a recorded message")]
        ) from None
