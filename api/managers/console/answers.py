"""Answers that a program asks for again and again: an ETag each, and 304 where it still holds (RFC 9110, 13.1.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from api.tagged import KEPT, VARY, still_holds


def answer_tagged(
    request: Request,
    etag: str | None,
    make: Callable[[], bytes],
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    """What `make` gives, under its tag; 304 for who has that already, and nothing is made. Without a tag the digest of
    what was made is one."""
    body = None
    if etag is None:
        body = make()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    said = {"ETag": etag, "Cache-Control": KEPT, "Vary": VARY, **(headers or {})}
    if still_holds(request, etag):
        return Response(status_code=304, headers=said)
    return Response(make() if body is None else body, media_type=media_type, headers=said)


def json_bytes(value: Any) -> bytes:
    """What JSON can say."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
