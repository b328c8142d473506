"""Headers that every response carries: no sniffing, no leaking addresses, no cache of what is personal."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SafeHeaders:
    """ASGI middleware. Behind TLS browsers are told to stay there. `same-origin` keeps addresses from other sites, and
    keeps Origin on our own forms."""

    def __init__(self, app: ASGIApp, always_https: bool = False) -> None:
        self._app = app
        self._always_https = always_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure = self._always_https or scope.get("scheme") == "https"  # as a proxy that is trusted says
        personal = scope["path"].startswith("/v1/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("X-Frame-Options", "DENY")
                if secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                if personal:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)
