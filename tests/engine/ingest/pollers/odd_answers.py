"""A controller that answers what it is told to, byte for byte, by path."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """`drip_s` is the pause before each byte of the body."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = {}
    drip_s: float = 0.0


@contextmanager
def answering(answers: Mapping[str, Answer]) -> Iterator[str]:
    """Its address. A path that is not told of answers 404."""

    class Odd(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer()

        def _answer(self) -> None:
            said = answers.get(self.path.partition("?")[0], Answer(b"", 404))
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            for piece in [said.body] if not said.drip_s else [bytes([byte]) for byte in said.body]:
                time.sleep(said.drip_s)
                try:
                    self.wfile.write(piece)
                except OSError:
                    return  # the caller has enough

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
