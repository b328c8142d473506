"""Answers that a program asks for again and again: an ETag each, and 304 where it still holds (RFC 9110, 13.1.2)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fastapi import Request, Response

KEPT = "private, no-cache"
"""Kept by the one who asked, who asks each time whether it still holds."""


def tagged(request: Request, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """The body with its tag; 304 for who has it already."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    said = {"ETag": etag, "Cache-Control": KEPT, "Vary": "Accept-Language, Authorization, Cookie", **(headers or {})}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=said)
    return Response(body, media_type=media_type, headers=said)


def tagged_json(
    request: Request, value: Any, media_type: str = "application/json", headers: dict[str, str] | None = None
) -> Response:
    """The same of what JSON can say."""
    return tagged(request, json.dumps(value, ensure_ascii=False, allow_nan=False).encode(), media_type, headers)
