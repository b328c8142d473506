"""Small controllers on real sockets, that answer as theirs do."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

CLIENT = {"mac": "02:00:5e:00:53:01", "ap_mac": "00:00:5e:00:53:a0", "signal": -61}
USER, PASSWORD, API_KEY = "rayon", "only-looks", "key-of-the-api"


class Controller(BaseHTTPRequestHandler):
    """UniFi console, Omada controller, a stream of lines, and one that is always ill, by path."""

    asked: ClassVar[Counter[str]] = Counter()
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Every question but a sign-in."""
        parts = urlsplit(self.path)
        Controller.asked[parts.path] += 1
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        if parts.path == "/proxy/network/api/s/default/stat/sta":
            signed_in = "TOKEN=let-in" in self.headers.get("Cookie", "")
            self._say({"meta": {"rc": "ok"}, "data": [CLIENT]} if signed_in else {}, 200 if signed_in else 401)
        elif parts.path.startswith("/proxy/network/integration/"):
            self._page(int(query["offset"]))
        elif parts.path == "/api/info":
            self._say({"errorCode": 0, "result": {"omadacId": "c0ffee"}})
        elif parts.path == "/c0ffee/api/v2/sites/Default/clients":
            good = self.headers.get("Csrf-Token") == "token-of-omada"
            page = {"totalRows": 1, "currentPage": 1, "currentSize": 200, "data": [{"mac": "02-00-5E-00-53-01"}]}
            self._say({"errorCode": 0, "result": page} if good else {"errorCode": -1200, "msg": "login first"})
        elif parts.path == "/stream":
            self._stream()
        else:
            self._say({"message": "ill"}, 500)

    def do_POST(self) -> None:
        """Signing in."""
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Controller.asked[self.path] += 1
        right = said == {"username": USER, "password": PASSWORD}
        if self.path == "/api/auth/login":
            self._say({}, 200 if right else 401, {"Set-Cookie": "TOKEN=let-in; Path=/"} if right else {})
        else:
            self._say({"errorCode": 0, "result": {"token": "token-of-omada"}} if right else {"errorCode": -30109})

    def _page(self, offset: int) -> None:
        if self.headers.get("X-API-KEY") != API_KEY:
            self._say({"statusCode": 401}, 401)
            return
        rows = [{"type": "WIRELESS", "macAddress": f"02:00:5e:00:53:{offset + k:02x}"} for k in range(2)]
        self._say({"offset": offset, "limit": 2, "count": 2, "totalCount": 4, "data": rows})

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for k in range(3):
            self.wfile.write(json.dumps({"eventType": "KEEP_ALIVE", "recordUid": f"r{k}"}).encode() + b"\n")
            self.wfile.flush()
            time.sleep(0.01)

    def _say(self, said: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Running:
    """A controller that listens on a free port."""

    def __enter__(self) -> str:
        Controller.asked.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Controller)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
