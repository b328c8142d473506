"""Recorded messages from files: a body as it came, its topic and headers beside it, or a whole HTTP request."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.errors import OperatorError, Problem
from engine.ingest.decoders.heard import VendorMessage

NOT_KNOWN = math.nan
"""When a recording was received. What is stale in it is then judged against the newest time that it holds."""

FRAMES = ".jsonl"
_MAX_BYTES = 64 * 1024 * 1024  # far more than any decoder takes; below it the decoder says what it makes of the size
_REQUEST_LINE = re.compile(rb"(GET|HEAD|POST|PUT) (\S+) HTTP/\d(?:\.\d)?\r?\n")
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
    return VendorMessage(body, received_at, where, parse_headers(lines), method, target)


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
