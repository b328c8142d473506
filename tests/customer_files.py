"""A customer file of our own over TLS: writes down what it is told, and answers as it is bidden."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.brokers import free_port
from tests.clocks import patience_s
from tests.push_services import make_certificate

NO_GZIP = b"<html>"  # the body of an answer that says it has an encoding
HANG = 0
"""In place of a status: no answer comes."""


@dataclass(frozen=True)
class Told:
    """One call as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class CustomerFile:
    """`with CustomerFile(folder) as file:` listens; `answers` are (status, headers) in place of the next 200s, and
    `refused` are texts: a body with one of them is answered with 422 (calls for several shoppers come in any order)."""

    folder: Path
    told: list[Told] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    refused: set[bytes] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)  # paths on which no answer comes

    def __enter__(self) -> CustomerFile:
        self.port = free_port()
        self.ca_file = make_certificate(self.folder)
        methods = ["GET", "POST", "DELETE", "PUT"]
        settings = uvicorn.Config(
            Starlette(routes=[Route("/{path:path}", self._answer, methods=methods)]),
            port=self.port,
            log_config=None,
            ssl_certfile=str(self.ca_file),
            ssl_keyfile=str(self.folder / "push-key.pem"),
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._over = threading.Event()
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        began = time.monotonic()
        while not self._server.started:
            assert time.monotonic() - began < patience_s(60)
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.should_exit = True
        self._thread.join(60)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://localhost:{self.port}"

    async def _answer(self, request: Request) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        body = await request.body()
        if any(text in body for text in self.refused):
            status = 422
        self.told.append(Told(request.method, path, dict(request.headers), body))
        while (status == HANG or path in self.deaf) and not self._over.is_set():
            await asyncio.sleep(0.02)
        return Response(NO_GZIP if "Content-Encoding" in headers else b"", status or 200, headers)
