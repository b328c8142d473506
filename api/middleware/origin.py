"""Refuses writes that a page of another site makes with our cookies.

SameSite=Lax already keeps our cookies off such writes; this is the second lock, by the headers that every browser
sends and no script can forge: Sec-Fetch-Site where present, else Origin against Host. A caller that sends neither is no
browser (a till, a script) and carries no cookie it was tricked into sending.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import for_reader, problem
from engine.vocabulary import ProblemCode

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FROM_ELSEWHERE = "from_elsewhere"
"""In a request's state: a page of another site made it. Where captive portals may send forms it shows a page, and
writes nothing."""
_TAKES_FORMS = re.compile(r"/w/[^/]+/?")


def origin_host(origin: str) -> str | None:
    """The host, and port where it says one, of an `Origin`, in lower case; None where it is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


class SameOrigin:
    """ASGI middleware. `public_url` is ours too: what the browser sees may not be the Host that a proxy passes on."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public_host = urlsplit(public_url).netloc.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] not in SAFE_METHODS
            and not self._is_allowed(Headers(scope=scope))
        ):
            if scope["method"] == "POST" and _TAKES_FORMS.fullmatch(scope["path"]):
                scope.setdefault("state", {})[FROM_ELSEWHERE] = True
                await self._app(scope, receive, send)
                return
            refusal = problem(403, ProblemCode.CROSS_ORIGIN, "this write came from a page of another site")
            await for_reader(Request(scope), refusal, ProblemCode.CROSS_ORIGIN)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_allowed(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            return True
        return origin_host(origin) in (headers.get("host", "").lower(), self._public_host)
