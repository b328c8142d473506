"""Answers to programs that ask again and again: each has an ETag; who has it already gets 304 (RFC 9110, 13.1.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

KEPT = "private, no-cache"
"""Kept by the one who asked, who asks each time whether it still holds."""
VARY = "Accept-Language, Authorization, Cookie"
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not Modified: the ETag that was sent holds."}}
_DIGEST_CHARS = 32


class TaggedRoute(APIRoute):
    """A route whose GETs are answered with an ETag: their own where they have one, else the digest of the body.

    What is private to the asker is asked for first: nothing is 304 that would not have been 200.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:
        if "GET" in (said.get("methods") or ()):
            said["responses"] = NOT_MODIFIED | (said.get("responses") or {})
        super().__init__(path, endpoint, **said)

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # as FastAPI documents it
        """FastAPI's, with the tag put to what comes out of it."""
        answer = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await answer(request)
            return _tag(request, response) if request.method == "GET" and response.status_code == 200 else response

        return tagged


def _tag(request: Request, response: Response) -> Response:
    body = getattr(response, "body", None)
    if not isinstance(body, bytes):
        return response  # a stream
    etag = response.headers.setdefault("ETag", f'"{hashlib.sha256(body).hexdigest()[:_DIGEST_CHARS]}"')
    response.headers.setdefault("Cache-Control", KEPT)
    response.headers.setdefault("Vary", VARY)
    if not still_holds(request, etag):
        return response
    kept = {name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")}
    return Response(status_code=304, headers=kept)


def still_holds(request: Request, etag: str) -> bool:
    """Whether whoever asks has this version already, by If-None-Match (RFC 9110, 13.1.2)."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in known or "*" in known
