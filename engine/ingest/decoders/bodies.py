"""Bodies as messages carry them: JSON that is nearly right, secrets, lists in which anything may stand."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import Decoded
from engine.vocabulary import RecordRefusal

MAX_BODY = 8 * 1024 * 1024  # bytes, of receivers and pollers too: 5,000 phones of a cloud's minute are 5 MB
MAX_LINES = 20_000  # of one message; each costs time, even where it says nothing
_BOM = b"\xef\xbb\xbf"
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
"""Escapes of JSON, from left to right: an escaped backslash begins none. The group is half of a character beyond the
first 65,536, alone: no text can be written with it."""
_KINDS: Mapping[type, str] = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
_decode = msgspec.json.Decoder().decode

Json = Mapping[str, Any]
"""An object of a body. Nothing is known of its values."""


def checked_size(body: bytes) -> bytes:
    """The body. Raises MessageRefused `too_large`."""
    if len(body) > MAX_BODY:
        raise MessageRefused(RecordRefusal.TOO_LARGE, f"{len(body)} bytes, at most {MAX_BODY}")
    return body


def written_lines(lines: list[str]) -> list[str]:
    """Those that are not empty. Raises MessageRefused `too_large`."""
    written = [line for line in lines if line.strip()]
    if len(written) > MAX_LINES:
        raise MessageRefused(RecordRefusal.TOO_LARGE, f"{len(written)} lines, at most {MAX_LINES}")
    return written


def json_value(body: bytes) -> Any:
    """What a body says in JSON. `NaN`, a byte order mark and bytes that are no UTF-8 (network names have some) are
    taken, halves of characters replaced. Raises MessageRefused `not_json` or `too_large`."""
    try:
        return _decode(checked_size(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        text = body.removeprefix(_BOM).decode("utf-8", "replace")
        return json.loads(_ESCAPES.sub(_whole, text) if "\\u" in text else text)
    except (ValueError, RecursionError):
        raise MessageRefused(RecordRefusal.NOT_JSON) from None


def _whole(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape[1] else escape[0]


def json_object(body: bytes) -> Json:
    """As `json_value`. Raises MessageRefused `bad_shape` where it is no object."""
    value = json_value(body)
    if type(value) is not dict:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, f"a JSON {json_kind(value)}, not an object")
    return value


def json_kind(value: object) -> str:
    """What a JSON value is called in JSON."""
    return _KINDS.get(type(value), "number")


def child(parent: Json, key: str) -> Json:
    """The object under a key; an empty one where something else, or nothing, stands there."""
    value = parent.get(key)
    return value if type(value) is dict else {}


def objects(value: object, into: Decoded) -> Iterator[Json]:
    """The objects of a list. What else stands in it is counted as `bad_shape`; null is an empty list."""
    if value is None:
        return
    if type(value) is not list:
        into.refuse(RecordRefusal.BAD_SHAPE)
        return
    for item in value:
        if type(item) is dict:
            yield item
        else:
            into.refuse(RecordRefusal.BAD_SHAPE)


def check_secret(given: object, secret: str | None) -> None:
    """Compares in constant time; nothing is checked where no secret was told. Raises MessageRefused `bad_secret`."""
    if secret is None:
        return
    text = given.encode("utf-8", "replace") if isinstance(given, str) else b""
    if not hmac.compare_digest(text, secret.encode("utf-8", "replace")):
        raise MessageRefused(RecordRefusal.BAD_SECRET)
