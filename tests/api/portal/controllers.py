"""Small fakes of controllers, real HTTP on a free port: they answer as the vendors' do, and keep what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]
"""A status, and JSON, or text as it is."""


@dataclass
class Call:
    """One request that came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class FakeController:
    """Where it listens, what came, and how it answers: the first of `answers` whose beginning of the path fits."""

    answers: dict[str, Answer | Callable[[Call], Answer]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    cookies: str = ""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [call.path for call in self.calls]

    def answer(self, call: Call) -> Answer:
        """What this request gets; 404 where nothing is laid down for it."""
        self.calls.append(call)
        for begin, answer in self.answers.items():
            if call.path.startswith(begin):
                return answer(call) if callable(answer) else answer
        return 404, {}


@contextmanager
def running(controller: FakeController) -> Iterator[FakeController]:
    """The controller, listening."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            is_json = self.headers.get("content-type", "").startswith("application/json")
            form = {name: values[0] for name, values in parse_qs(raw, keep_blank_values=True).items()}
            body = json.loads(raw) if raw and is_json else form
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said = controller.answer(Call(self.command, parts.path, query, headers, body))
            location = said if status in (302, 303) else ""
            text = said if isinstance(said, str) else json.dumps(said)
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            if controller.cookies:
                self.send_header("Set-Cookie", controller.cookies)
            kind = "text/html" if isinstance(said, str) else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests say what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    controller.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield controller
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
