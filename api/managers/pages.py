"""Where the managers' pages are attached: /manage, behind the managers' door, with NiceGUI started by the first visit.

NiceGUI keeps its state in module globals: one per process. It is imported and started only when a manager comes, so
that an application that nobody visits (most of the tests, the two halves of a site) never carries it; and it belongs to
one application at a time, which gives it back when its server stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import threading
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import cookie_grant
from api.context import AppContext
from api.managers.reports import SCOPE_KEY, Reports
from api.middleware.origin import origin_host
from api.pages import language_headers, page
from api.problems import problem_page
from api.texts.language import language
from engine.errors import StorageUnavailable
from engine.vocabulary import ProblemCode

PREFIX = "/manage"
RECONNECT_S = 10.0  # a page that lost its connection for less goes on where it was
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; form-action 'self'; base-uri 'self'; "
    "frame-ancestors 'none'"
)
"""NiceGUI writes its scripts and styles into the page and compiles templates there; nothing comes from elsewhere."""
_MARK = Path(__file__).parents[1] / "static" / "mark.svg"


class ManagerPages:
    """ASGI application of everything under /manage."""

    _owner: ManagerPages | None = None
    _owning = threading.Lock()

    def __init__(self, app: FastAPI, ctx: AppContext) -> None:
        self._app = app
        self._ctx = ctx
        self._starting: asyncio.Lock | None = None
        self._running: contextlib.AsyncExitStack | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "websocket" and not await run_in_threadpool(self._may_connect, scope):
            return _refuse_socket
        if importlib.util.find_spec("nicegui") is None:
            return page(Request(scope), "manager_pages_missing.html", 501)
        if not self._own():
            return problem_page(Request(scope), 503, ProblemCode.NICEGUI_BUSY)  # one site per process
        await self._start()
        state = self._app.state
        if not hasattr(state, "reports"):
            state.reports = Reports(self._ctx)
        scope[SCOPE_KEY] = state.reports
        return _says_its_language(_nicegui())

    def _may_connect(self, scope: Scope) -> bool:
        """The door in front looks at requests only; a page's socket needs the same cookie, and our own origin."""
        request = Request({**scope, "type": "http", "method": "GET"})
        origin = origin_host(request.headers.get("origin", ""))
        ours = {request.headers.get("host", "").lower(), urlsplit(self._ctx.public_url).netloc.lower()}
        try:
            return cookie_grant(self._ctx, request) is not None and origin in ours
        except StorageUnavailable:
            return False  # the page tries again by itself

    def _own(self) -> bool:
        with ManagerPages._owning:
            if ManagerPages._owner is None:
                ManagerPages._owner = self
            return ManagerPages._owner is self

    async def start_early(self) -> None:
        """Starts NiceGUI before anybody visits, where it is installed.

        Its start walks every object of the garbage collector. While another thread of the process builds a tuple from
        a generator, that makes CPython fail there (`SystemError: bad argument to internal function`, in
        `_PyTuple_Resize`). So a process that also runs the engine starts these pages first.
        """
        if importlib.util.find_spec("nicegui") is not None and self._own():
            await self._start()

    async def _start(self) -> None:
        """Starts NiceGUI in the running loop, once."""
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._running is None:
                stack = contextlib.AsyncExitStack()
                host = await asyncio.to_thread(_nicegui)  # importing takes a second: coupons go on meanwhile
                await stack.enter_async_context(host.router.lifespan_context(host))
                self._running = stack

    async def stop(self) -> None:
        """Stops NiceGUI if this application had started it, and leaves it to the next one."""
        if self._running is not None:
            await self._running.aclose()
            self._running = self._starting = None
        with ManagerPages._owning:
            if ManagerPages._owner is self:
                ManagerPages._owner = None


def _says_its_language(app: ASGIApp) -> ASGIApp:
    """The same application, whose pages say in their headers which language they are in, as all our pages do."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                    headers["Cache-Control"] = "no-store"
                if headers.get("content-type", "").startswith("text/html") and "content-language" not in headers:
                    headers.update(language_headers(language(Request(scope))))
            await send(message)

        await app(scope, receive, with_language)

    return answer


async def _refuse_socket(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4401, "reason": "sign in at /manage"})


@cache
def _nicegui() -> FastAPI:
    """The application that NiceGUI runs in, with our pages in it. One per process, however often it is started."""
    from nicegui import ui

    import api.managers.board  # noqa: F401  registers the pages

    host = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    ui.run_with(
        host,
        title="Rayon",
        favicon=_MARK.read_text(encoding="utf-8"),
        tailwind=False,
        reconnect_timeout=RECONNECT_S,
        show_welcome_message=False,
    )
    return host


def mount(app: FastAPI, ctx: AppContext) -> None:
    """Attaches the managers' pages at /manage. They start at the first visit, or with `app.state.start_pages`."""
    pages = ManagerPages(app, ctx)
    app.mount(PREFIX, pages)
    inner = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[Any]:
        async with inner(served) as state:
            try:
                if getattr(served.state, "start_pages", False):
                    await pages.start_early()
                yield state
            finally:
                await pages.stop()

    app.router.lifespan_context = lifespan
