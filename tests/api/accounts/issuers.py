"""An OpenID Connect issuer on this machine: discovery, keys, and a token endpoint that checks PKCE and the secret."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT, SECRET = "rayon", "secret-of-the-client"


class Issuer:
    """What it says next is in `claims` (changes of an ID token that is right) and `key` (which signs it)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.public = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"})
        self.key: Any = self.public
        self.claims: dict[str, Any] = {}
        self.asked: dict[str, str] = {}

    def send(self, location: str) -> dict[str, str]:
        """A browser comes with what our site asked for; what it brings back."""
        assert location.startswith(f"{self.url}/authorize?")
        self.asked = dict(parse_qsl(urlsplit(location).query))
        return {"state": self.asked["state"], "code": "a-code"}

    def answer(self, path: str, body: str, authorization: str) -> dict[str, Any] | None:
        """The JSON of a request; None for 400."""
        if path == "/.well-known/openid-configuration":
            paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            return {"issuer": self.url} | {name: f"{self.url}/{where}" for name, where in paths.items()}
        if path == "/keys":
            return {"keys": [self.public.as_dict(private=False)]}
        form = {name: values[0] for name, values in parse_qs(body).items()}
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if client != f"{CLIENT}:{SECRET}" or proof != self.asked["code_challenge"] or form["code"] != "a-code":
            return None
        return {"access_token": "access", "token_type": "Bearer", "id_token": self._token()}

    def _token(self) -> str:
        now = int(time.time())
        right = {"iss": self.url, "sub": "s-1", "aud": CLIENT, "iat": now, "exp": now + 300,
                 "nonce": self.asked["nonce"], "email": "Ana@example.org", "email_verified": True}  # fmt: skip
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.key)


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that answers until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(made.answer(urlsplit(self.path).path, "", ""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(made.answer(urlsplit(self.path).path, body, self.headers.get("Authorization", "")))

        def _say(self, said: dict[str, Any] | None) -> None:
            self.send_response(400 if said is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said or {"error": "invalid_grant"}).encode())

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
